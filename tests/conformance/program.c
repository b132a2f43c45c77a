/* SPDX-License-Identifier: Apache-2.0
 *
 * In place of the firmware's main.c: runs the cases of a bundle (bundle.py) where a board has its
 * model, and says which of them differ from the bytes that the bundle expects.
 */
#include <string.h>

#include "app.h"
#include "port.h"

/* Followed by the image, then for each sample its inputs and outputs; all padded to 16. */
typedef struct {
  uint32_t number, image_bytes, samples, in_bytes, out_bytes, reserved[3];
} test_case;

uint8_t arena[EI_ARENA_BYTES] __attribute__((section(".bss.arena"), aligned(16)));

static uint32_t padded(uint32_t n) { return (n + 15u) & ~15u; }

static void report(const char *what, uint32_t number, uint32_t value) {
  say_text(what);
  say(" ");
  say_u32(number);
  say(" ");
  say_u32(value);
  say("\n");
}

/* Whether four bytes are a float that is not a number. Which of them a computation makes is the
 * processor's own. */
static int is_nan(const uint8_t *bytes) {
  uint32_t bits;
  memcpy(&bits, bytes, 4);
  return (bits & 0x7FFFFFFFu) > 0x7F800000u;
}

/* Bytes of all outputs that differ from `expected`. */
static uint32_t differing(const ei_model *model, const uint8_t *expected) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < model->n_outputs; i++) {
    const ei_io *io = &model->outputs[i];
    const uint8_t *got = arena + io->offset;
    for (uint32_t k = 0; k < io->bytes; k++) {
      const uint32_t word = k & ~3u;
      if (io->dtype == EI_FLOAT32 && is_nan(got + word) && is_nan(expected + word)) continue;
      count += got[k] != expected[k];
    }
    expected += io->bytes;
  }
  return count;
}

static const uint8_t *run(const test_case *test) {
  const uint8_t *image = (const uint8_t *)(test + 1);
  const uint8_t *at = image + padded(test->image_bytes);
  const uint8_t *end = at + test->samples * (padded(test->in_bytes) + padded(test->out_bytes));
  ei_model model;
  uint32_t wrong = 0;
  int error = ei_verify(image, test->image_bytes, &model);
  if (error == EI_OK && model.arena_bytes > sizeof arena) error = EI_ERR_SIZE;
  if (error == EI_OK) {
    memset(arena, 0xA5, model.arena_bytes);
    error = ei_reset(&model, arena);
  }
  if (error != EI_OK) {
    report("refused", test->number, (uint32_t)-error);
    return end;
  }
  while (at != end) {
    const uint8_t *from = at;
    for (uint32_t i = 0; i < model.n_inputs; i++) {
      memcpy(arena + model.inputs[i].offset, from, model.inputs[i].bytes);
      from += model.inputs[i].bytes;
    }
    at += padded(test->in_bytes);
    if (ei_invoke(&model, arena, 0, 0) != EI_OK) wrong++;
    wrong += differing(&model, at);
    at += padded(test->out_bytes);
  }
  report(wrong ? "wrong" : "right", test->number, wrong);
  return end;
}

int app_main(void) {
  const uint8_t *at = ei_image;
  port_init();
  timer_init();
  while (at != ei_image + ei_image_bytes) at = run((const void *)at);
  say("done\n");
  return 0;
}
