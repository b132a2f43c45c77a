/* SPDX-License-Identifier: Apache-2.0
 *
 * The primitives that kernels are written over, for any C99 compiler. Another header of this folder
 * may define some of them first (and then the macro of the same name); this one supplies the rest.
 * Accumulators wrap modulo 2^32, as TFLite's do.
 */
#ifndef EI_ISA_PORTABLE_H
#define EI_ISA_PORTABLE_H

#include <stdint.h>
#include <string.h>

#define EI_INLINE static inline __attribute__((always_inline))
/* Loops that need every register of a small core stay functions of their own. */
#define EI_NOINLINE static __attribute__((noinline, unused))

#ifndef EI_MUL_Q31
/* (a b + 2^30) >> 31; not both -2^31. */
EI_INLINE int32_t ei_mul_q31(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}
#endif

#ifndef EI_HALF_INT8
/* x >> 1, saturated. */
EI_INLINE int32_t ei_half_int8(int32_t x) {
  x >>= 1;
  x = x < INT8_MIN ? INT8_MIN : x;
  return x > INT8_MAX ? INT8_MAX : x;
}
#endif

#ifndef EI_MUL_ADD_HIGH
/* c + (a b + 2^31) / 2^32, rounded down. */
EI_INLINE int32_t ei_mul_add_high(int32_t a, int32_t b, int32_t c) {
  return (int32_t)((uint32_t)c + (uint32_t)(((int64_t)a * b + (INT64_C(1) << 31)) >> 32));
}
#endif

#ifndef EI_MUL_ADD_FLOOR
/* c + a b / 2^32, rounded down. */
EI_INLINE int32_t ei_mul_add_floor(int32_t a, int32_t b, int32_t c) {
  return (int32_t)((uint32_t)c + (uint32_t)(((int64_t)a * b) >> 32));
}
#endif

#ifndef EI_SATURATE_INT8
EI_INLINE int32_t ei_saturate_int8(int32_t x) {
  x = x < INT8_MIN ? INT8_MIN : x;
  return x > INT8_MAX ? INT8_MAX : x;
}
#endif

#include "isa/rows.h"

#include "isa/pairs.h"
#ifndef EI_PAIRS
#include "isa/portable/pairs.h"
#endif

#include "isa/line.h"
#ifndef EI_LINE
#include "isa/portable/line.h"
#endif

#include "isa/nibbles.h"
#include "isa/pool.h"
#include "isa/quads.h"
#include "isa/strip.h"
#include "isa/sums.h"
#include "isa/tile.h"
#ifndef EI_TILE
#include "isa/portable/tile.h"
#endif

/* One vector by two consecutive rows of n weights; more sums than two at a time do not fit into the
 * eight registers of a Cortex-M0. */
EI_INLINE void ei_dot_1x2(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[2]) {
  uint32_t s0 = (uint32_t)acc[0], s1 = (uint32_t)acc[1];
  const int8_t *v = w + n;
  for (int32_t i = 0; i != n; i++) {
    const int32_t x = a[i];
    s0 += (uint32_t)(x * w[i]);
    s1 += (uint32_t)(x * v[i]);
  }
  acc[0] = (int32_t)s0, acc[1] = (int32_t)s1;
}

#ifndef EI_DOT_2X2
/* Two vectors by two rows of weights, each n after the other: acc[2 p + c] += sum over i < n of
 * a[p n + i] w[c n + i]. */
EI_NOINLINE void ei_dot_2x2(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[4]) {
  for (int p = 0; p < 2; p++, a += n) ei_dot_1x2(a, w, n, acc + 2 * p);
}
#endif

#ifndef EI_DOT_1X4
/* One vector by four consecutive rows of n weights: acc[c] += sum of a[i] w[c n + i]. */
EI_NOINLINE void ei_dot_1x4(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[4]) {
  for (int c = 0; c < 4; c += 2, w += 2 * n) ei_dot_1x2(a, w, n, acc + c);
}
#endif

#ifndef EI_DOT
/* acc + sum of a[i] w[i]. */
EI_INLINE int32_t ei_dot(const int8_t *a, const int8_t *w, int32_t n, int32_t acc) {
  uint32_t s = (uint32_t)acc;
  for (int32_t i = 0; i < n; i++) s += (uint32_t)(a[i] * w[i]);
  return (int32_t)s;
}
#endif

/* Taps of a depthwise convolution: h rows of w. From tap to tap inputs are a_col bytes apart and
 * weights w_col, from row to row a_row and w_row; offset, -128..128, is added to the inputs. */
typedef struct {
  int32_t h, w, a_col, a_row, w_col, w_row, offset;
} ei_taps;

/* One channel: acc + sum over the taps of (a + offset) w. */
EI_NOINLINE int32_t ei_taps_x1(const ei_taps *t, const int8_t *a, const int8_t *w, int32_t acc) {
  const int32_t offset = t->offset, a_col = t->a_col, w_col = t->w_col;
  for (int32_t h = t->h; h > 0; h--, a += t->a_row, w += t->w_row) {
    const int8_t *b = a, *v = w;
    for (int32_t i = t->w; i > 0; i--, b += a_col, v += w_col)
      acc = (int32_t)((uint32_t)acc + (uint32_t)((*b + offset) * *v));
  }
  return acc;
}

/* One input channel for four neighbouring output channels, as with a depth multiplier of 4 or 8. */
EI_NOINLINE void ei_taps_1x4(const ei_taps *t, const int8_t *a, const int8_t *w, int32_t acc[4]) {
  uint32_t s0 = (uint32_t)acc[0], s1 = (uint32_t)acc[1];
  uint32_t s2 = (uint32_t)acc[2], s3 = (uint32_t)acc[3];
  const int32_t offset = t->offset, a_col = t->a_col, w_col = t->w_col;
  for (int32_t h = t->h; h > 0; h--, a += t->a_row, w += t->w_row) {
    const int8_t *b = a, *v = w;
    for (int32_t i = t->w; i > 0; i--, b += a_col, v += w_col) {
      const int32_t x = *b + offset;
      s0 += (uint32_t)(x * v[0]);
      s1 += (uint32_t)(x * v[1]);
      s2 += (uint32_t)(x * v[2]);
      s3 += (uint32_t)(x * v[3]);
    }
  }
  acc[0] = (int32_t)s0, acc[1] = (int32_t)s1, acc[2] = (int32_t)s2, acc[3] = (int32_t)s3;
}

#ifndef EI_TAPS_X4
/* Four neighbouring channels, likewise; a_col = w_col. */
EI_NOINLINE void ei_taps_x4(const ei_taps *t, const int8_t *a, const int8_t *w, int32_t acc[4]) {
  /* Named sums: GCC 12 at -O3 vectorizes a loop over the four wrongly here. */
  uint32_t s0 = (uint32_t)acc[0], s1 = (uint32_t)acc[1];
  uint32_t s2 = (uint32_t)acc[2], s3 = (uint32_t)acc[3];
  const int32_t offset = t->offset, col = t->w_col;
  for (int32_t h = t->h; h > 0; h--, a += t->a_row, w += t->w_row)
    for (int32_t i = 0, end = t->w * col; i != end; i += col) {
      s0 += (uint32_t)((a[i] + offset) * w[i]);
      s1 += (uint32_t)((a[i + 1] + offset) * w[i + 1]);
      s2 += (uint32_t)((a[i + 2] + offset) * w[i + 2]);
      s3 += (uint32_t)((a[i + 3] + offset) * w[i + 3]);
    }
  acc[0] = (int32_t)s0, acc[1] = (int32_t)s1, acc[2] = (int32_t)s2, acc[3] = (int32_t)s3;
}
#endif

#endif
