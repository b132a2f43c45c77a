/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk that element-wise kernels of two int8 inputs share. Broadcasting is strides: the
 * output's dimensions are merged to four on the PC, and an input's stride is 0 where it repeats.
 */
#ifndef EI_BINARY_H
#define EI_BINARY_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t dims[4];      /* elements, outermost first; dims[0] are the rows */
  uint32_t stride[2][4]; /* elements from one to the next along each dimension, per input */
} ei_walk;

/* out = op(a, b) for every element of the rows [y0, y1), a from input `first`. op is inlined; its
 * `constants`, if they are the caller's own, become registers, which those in the image cannot:
 * outputs might alias them. `many`, if there is one, makes the first of n neighbours with vectors
 * and returns how many. */
EI_INLINE void ei_walk_run(const ei_call *c, const ei_walk *w, int first,
                           int8_t (*op)(const void *constants, int32_t a, int32_t b),
                           int32_t (*many)(const void *constants, const int8_t *a, const int8_t *b,
                                           int8_t *out, int32_t n),
                           const void *constants) {
  const int8_t *const a0 = c->in[first], *const b0 = c->in[1 - first];
  const uint32_t *const step_a = w->stride[first], *const step_b = w->stride[1 - first];
  const uint32_t sa = step_a[3], sb = step_b[3];
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (uint32_t i = 0; i < w->dims[1]; i++)
      for (uint32_t j = 0; j < w->dims[2]; j++) {
        const uint32_t row = (uint32_t)(y - c->in_y0);
        const int8_t *a = a0 + row * step_a[0] + i * step_a[1] + j * step_a[2];
        const int8_t *b = b0 + row * step_b[0] + i * step_b[1] + j * step_b[2];
        uint32_t k = w->dims[3];
        if (many != NULL && sa == 1 && sb == 1) {
          const int32_t done = many(constants, a, b, out, (int32_t)k);
          a += done, b += done, out += done, k -= (uint32_t)done;
        }
        for (; k > 0; k--, a += sa, b += sb) *out++ = op(constants, *a, *b);
      }
}

static inline int ei_walk_check(const ei_call *c, const ei_walk *w, ei_need *need) {
  if (c->y1 > (int64_t)w->dims[0] || c->in_y0 > c->y0) return EI_ERR_PARAMS;
  need->out = (uint32_t)(c->y1 - c->y0);
  for (int d = 1; d < 4; d++) {
    if (w->dims[d] == 0 || w->dims[d] > INT32_MAX) return EI_ERR_PARAMS;
    need->out *= w->dims[d];
    if (need->out > INT32_MAX) return EI_ERR_BOUNDS;
  }
  for (int input = 0; input < 2; input++) {
    need->in[input] = 1 + (uint64_t)(uint32_t)(c->y1 - 1 - c->in_y0) * w->stride[input][0];
    for (int d = 1; d < 4; d++) need->in[input] += (uint64_t)(w->dims[d] - 1) * w->stride[input][d];
  }
  return EI_OK;
}

#endif
