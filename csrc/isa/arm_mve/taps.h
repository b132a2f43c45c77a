/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise windows of any kind with vectors: eight neighbouring channels at a time, the even and
 * the odd ones apart, as VMULLB and VMULLT give them.
 */
#ifndef EI_ISA_ARM_MVE_TAPS_H
#define EI_ISA_ARM_MVE_TAPS_H

/* out[i] for i < channels: as ei_taps_x1, each with its bias, multiplier and shift. Returns how
 * many of them are done: all. */
EI_NOINLINE int32_t ei_taps_many(const ei_taps *t, const int8_t *a, const int8_t *w,
                                 const int32_t *bias, const int32_t *mult, const int8_t *shift,
                                 int32_t zero, int8_t *out, const int32_t channels) {
  const int16_t offset = (int16_t)t->offset;
  const int32_t a_col = t->a_col, w_col = t->w_col;
  const uint32x4_t pairs = vmulq_n_u32(vidupq_n_u32(0, 1), 2);
  for (int32_t left = channels; left > 0; left -= 8) {
    const mve_pred16_t some = vctp16q((uint32_t)left);
    const mve_pred16_t even = vctp32q((uint32_t)(left + 1) / 2);
    const mve_pred16_t odd = vctp32q((uint32_t)left / 2);
    int32x4_t e = vldrwq_gather_shifted_offset_z_s32(bias, pairs, even);
    int32x4_t o = vldrwq_gather_shifted_offset_z_s32(bias + 1, pairs, odd);
    const int8_t *b = a, *v = w;
    for (int32_t h = t->h; h > 0; h--, b += t->a_row, v += t->w_row) {
      const int8_t *from = b, *by = v;
      for (int32_t i = t->w; i > 0; i--, from += a_col, by += w_col) {
        const int16x8_t x = vaddq_n_s16(vldrbq_z_s16(from, some), offset);
        const int16x8_t f = vldrbq_z_s16(by, some);
        e = vaddq_s32(e, vmullbq_int_s16(x, f));
        o = vaddq_s32(o, vmulltq_int_s16(x, f));
      }
    }
    e = ei_four_rounded(e, vldrwq_gather_shifted_offset_z_s32(mult, pairs, even),
                        vldrbq_gather_offset_z_s32(shift, pairs, even), zero);
    o = ei_four_rounded(o, vldrwq_gather_shifted_offset_z_s32(mult + 1, pairs, odd),
                        vldrbq_gather_offset_z_s32(shift + 1, pairs, odd), zero);
    int16x8_t both = vqmovnbq_s32(vreinterpretq_s16_s32(e), e);
    both = vqmovntq_s32(both, o);
    vstrbq_p_s16(out, vreinterpretq_s16_s8(vqmovnbq_s16(vreinterpretq_s8_s16(both), both)), some);
    a += 8, w += 8, bias += 8, mult += 8, shift += 8, out += 8;
  }
  return channels;
}

#endif
