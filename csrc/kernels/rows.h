/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels over rows of filters share (isa/rows.h): all outputs of some vectors, in any C99
 * compiler's way, and the filters' check.
 */
#ifndef EI_KERNEL_ROWS_H
#define EI_KERNEL_ROWS_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

#ifndef EI_ROWS
/* Channels [o, out_c) of one vector. */
EI_NOINLINE void ei_rows_one(const ei_rows *f, const int8_t *a, int8_t *out, int32_t o) {
  const int32_t n = f->n, out_c = f->out_c, zero = f->zero;
  const int8_t *w = f->weights + o * n;
  for (; o + 4 <= out_c; o += 4, w += 4 * n) {
    int32_t acc[4] = {f->bias[o], f->bias[o + 1], f->bias[o + 2], f->bias[o + 3]};
    ei_dot_1x4(a, w, n, acc);
    for (int i = 0; i < 4; i++)
      ei_output(out + o + i, acc[i], f->mult[o + i], f->shift[o + i], zero);
  }
  for (; o < out_c; o++, w += n)
    ei_output(out + o, ei_dot(a, w, n, f->bias[o]), f->mult[o], f->shift[o], zero);
}

/* All channels of two consecutive vectors. */
EI_NOINLINE void ei_rows_two(const ei_rows *f, const int8_t *a, int8_t *out) {
  const int32_t *bias = f->bias, *mult = f->mult;
  const int8_t *w = f->weights, *shift = f->shift;
  const int32_t n = f->n, out_c = f->out_c, zero = f->zero;
  const int8_t *const end = out + (out_c & ~1);
  while (out != end) {
    int32_t acc[4] = {bias[0], bias[1], bias[0], bias[1]};
    ei_dot_2x2(a, w, n, acc);
    bias += 2, w += 2 * n;
    for (int c = 0; c < 2; c++, out++) {
      const int32_t m = *mult++, s = *shift++;
      ei_output(out, acc[c], m, s, zero);
      ei_output(out + out_c, acc[2 + c], m, s, zero);
    }
  }
  if (out_c & 1) {
    out -= out_c - 1;
    ei_rows_one(f, a, out, out_c - 1);
    ei_rows_one(f, a + n, out + out_c, out_c - 1);
  }
}

/* All outputs of `vectors` vectors, which lie one after the other; so do the outputs. */
EI_INLINE void ei_rows_run(const ei_rows *f, const int8_t *a, int32_t vectors, int8_t *out) {
  for (; vectors > 1; vectors -= 2, a += 2 * f->n, out += 2 * f->out_c) ei_rows_two(f, a, out);
  if (vectors) ei_rows_one(f, a, out, 0);
}
#endif

/* The same for any number of vectors: so many at a time that outputs may take the place of inputs
 * that lie further ahead. */
EI_NOINLINE void ei_rows_blocks(const ei_rows *f, const int8_t *a, int32_t vectors, int8_t *out) {
  for (int32_t count = EI_ROWS_BLOCK; vectors > 0; vectors -= count) {
    count = vectors < count ? vectors : count;
    ei_rows_run(f, a, count, out);
    a += count * f->n, out += count * f->out_c;
  }
}

/* Whether out_c filters of n inputs at these offsets lie within the image, shifts in range. */
static inline int ei_rows_ok(const ei_call *c, const ei_need *need, uint64_t n, uint32_t out_c,
                             uint32_t weights, uint32_t bias, uint32_t mult, uint32_t shift) {
  return ei_has_data(need, weights, n * out_c + EI_ROWS_SPARE, 1) &&
         ei_has_data(need, bias, out_c, 4) && ei_has_data(need, mult, out_c, 4) &&
         ei_has_data(need, shift, out_c, 1) && ei_shifts_ok(c->data + shift, out_c);
}

#endif
