/* SPDX-License-Identifier: Apache-2.0
 *
 * Four neighbouring outputs requantized at once, to the bit as fixed_point.h does: VQRDMULH is
 * SaturatingRoundingDoublingHighMul. VRSHL rounds halves up; lowering negative numbers by one makes
 * that RoundingDivideByPOT, which rounds them away from zero.
 */
#ifndef EI_ISA_ARM_NEON_FOUR_H
#define EI_ISA_ARM_NEON_FOUR_H

/* Four bytes, widened. */
EI_INLINE int32x4_t ei_four_int8(const int8_t *p) {
  uint32_t x;
  memcpy(&x, p, 4);
  return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(x)))));
}

/* Scaled down; all shifts are to the right. */
EI_INLINE int32x4_t ei_four_scaled(int32x4_t x, int32x4_t mult, int32x4_t shift) {
  x = vqrdmulhq_s32(x, mult);
  return vrshlq_s32(vsraq_n_s32(x, x, 31), shift);
}

/* The same for any shifts. */
EI_INLINE int32x4_t ei_four_scaled_any(int32x4_t x, int32x4_t mult, int32x4_t shift) {
  const int32x4_t none = vdupq_n_s32(0), down = vminq_s32(shift, none);
  x = vqrdmulhq_s32(vshlq_s32(x, vmaxq_s32(shift, none)), mult);
  return vrshlq_s32(vaddq_s32(x, vshrq_n_s32(vandq_s32(x, down), 31)), down);
}

/* Saturated to 16 bits. */
EI_INLINE int16x8_t ei_narrow_32(int32x4_t low, int32x4_t high) {
#ifdef __aarch64__
  return vqmovn_high_s32(vqmovn_s32(low), high);
#else
  return vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
#endif
}

/* Saturated to 8 bits. */
EI_INLINE int8x16_t ei_narrow_16(int16x8_t low, int16x8_t high) {
#ifdef __aarch64__
  return vqmovn_high_s16(vqmovn_s16(low), high);
#else
  return vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
#endif
}

/* What is added to scaled sums that wrap, as ei_output_any does. */
EI_INLINE int8x8_t ei_bytes_any(int32x4_t low, int32x4_t high, int32_t zero) {
  const int32x4_t z = vdupq_n_s32(zero);
  return vqmovn_s16(ei_narrow_32(vaddq_s32(low, z), vaddq_s32(high, z)));
}

#endif
