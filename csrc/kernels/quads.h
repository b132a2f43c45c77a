/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels over filters in quads share (isa/quads.h): all outputs of some vectors, in any
 * C99 compiler's way, and the stream's check.
 */
#ifndef EI_KERNEL_QUADS_H
#define EI_KERNEL_QUADS_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

#ifndef EI_QUADS
/* All outputs of the vectors, one vector's after the other's. */
EI_NOINLINE void ei_quads_run(const ei_quads *f, const ei_vectors *v, int8_t *out) {
  const int32_t out_c = f->out_c;
  const int8_t *a = v->at;
  for (int32_t left = v->count; left > 0; left--, a += v->apart)
    for (int32_t o = 0; o < out_c; o++, out++) {
      const int32_t k = o % EI_QUAD_CHANNELS;
      const ei_quad_group *g =
          (const void *)(f->stream + o / EI_QUAD_CHANNELS * ei_quad_bytes(f->n));
      const int8_t *w = (const int8_t *)(g + 1) + 4 * k, *from = a;
      uint32_t sum = (uint32_t)g->bias[k];
      int32_t i = 0;
      for (int32_t p = v->parts; p > 0; p--, from += v->pitch)
        for (int32_t j = 0; j < v->part; j++, i++)
          sum += (uint32_t)(from[j] * w[(i >> 2) * 4 * EI_QUAD_CHANNELS + (i & 3)]);
      const int32_t right = g->shift[k];
      ei_output_twice(out, (int32_t)(2 * sum), g->mult[k], right, ei_output_offset(right, f->zero));
    }
}
#endif

/* The same for any number of vectors that lie one after the other. */
static inline void ei_quads_all(const ei_quads *f, const int8_t *a, int32_t count, int8_t *out) {
  ei_vectors v = {a, EI_QUAD_BLOCK, f->n, 1, f->n, 0};
  for (; count > 0; count -= v.count, v.at += v.count * f->n, out += v.count * f->out_c) {
    if (count < EI_QUAD_BLOCK) v.count = count;
    ei_quads_run(f, &v, out);
  }
}

/* Whether the stream lies within the image and its shifts are in range. */
static inline int ei_quads_ok(const ei_call *c, const ei_need *need, uint32_t weights, uint32_t n,
                              uint32_t out_c) {
  const uint32_t groups = (out_c + EI_QUAD_CHANNELS - 1) / EI_QUAD_CHANNELS;
  const uint32_t bytes = (uint32_t)ei_quad_bytes((int32_t)n);
  if (weights % 4 != 0 || weights + (uint64_t)groups * bytes > need->data_bytes) return 0;
  for (uint32_t i = 0; i < groups; i++) {
    const ei_quad_group *g = (const void *)(c->data + weights + i * bytes);
    for (int k = 0; k < EI_QUAD_CHANNELS; k++)
      if (g->shift[k] < 1 || g->shift[k] > EI_MAX_RIGHT_SHIFT) return 0;
  }
  return 1;
}

#endif
