/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the depthwise convolution along one axis: SMLAD takes two taps. Outputs at odd
 * places read the same words as those before them, with the filter moved by one.
 */
#ifndef EI_ISA_ARM_DSP_LINE_H
#define EI_ISA_ARM_DSP_LINE_H

EI_INLINE int16_t *ei_line_store(int16_t *to, uint32_t two) {
  memcpy(to, &two, 4);
  return to + 2;
}

/* Four channels of `count` inputs, `step` bytes apart, `offset` added: channel c from line + c n.
 */
EI_INLINE void ei_line_put(int16_t *line, int32_t n, const int8_t *from, int32_t step,
                           int32_t count, int32_t offset) {
  const uint32_t both = ((uint32_t)offset & 0xFFFF) | (uint32_t)offset << 16;
  int16_t *second = line + n, *third = second + n, *fourth = third + n;
  for (const int8_t *const end = from + (count & ~1) * step; from != end; from += 2 * step) {
    uint32_t x = ei_load4(from), y = ei_load4(from + step);
    const uint32_t xe = ei_sxtab16(both, x), ye = ei_sxtab16(both, y);
    x = ei_sxtab16_ror8(both, x), y = ei_sxtab16_ror8(both, y);
    line = ei_line_store(line, ei_pkhbt(xe, ye)), second = ei_line_store(second, ei_pkhbt(x, y));
    third = ei_line_store(third, ei_pkhtb(ye, xe)), fourth = ei_line_store(fourth, ei_pkhtb(y, x));
  }
  if (count & 1) {
    uint32_t x = ei_load4(from);
    const uint32_t xe = ei_sxtab16(both, x);
    x = ei_sxtab16_ror8(both, x);
    *line = (int16_t)xe, *second = (int16_t)x;
    *third = (int16_t)(xe >> 16), *fourth = (int16_t)(x >> 16);
  }
}

/* For each pair of taps a word for outputs at even places, and one for those at odd places; weights
 * are doubled. */
typedef struct {
  uint32_t words[2 * (EI_LINE_TAPS / 2 + 1)];
} ei_line_filter;

EI_INLINE void ei_line_filter_of(const int8_t *w, int32_t taps, ei_line_filter *f) {
  uint32_t *to = f->words, even = 0, odd = 0;
  const int8_t *const last = w + taps - 1;
  for (; w < last; w += 2, to += 2) {
    const uint32_t a = 2 * (uint32_t)w[0], b = 2 * (uint32_t)w[1];
    to[0] = ei_pkhbt(a, b), to[1] = ei_pkhbt(odd, a);
    odd = b;
  }
  if (w == last) even = 2 * (uint32_t)w[0];
  to[0] = even & 0xFFFF, to[1] = ei_pkhbt(odd, even);
}

/* Twice the sums, from `bias` on, of the four outputs whose windows begin at x, x + 1, … */
EI_INLINE void ei_line_sums(const int16_t *x, const ei_line_filter *f, int32_t taps, int32_t bias,
                            int32_t sum[4]) {
  const int32_t more = taps / 2; /* pairs of taps beyond the first */
  const uint32_t *in = (const void *)x, *const end = in + more + 2, *w = f->words;
  int32_t s0, s1, s2, s3;
  uint32_t a, b, even, odd;
  in = ei_load_one(in, &a);
  in = ei_load_one(in, &b);
  w = ei_load_two(w, &even, &odd);
  s0 = ei_smlad_from(a, even, bias), s1 = ei_smlad_from(a, odd, bias);
  s2 = ei_smlad_from(b, even, bias), s3 = ei_smlad_from(b, odd, bias);
#define EI_PAIR_OF_TAPS(a, b)                            \
  w = ei_load_two(w, &even, &odd);                       \
  in = ei_load_one(in, &b);                              \
  s0 = ei_smlad(a, even, s0), s1 = ei_smlad(a, odd, s1); \
  s2 = ei_smlad(b, even, s2), s3 = ei_smlad(b, odd, s3)
  if (more & 1) {
    EI_PAIR_OF_TAPS(b, a);
    b = a;
  }
  while (in != end) {
    EI_PAIR_OF_TAPS(b, a);
    EI_PAIR_OF_TAPS(a, b);
  }
#undef EI_PAIR_OF_TAPS
  sum[0] = s0, sum[1] = s1, sum[2] = s2, sum[3] = s3;
}

#endif
