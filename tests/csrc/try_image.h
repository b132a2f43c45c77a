/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzzers do with an image: mend its CRC so that the deeper checks are reached, and run
 * what ei_verify accepts in an arena whose parts have exactly the sizes it says. Sanitizers find
 * what it lets through.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "edgeinfer.h"

enum { MAX_STEPS = 10000 /* of a run: images may loop for long, which finds nothing new */ };

typedef struct {
  jmp_buf stop;
  long steps;
} budget;

static void count_step(void *context, uint32_t step, int begin) {
  budget *b = context;
  (void)step;
  if (begin && ++b->steps > MAX_STEPS) longjmp(b->stop, 1);
}

static uint8_t *aligned(size_t size) {
  /* Exact size: a byte past the end is the sanitizer's. */
  uint8_t *p = NULL;
  if (posix_memalign((void **)&p, EI_IMAGE_ALIGN, size) != 0) exit(3);
  return p;
}

static void run_image(ei_model *model) {
  const uint32_t left = model->fast_bytes - model->state_bytes;
  const uint32_t slow = model->arena_bytes - model->fast_bytes;
  uint8_t *arena = aligned(left ? left : 1);
  budget run = {.steps = 0};
  memset(arena, 0x5A, left);
  model->state = aligned(model->state_bytes ? model->state_bytes : 1);
  memset(model->state, 0x5A, model->state_bytes);
  model->slow = aligned(slow ? slow : 1);
  memset(model->slow, 0x5A, slow);
  /* A reset is the first steps run alone; so its steps are counted too. */
  ei_model reset = *model;
  reset.n_steps = model->reset_steps;
  reset.reset_steps = 0;
  if (setjmp(run.stop) == 0) {
    ei_invoke(&reset, arena, count_step, &run);
    ei_selftest_input(model, arena);
    ei_invoke(model, arena, count_step, &run);
  }
  (void)ei_output_crc(model, arena);
  free(arena);
  free(model->state);
  free(model->slow);
  volatile char read = 0;
  for (uint32_t i = 0; i < model->n_layers; i++) {
    uint32_t bytes;
    const char *name = ei_layer_name(model, i, &bytes);
    for (uint32_t k = 0; name != NULL && k < bytes; k++) read ^= name[k];
  }
}

/* Whether these bytes, the last four of which are replaced by the CRC, are run: they are accepted
 * and need at most `limit` bytes of arena. */
static int try_image(const uint8_t *bytes, size_t size, uint32_t limit) {
  uint8_t *image = aligned(size ? size : 1);
  memcpy(image, bytes, size);
  if (size > 4) {
    const uint32_t crc = ei_crc32(0, image, size - 4);
    memcpy(image + size - 4, &crc, 4);
  }
  ei_model model;
  const int runs = ei_verify(image, size, &model) == EI_OK && model.arena_bytes <= limit;
  if (runs) run_image(&model);
  free(image);
  return runs;
}
