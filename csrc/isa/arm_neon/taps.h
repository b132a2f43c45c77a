/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise windows of any kind with NEON, eight neighbouring channels at a time.
 */
#ifndef EI_ISA_ARM_NEON_TAPS_H
#define EI_ISA_ARM_NEON_TAPS_H

/* out[i] for i < channels: as ei_taps_x1, each with its bias, multiplier and shift. Returns how
 * many of them are done: whole eights. */
EI_NOINLINE int32_t ei_taps_many(const ei_taps *t, const int8_t *a, const int8_t *w,
                                 const int32_t *bias, const int32_t *mult, const int8_t *shift,
                                 int32_t zero, int8_t *out, int32_t channels) {
  const int16x8_t offset = vdupq_n_s16((int16_t)t->offset);
  const int32_t a_col = t->a_col, w_col = t->w_col;
  int32_t o = 0;
  for (; o + 8 <= channels; o += 8) {
    ei_eight s = {vld1q_s32(bias + o), vld1q_s32(bias + o + 4)};
    const int8_t *b = a + o, *v = w + o;
    for (int32_t h = t->h; h > 0; h--, b += t->a_row, v += t->w_row) {
      const int8_t *from = b, *by = v;
      for (int32_t i = t->w; i > 0; i--, from += a_col, by += w_col)
        s = ei_eight_mac(s, vaddw_s8(offset, vld1_s8(from)), vmovl_s8(vld1_s8(by)));
    }
    s.low = ei_four_scaled_any(s.low, vld1q_s32(mult + o), ei_four_int8(shift + o));
    s.high = ei_four_scaled_any(s.high, vld1q_s32(mult + o + 4), ei_four_int8(shift + o + 4));
    vst1_s8(out + o, ei_bytes_any(s.low, s.high, zero));
  }
  return o;
}

#endif
