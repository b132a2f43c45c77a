/* SPDX-License-Identifier: Apache-2.0
 *
 * Four neighbouring outputs requantized at once, to the bit as fixed_point.h does: VQRDMULH is
 * SaturatingRoundingDoublingHighMul. VRSHL rounds halves up; lowering negative numbers by one makes
 * that RoundingDivideByPOT, which rounds them away from zero.
 */
#ifndef EI_ISA_ARM_MVE_FOUR_H
#define EI_ISA_ARM_MVE_FOUR_H

typedef struct {
  int32x4_t bias, mult, shift;
  int32_t zero;
} ei_four;

/* Of the first `left` channels from here on, at most four. */
EI_INLINE ei_four ei_four_at(const int32_t *bias, const int32_t *mult, const int8_t *shift,
                             int32_t zero, int32_t left) {
  const mve_pred16_t some = vctp32q((uint32_t)left);
  const ei_four four = {vldrwq_z_s32(bias, some), vldrwq_z_s32(mult, some),
                        vldrbq_z_s32(shift, some), zero};
  return four;
}

/* Whether ei_four_out will do: all shifts are to the right. */
EI_INLINE int ei_four_short(const ei_four *f) { return vmaxvq_s32(INT32_MIN, f->shift) < 0; }

/* Saturated to bytes, each at the bottom of its word. The compiler would copy x before each step.
 */
EI_INLINE int32x4_t ei_four_bytes(int32x4_t x) {
  __asm__("vqmovnb.s32 %q0, %q0\n\tvqmovnb.s16 %q0, %q0" : "+w"(x));
  return x;
}

EI_INLINE void ei_four_out(int8_t *out, int32x4_t x, const ei_four *f) {
  x = vqrdmulhq_s32(vaddq_s32(x, f->bias), f->mult);
  x = vrshlq_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), f->shift);
  vstrbq_s32(out, ei_four_bytes(vaddq_n_s32(x, f->zero)));
}

/* zero + requantized x, for any shifts. */
EI_INLINE int32x4_t ei_four_rounded(int32x4_t x, int32x4_t mult, int32x4_t shift, int32_t zero) {
  const int32x4_t none = vdupq_n_s32(0), down = vminq_s32(shift, none);
  x = vqrdmulhq_s32(vshlq_s32(x, vmaxq_s32(shift, none)), mult);
  x = vrshlq_s32(vaddq_s32(x, vshrq_n_s32(vandq_s32(x, down), 31)), down);
  return vaddq_n_s32(x, zero);
}

/* Some of four, with any shifts. */
EI_INLINE void ei_four_out_any(int8_t *out, int32x4_t x, const ei_four *f, mve_pred16_t some) {
  x = ei_four_rounded(vaddq_s32(x, f->bias), f->mult, f->shift, f->zero);
  vstrbq_p_s32(out, ei_four_bytes(x), some);
}

#endif
