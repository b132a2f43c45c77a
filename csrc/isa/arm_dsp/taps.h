/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over the taps of a depthwise window.
 */
#ifndef EI_ISA_ARM_DSP_TAPS_H
#define EI_ISA_ARM_DSP_TAPS_H

/* One word load brings four channels; widening adds the offset at no cost, and the compiler makes
 * SMLABB and SMLATT of the halves. */
EI_INLINE void ei_taps_x4(const ei_taps *t, const int8_t *a, const int8_t *w, int32_t acc[4]) {
  const uint32_t both = ((uint32_t)t->offset & 0xFFFF) | (uint32_t)t->offset << 16;
  const int32_t col = t->w_col;
  int32_t s0 = acc[0], s1 = acc[1], s2 = acc[2], s3 = acc[3];
  for (int32_t h = t->h; h > 0; h--, a += t->a_row, w += t->w_row)
    for (int32_t i = 0, end = t->w * col; i != end; i += col) {
      uint32_t x = ei_load4(a + i), v = ei_load4(w + i);
      const uint32_t xe = ei_sxtab16(both, x), ve = ei_sxtb16(v);
      x = ei_sxtab16_ror8(both, x), v = ei_sxtb16_ror8(v);
      s0 = ei_mac(s0, (int16_t)xe, (int16_t)ve);
      s2 = ei_mac(s2, (int16_t)(xe >> 16), (int16_t)(ve >> 16));
      s1 = ei_mac(s1, (int16_t)x, (int16_t)v);
      s3 = ei_mac(s3, (int16_t)(x >> 16), (int16_t)(v >> 16));
    }
  acc[0] = s0, acc[1] = s1, acc[2] = s2, acc[3] = s3;
}

#endif
