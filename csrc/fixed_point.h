/* SPDX-License-Identifier: Apache-2.0
 *
 * The only rounding code: TFLite's double-rounding fixed-point arithmetic, as in gemmlowp's
 * fixedpoint.h and TFLite's kernels/internal/common.h. Signed sums that may wrap are made unsigned.
 */
#ifndef EI_FIXED_POINT_H
#define EI_FIXED_POINT_H

#include <stdint.h>

#include "isa/isa.h"

static inline int32_t ei_add_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t ei_shl_wrap(int32_t x, int32_t n) { return (int32_t)((uint32_t)x << n); }

static inline int32_t ei_clamp(int32_t x, int32_t lo, int32_t hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

/* SaturatingRoundingDoublingHighMul: (2 a b) / 2^32, halves towards plus infinity. gemmlowp divides
 * the nudged product towards zero; its nudge makes that equal to this shift for every input. */
static inline int32_t ei_mul_high(int32_t a, int32_t b) {
  if (a == b && a == INT32_MIN) return INT32_MAX;
  return ei_mul_q31(a, b);
}

/* RoundingDivideByPOT: x / 2^n, halves away from zero; n in 0..31. A negative x is lowered by one
 * first, which makes rounding halves up round them away. Only INT32_MAX with n = 1 overflows, which
 * takes the negative multiplier of a forged image. */
static inline int32_t ei_div_pot(int32_t x, int32_t n) {
  if (n == 0) return x;
  return ei_add_wrap(ei_add_wrap(x, x >> 31) >> (n - 1), 1) >> 1;
}

/* MultiplyByQuantizedMultiplier: x * m * 2^(shift - 31), rounding twice; shift in -31..30, m >= 0,
 * so that the product needs no saturation. Nearly every shift is negative: that way is the short
 * one. */
static inline int32_t ei_requantize(int32_t x, int32_t m, int32_t shift) {
  const int32_t up = shift > 0 ? shift : 0;
  x = ei_shl_wrap(x, up);
  x = ei_mul_q31(x, m);
  return ei_div_pot(x, up - shift);
}

/* *out = clamp(zero + requantize(x)); zero in -128..127. */
EI_NOINLINE void ei_output_any(int8_t *out, int32_t x, int32_t m, int32_t shift, int32_t zero) {
  x = ei_add_wrap(ei_requantize(x, m, shift), zero);
  *out = (int8_t)ei_clamp(x, INT8_MIN, INT8_MAX);
}

/* The same in line. Below -1, as nearly every shift is, the zero point joins the last rounding of
 * ei_div_pot, and no step overflows. */
EI_INLINE void ei_output(int8_t *out, int32_t x, int32_t m, int32_t shift, int32_t zero) {
  const int32_t right = ~shift;
  if (right <= 0) {
    ei_output_any(out, x, m, shift, zero);
    return;
  }
  x = ei_mul_q31(x, m);
  x = ei_add_wrap(x, x >> 31) >> right;
  *out = (int8_t)ei_half_int8(x + (2 * zero + 1));
}

/* The offset for ei_output_twice: half of the last rounding's divisor, and zero scaled by it. */
EI_INLINE int32_t ei_output_offset(int32_t right, int32_t zero) {
  return ei_shl_wrap(2 * zero + 1, right - 1);
}

/* clamp(zero + requantize(x)) from twice x, |x| < 2^30, for a shift of -right, right in 1..22: the
 * shorter way. The product's rounded high word is what SaturatingRoundingDoublingHighMul gives; it
 * is negative when x is, or 0, where -1 comes to the same. */
EI_INLINE int32_t ei_twice_value(int32_t x2, int32_t m, int32_t right, int32_t offset) {
  const int32_t q = ei_add_wrap(ei_mul_add_high(x2, m, offset), x2 >> 31);
  return ei_saturate_int8(q >> right);
}

EI_INLINE void ei_output_twice(int8_t *out, int32_t x2, int32_t m, int32_t right, int32_t offset) {
  *out = (int8_t)ei_twice_value(x2, m, right, offset);
}

/* The same where outputs below the zero point are clamped to it, from 256 x + f: of a sum with a
 * bias whose fraction f the PC chooses along with m, and what all filters have `more`, 0..255; and
 * it proves that every output is right (edgeinfer/ops/scaled.py). Sums below 0 give the zero point
 * or less. */
EI_INLINE int32_t ei_scaled_offset(int32_t zero, int32_t more) {
  return ei_shl_wrap(2 * zero + 1, EI_SCALED_SHIFT - 1) + more;
}

#ifndef EI_SCALED_VALUE
EI_INLINE int32_t ei_scaled_value(int32_t x256, int32_t m, int32_t offset) {
  return ei_saturate_int8(ei_mul_add_floor(x256, m, offset) >> EI_SCALED_SHIFT);
}
#endif

/* The rest of a fused activation, for n outputs that ei_output made. Few have one. */
static inline void ei_clamp_all(int8_t *x, int32_t n, int32_t lo, int32_t hi) {
  if (lo <= INT8_MIN && hi >= INT8_MAX) return;
  for (; n > 0; n--, x++) *x = (int8_t)ei_clamp(*x, lo, hi);
}

/* SaturatingLeftShift of gemmlowp (SaturatingRoundingMultiplyByPOT with a positive exponent). */
static inline int32_t ei_shl_saturate(int32_t x, int32_t n) {
  if (x > (INT32_MAX >> n)) return INT32_MAX;
  if (x < (INT32_MIN >> n)) return INT32_MIN;
  return ei_shl_wrap(x, n);
}

#endif
