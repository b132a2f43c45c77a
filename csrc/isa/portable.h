/* SPDX-License-Identifier: Apache-2.0
 *
 * The primitives that kernels are written over, for any C99 compiler. Another header of this folder
 * may define some of them first (and then the macro of the same name); this one supplies the rest.
 * Accumulators wrap modulo 2^32, as TFLite's do.
 */
#ifndef EI_ISA_PORTABLE_H
#define EI_ISA_PORTABLE_H

#include <stdint.h>

#define EI_INLINE static inline __attribute__((always_inline))
/* Loops that need every register of a small core stay functions of their own. */
#define EI_NOINLINE static __attribute__((noinline))

#ifndef EI_DOT_2X2
/* Two vectors by two rows of weights: acc[2 p + c] += sum over i < n of a_p[i] w_c[i]. */
EI_INLINE void ei_dot_2x2(const int8_t *a0, const int8_t *a1, const int8_t *w0, const int8_t *w1,
                          int32_t n, int32_t acc[4]) {
  uint32_t s00 = (uint32_t)acc[0], s01 = (uint32_t)acc[1];
  uint32_t s10 = (uint32_t)acc[2], s11 = (uint32_t)acc[3];
  for (int32_t i = 0; i < n; i++) {
    const int32_t a = a0[i], b = a1[i], v = w0[i], w = w1[i];
    s00 += (uint32_t)(a * v);
    s01 += (uint32_t)(a * w);
    s10 += (uint32_t)(b * v);
    s11 += (uint32_t)(b * w);
  }
  acc[0] = (int32_t)s00, acc[1] = (int32_t)s01, acc[2] = (int32_t)s10, acc[3] = (int32_t)s11;
}
#endif

#ifndef EI_DOT_1X4
/* One vector by four consecutive rows of n weights: acc[c] += sum of a[i] w[c n + i]. */
EI_INLINE void ei_dot_1x4(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[4]) {
  uint32_t s0 = (uint32_t)acc[0], s1 = (uint32_t)acc[1];
  uint32_t s2 = (uint32_t)acc[2], s3 = (uint32_t)acc[3];
  const int8_t *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n;
  for (int32_t i = 0; i < n; i++) {
    const int32_t x = a[i];
    s0 += (uint32_t)(x * w[i]);
    s1 += (uint32_t)(x * w1[i]);
    s2 += (uint32_t)(x * w2[i]);
    s3 += (uint32_t)(x * w3[i]);
  }
  acc[0] = (int32_t)s0, acc[1] = (int32_t)s1, acc[2] = (int32_t)s2, acc[3] = (int32_t)s3;
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

#ifndef EI_TAPS_X4
/* Four neighbouring channels over h rows of w taps: acc[c] += sum of (a + offset) w. From tap to
 * tap both inputs and weights are `col` bytes apart; from the last of a row to the first of the
 * next they skip a_skip and w_skip bytes more. offset in -128..128. */
EI_INLINE void ei_taps_x4(const int8_t *a, int32_t a_skip, const int8_t *wt, int32_t w_skip,
                          int32_t col, int32_t h, int32_t w, int32_t offset, int32_t acc[4]) {
  /* Named sums: GCC 12 at -O3 vectorizes a loop over the four wrongly here. */
  uint32_t s0 = (uint32_t)acc[0], s1 = (uint32_t)acc[1];
  uint32_t s2 = (uint32_t)acc[2], s3 = (uint32_t)acc[3];
  for (; h > 0; h--, a += a_skip, wt += w_skip)
    for (int32_t x = w; x > 0; x--, a += col, wt += col) {
      s0 += (uint32_t)((a[0] + offset) * wt[0]);
      s1 += (uint32_t)((a[1] + offset) * wt[1]);
      s2 += (uint32_t)((a[2] + offset) * wt[2]);
      s3 += (uint32_t)((a[3] + offset) * wt[3]);
    }
  acc[0] = (int32_t)s0, acc[1] = (int32_t)s1, acc[2] = (int32_t)s2, acc[3] = (int32_t)s3;
}
#endif

#endif
