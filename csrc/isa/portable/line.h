/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the depthwise convolution along one axis for any C99 compiler.
 */
#ifndef EI_ISA_PORTABLE_LINE_H
#define EI_ISA_PORTABLE_LINE_H

/* Four channels of `count` inputs, `step` bytes apart, `offset` added: channel c from line + c n.
 */
EI_INLINE void ei_line_put(int16_t *line, int32_t n, const int8_t *from, int32_t step,
                           int32_t count, int32_t offset) {
  for (; count > 0; count--, from += step, line++)
    for (int c = 0; c < EI_LINE_CHANNELS; c++) line[c * n] = (int16_t)(from[c] + offset);
}

typedef struct {
  const int8_t *weights;
} ei_line_filter;

EI_INLINE void ei_line_filter_of(const int8_t *weights, int32_t taps, ei_line_filter *f) {
  (void)taps;
  f->weights = weights;
}

/* Twice the sums, from `bias` on, of the four outputs whose windows begin at x, x + 1, … */
EI_NOINLINE void ei_line_sums(const int16_t *x, const ei_line_filter *f, int32_t taps, int32_t bias,
                              int32_t sum[4]) {
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (const int8_t *w = f->weights, *const end = w + taps; w != end; w++, x++) {
    const int32_t v = *w;
    s0 += x[0] * v, s1 += x[1] * v, s2 += x[2] * v, s3 += x[3] * v;
  }
  const uint32_t b = (uint32_t)bias;
  sum[0] = (int32_t)(b + 2 * (uint32_t)s0), sum[1] = (int32_t)(b + 2 * (uint32_t)s1);
  sum[2] = (int32_t)(b + 2 * (uint32_t)s2), sum[3] = (int32_t)(b + 2 * (uint32_t)s3);
}

#endif
