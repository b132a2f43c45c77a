/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over filters of 4-bit weights: of a word, four inputs of two channels, the high bits and
 * the low ones moved up are two words of bytes, which SXTB16 widens like the inputs.
 */
#ifndef EI_ISA_ARM_DSP_NIBBLES_H
#define EI_ISA_ARM_DSP_NIBBLES_H

/* The sums of one vector of n bytes by two records' four filters: made of 16 times the weights. */
EI_INLINE void ei_dot_nibbles(const int8_t *a, const int8_t *w, const int8_t *v, int32_t n,
                              int32_t acc[4]) {
  const uint32_t mask = 0xF0F0F0F0;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  uint32_t even, odd, both, low, high;
#define EI_TWO_CHANNELS(from, s, t)                                              \
  both = ei_load4(from), from += 4;                                              \
  low = both << 4 & mask, high = both & mask;                                    \
  s = ei_smlad(even, ei_sxtb16(low), s), t = ei_smlad(even, ei_sxtb16(high), t); \
  s = ei_smlad(odd, ei_sxtb16_ror8(low), s), t = ei_smlad(odd, ei_sxtb16_ror8(high), t)
#define EI_FOUR_INPUTS(x)                       \
  even = ei_sxtb16(x), odd = ei_sxtb16_ror8(x); \
  EI_TWO_CHANNELS(w, s0, s1);                   \
  EI_TWO_CHANNELS(v, s2, s3)
  for (const int8_t *const end = a + (n & ~3); a != end;) {
    const uint32_t x = ei_load4(a);
    a += 4;
    EI_FOUR_INPUTS(x);
  }
  if (n & 3) {
    int8_t last[4] = {a[0], 0, 0, 0};
    if (n & 2) last[1] = a[1];
    if ((n & 3) == 3) last[2] = a[2];
    const uint32_t x = ei_load4(last);
    EI_FOUR_INPUTS(x);
  }
#undef EI_FOUR_INPUTS
#undef EI_TWO_CHANNELS
  acc[0] = s0 >> 4, acc[1] = s1 >> 4, acc[2] = s2 >> 4, acc[3] = s3 >> 4;
}

#endif
