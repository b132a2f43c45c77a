/* SPDX-License-Identifier: Apache-2.0
 *
 * The models, their arena and the input of the chosen one. An input of up to EI_INPUT_BYTES has
 * memory of its own and survives an inference; for another there was no room: it goes straight into
 * the arena, where an inference uses it up.
 */
#include "app.h"
#include "armour.h"
#if EI_SLOTS
#include "slots.h"
#endif

/* Bytes of input at a time; a host that lost count sends as many terminators. */
#define BLOCK_BYTES 256u

/* Where each image and its model's state are: bytes from the start of ei_image and the arena. */
static const struct {
  uint32_t at, bytes, state;
} images[] = {EI_IMAGES};

ei_model model;
int model_error;
const uint32_t model_count = sizeof images / sizeof *images;
uint32_t model_chosen;
uint8_t input_state;
uint32_t input_received;

uint8_t arena[EI_ARENA_BYTES] __attribute__((section(".bss.arena"), aligned(EI_ARENA_ALIGN)));
#if EI_SLOW_BYTES
uint8_t slow_arena[EI_SLOW_BYTES]
    __attribute__((section(".bss.slow.arena"), aligned(EI_ARENA_ALIGN)));
#endif
#if EI_WINDOW_BYTES
float window[EI_WINDOW_BYTES / 4] __attribute__((section(EI_INPUT_SECTION), aligned(4)));
#endif
#if EI_INPUT_BYTES
static uint8_t input[EI_INPUT_BYTES - EI_WINDOW_BYTES]
    __attribute__((section(EI_INPUT_SECTION), aligned(4)));
#endif

/* Whether the arena that is left without `own` bytes of state, or its part in the slower RAM, is
 * larger than there is room for. */
static int parts_too_large(const ei_model *m, uint32_t own) {
  return m->fast_bytes - own > EI_ARENA_BYTES - EI_STATE_BYTES ||
         m->arena_bytes - m->fast_bytes > EI_SLOW_BYTES;
}

static void place_slow(ei_model *m) {
#if EI_SLOW_BYTES
  m->slow = slow_arena;
#else
  (void)m;
#endif
}

#if EI_SLOTS
static const uint8_t *running; /* the image of a slot or the one that is built in */
static uint32_t running_bytes;

const uint8_t *model_image(uint32_t number, uint32_t *bytes) {
  (void)number;
  *bytes = running_bytes;
  return running;
}

const uint8_t *model_built_in(uint32_t *bytes) {
  *bytes = images[0].bytes;
  return ei_image + images[0].at;
}

static int check(const uint8_t *image, uint32_t bytes, ei_model *m) {
  const int error = ei_verify(image, (size_t)bytes, m);
  if (error == EI_OK && parts_too_large(m, 0)) return MODEL_TOO_LARGE;
  place_slow(m);
  return error;
}

int model_use(const uint8_t *image, uint32_t bytes) {
  const int error = check(image, bytes, &model);
  running = image;
  running_bytes = bytes;
  input_state = INPUT_ABSENT;
  return error == EI_OK ? ei_reset(&model, shared) : error;
}

int model_try(const uint8_t *image, uint32_t bytes) {
  ei_model tried;
  const int error = check(image, bytes, &tried);
  if (error != EI_OK) return error;
  return model_selftest(&tried) == tried.selftest_crc ? EI_OK : MODEL_FAILS;
}

void model_choose(uint32_t number) { (void)number; } /* there is one */

void model_start(void) { slots_start(); }

#else

const uint8_t *model_built_in(uint32_t *bytes) { return model_image(0, bytes); }

const uint8_t *model_image(uint32_t number, uint32_t *bytes) {
  *bytes = images[number].bytes;
  return ei_image + images[number].at;
}

void model_choose(uint32_t number) {
  uint32_t bytes, own;
  const uint8_t *image = model_image(number, &bytes);
  input_state = INPUT_ABSENT;
  model_chosen = number;
  model_error = ei_verify(image, (size_t)bytes, &model);
  if (model_error != EI_OK) return;
  own = EI_STATE_BYTES ? model.state_bytes : 0;
  if (own) model.state = arena + images[number].state;
  place_slow(&model);
  if (own > EI_STATE_BYTES - images[number].state || parts_too_large(&model, own))
    model_error = EI_ERR_SIZE;
}

void model_start(void) {
  uint32_t number = model_count;
  do {
    model_choose(--number);
    if (model_error == EI_OK) model_error = ei_reset(&model, shared);
  } while (number > 0 && model_error == EI_OK);
}
#endif

uint32_t model_selftest(const ei_model *m) {
  (void)ei_reset(m, shared);
  ei_selftest_input(m, shared);
  ei_invoke(m, shared, 0, 0);
  const uint32_t crc = ei_output_crc(m, shared);
  if (!input_kept()) input_state = INPUT_ABSENT; /* its bytes are used up */
  (void)ei_reset(&model, shared);
  return crc;
}

uint32_t input_bytes(void) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < model.n_inputs; i++) sum += model.inputs[i].bytes;
  return sum;
}

void input_begin(uint32_t received) {
  input_state = INPUT_PARTIAL;
  input_received = received;
}

int input_kept(void) { return EI_INPUT_BYTES && input_bytes() <= EI_INPUT_BYTES - EI_WINDOW_BYTES; }

uint8_t *input_at(uint32_t index) {
#if EI_INPUT_BYTES
  if (input_kept()) return input + index;
#endif
  const ei_io *io = model.inputs;
  while (index >= io->bytes) index -= (io++)->bytes;
  return ei_at(&model, shared, io->offset) + index;
}

void input_advance(uint32_t received) {
  input_received = received;
  if (received == input_bytes()) input_state = INPUT_READY;
}

int input_to_arena(void) {
  if (input_state != INPUT_READY) return 0;
  if (!input_kept()) {
    input_state = INPUT_ABSENT;
    return 1;
  }
  const uint8_t *from = input_at(0);
  for (uint32_t i = 0; i < model.n_inputs; i++) {
    uint8_t *to = ei_at(&model, shared, model.inputs[i].offset);
    for (uint32_t k = 0; k < model.inputs[i].bytes; k++) to[k] = *from++;
  }
  return 1;
}

int runs_allowed(uint32_t n) {
  if (input_state != INPUT_READY) {
    say("e-[No input: load it with db]\r\n");
    return 0;
  }
  if (!input_kept() && n > 1) {
    say("e-[No room to keep the input: load it before each inference]\r\n");
    return 0;
  }
  return 1;
}

/* ei block AT N CRC: once told to go, the host sends N raw bytes of the input, from byte AT on. */
int receive_block(char *rest) {
  uint32_t at, n, crc, got = 0;
  const char *digits;
  const int fine = read_u32(next_word(&rest), &at) && read_u32(next_word(&rest), &n) &&
                   (digits = next_word(&rest)) && read_hex32(digits, &crc);
  if (!fine || n > BLOCK_BYTES || at > input_bytes() || n > input_bytes() - at) {
    say("e-[ei block needs an offset, a length and a CRC that suit the model's input]\r\n");
    return 1;
  }
  if (at > 0 && (input_state == INPUT_ABSENT || at > input_received)) {
    say("e-[Bytes are missing before this offset]\r\n");
    return 1;
  }
  input_begin(at);
  say("m-ei-go\r\n");
  for (uint32_t i = 0; i < n; i++) {
    uint8_t *byte = input_at(at + i);
    *byte = line_raw();
    got = ei_crc32(got, byte, 1);
  }
  if (got != crc) return GARBLED;
  input_advance(at + n);
  if (input_state == INPUT_READY) wire_follow();
  say_field("block", at + n);
  return 1;
}
