/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of two tensors with NEON, eight at a time.
 */
#ifndef EI_ISA_ARM_NEON_SUMS_H
#define EI_ISA_ARM_NEON_SUMS_H

/* The first of n elements, as many as there are whole eights; returns how many. */
EI_NOINLINE int32_t ei_sums_many(const ei_sums *sums, const int8_t *a, const int8_t *b, int8_t *out,
                                 int32_t n) {
  const ei_sums k = *sums;
  const int8x8_t za = vdup_n_s8((int8_t)k.zero[0]), zb = vdup_n_s8((int8_t)k.zero[1]);
  const int32x4_t left = vdupq_n_s32(k.left), mult = vdupq_n_s32(k.mult);
  const int32x4_t right = vdupq_n_s32(-k.right), out_right = vdupq_n_s32(-k.out_right);
  const int32x4_t out_mult = vdupq_n_s32(k.out_mult);
  const int16x8_t zero = vdupq_n_s16((int16_t)k.out_zero);
  const int8_t *const end = a + (n & ~7);
  for (; a != end; a += 8, b += 8, out += 8) {
    const int16x8_t x = vsubl_s8(vld1_s8(a), za), y = vsubl_s8(vld1_s8(b), zb);
    int32x4_t low = vshlq_s32(vmovl_s16(vget_low_s16(y)), left);
    int32x4_t high = vshlq_s32(vmovl_s16(vget_high_s16(y)), left);
    low = ei_four_scaled(low, mult, right), high = ei_four_scaled(high, mult, right);
    low = vaddq_s32(low, vshlq_n_s32(vmovl_s16(vget_low_s16(x)), 19));
    high = vaddq_s32(high, vshlq_n_s32(vmovl_s16(vget_high_s16(x)), 19));
    low = ei_four_scaled(low, out_mult, out_right);
    high = ei_four_scaled(high, out_mult, out_right);
    vst1_s8(out, vqmovn_s16(vqaddq_s16(ei_narrow_32(low, high), zero)));
  }
  return n & ~7;
}

#endif
