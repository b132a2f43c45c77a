/* SPDX-License-Identifier: Apache-2.0
 *
 * The model, its arena and its input. With EI_INPUT_BYTES the input has memory of its own and
 * survives an inference; without, there was no room: it goes straight into the arena, where an
 * inference uses it up.
 */
#include "app.h"
#include "port.h"

/* Bytes of input at a time; a host that lost count sends as many terminators. */
#define BLOCK_BYTES 256u

ei_model model;
int model_error;
uint8_t input_state;
uint32_t input_received;

uint8_t arena[EI_ARENA_BYTES] __attribute__((section(".bss.arena"), aligned(EI_ARENA_ALIGN)));
#if EI_WINDOW_BYTES
float window[EI_WINDOW_BYTES / 4] __attribute__((section(".bss.serial"), aligned(4)));
#endif
#if EI_INPUT_BYTES
static uint8_t input[EI_INPUT_BYTES - EI_WINDOW_BYTES]
    __attribute__((section(".bss.serial"), aligned(4)));
#endif

void model_start(void) {
  input_state = INPUT_ABSENT;
  model_error = ei_verify(ei_image, (size_t)ei_image_bytes, &model);
  if (model_error == EI_OK &&
      (model.arena_bytes > EI_ARENA_BYTES ||
       (EI_INPUT_BYTES && input_bytes() != EI_INPUT_BYTES - EI_WINDOW_BYTES)))
    model_error = EI_ERR_SIZE;
  if (model_error == EI_OK) model_error = ei_reset(&model, arena);
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

uint8_t *input_at(uint32_t index) {
#if EI_INPUT_BYTES
  return input + index;
#else
  const ei_io *io = model.inputs;
  while (index >= io->bytes) index -= (io++)->bytes;
  return arena + io->offset + index;
#endif
}

void input_advance(uint32_t received) {
  input_received = received;
  if (received == input_bytes()) input_state = INPUT_READY;
}

int input_to_arena(void) {
  if (input_state != INPUT_READY) return 0;
#if EI_INPUT_BYTES
  uint32_t index = 0;
  for (uint32_t i = 0; i < model.n_inputs; i++)
    for (uint32_t k = 0; k < model.inputs[i].bytes; k++)
      arena[model.inputs[i].offset + k] = input[index++];
#else
  input_state = INPUT_ABSENT;
#endif
  return 1;
}

int runs_allowed(uint32_t n) {
  if (input_state != INPUT_READY) {
    say("e-[No input: load it with db]\r\n");
    return 0;
  }
  if (!EI_INPUT_BYTES && n > 1) {
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
    *byte = port_getc();
    got = ei_crc32(got, byte, 1);
  }
  if (got != crc) return GARBLED;
  input_advance(at + n);
  if (input_state == INPUT_READY) wire_follow();
  say_field("block", at + n);
  return 1;
}
