/* SPDX-License-Identifier: Apache-2.0
 *
 * Transcendental functions in fixed point, equal to gemmlowp's (fixedpoint/fixedpoint.h) in every
 * bit. Qn: n integer bits, 31 - n fractional ones.
 */
#ifndef EI_FUNCTIONS_H
#define EI_FUNCTIONS_H

#include <limits.h>

#include "fixed_point.h"

enum { EI_SUM_BITS = 12 /* integer bits of a sum of exponentials */ };

/* exp(a) for a in [-1/4, 0), Q0 to Q0: a Taylor polynomial around -1/8. */
static inline int32_t ei_exp_quarter(int32_t a) {
  const int32_t exp_minus_eighth = 1895147668, third = 715827883; /* e^(-1/8), 1/3 */
  const int32_t x = ei_add_wrap(a, INT32_C(1) << 28);
  const int32_t x2 = ei_mul_high(x, x), x3 = ei_mul_high(x2, x), x4 = ei_mul_high(x2, x2);
  const int32_t tail = ei_add_wrap(ei_mul_high(ei_add_wrap(ei_div_pot(x4, 2), x3), third), x2);
  const int32_t polynomial = ei_add_wrap(x, ei_div_pot(tail, 1));
  return ei_add_wrap(exp_minus_eighth, ei_mul_high(exp_minus_eighth, polynomial));
}

/* exp(a) for a <= 0, Q5 to Q0. */
static inline int32_t ei_exp_q5(int32_t a) {
  /* e^-(2^k) in Q31 for k = -2..4: one factor for each bit above the quarter. */
  static const int32_t factor[] = {1672461947, 1302514674, 790015084, 290630308,
                                   39332535,   720401,     242};
  if (a == 0) return INT32_MAX;
  const int32_t quarter = INT32_C(1) << 24;
  const int32_t low = (a & (quarter - 1)) - quarter;
  const uint32_t rest = (uint32_t)low - (uint32_t)a;
  int32_t result = ei_exp_quarter(ei_shl_saturate(low, 5));
  for (int k = 0; k < 7; k++)
    if (rest >> (24 + k) & 1) result = ei_mul_high(result, factor[k]);
  return result;
}

/* 1 / (1 + x) for x in [0, 1), Q0 to Q0: three Newton-Raphson steps on half the denominator. */
static inline int32_t ei_one_over_one_plus(int32_t x) {
  const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);    /* (x + 1) / 2, rounded */
  int32_t r = ei_add_wrap(1515870810, ei_mul_high(half, -1010580540)); /* 48/17 - 32/17 d, Q2 */
  for (int i = 0; i < 3; i++) {
    const int32_t error =
        ei_add_wrap(INT32_C(1) << 29, (int32_t)(0u - (uint32_t)ei_mul_high(half, r)));
    r = ei_add_wrap(r, ei_shl_saturate(ei_mul_high(r, error), 2));
  }
  return ei_shl_saturate(r, 1);
}

/* Leading zeros of a 32-bit number; 32 for 0. */
static inline int ei_leading_zeros(uint32_t x) {
#if defined(__GNUC__) && UINT_MAX == UINT32_MAX
  return x == 0 ? 32 : __builtin_clz(x);
#else
  int n = 32;
  for (; x != 0; x >>= 1) n--;
  return n;
#endif
}

/* 1 / x of a positive Q`integer_bits` number as scale (Q0) * 2^-bits. */
static inline int32_t ei_reciprocal(int32_t x, int integer_bits, int *bits) {
  const int zeros = ei_leading_zeros((uint32_t)x);
  *bits = integer_bits - zeros;
  const uint32_t shifted = zeros < 32 ? (uint32_t)x << zeros : 0;
  return ei_one_over_one_plus((int32_t)(shifted - (UINT32_C(1) << 31)));
}

/* log(x) of a number from 1 on in Q12, in Q5, as log_x_for_x_greater_than_or_equal_to_1 in TFLite
 * (kernels/internal/common.h): x = 2^n r with r around 2^(-1/4), and a quotient of polynomials for
 * log(r). */
static inline int32_t ei_log_q5(int32_t x) {
  const int32_t root_half = 1518500250, middle = 1805811301; /* 2^(-1/2), 2^(-1/4) */
  const int32_t one = INT32_C(1) << (31 - 6), quarter = INT32_C(1) << (29 - 6); /* Q6 */
  const int zeros = ei_leading_zeros((uint32_t)x);
  const int zeros_half = ei_leading_zeros((uint32_t)ei_mul_high(x, root_half));
  const int32_t low = ei_shl_saturate(ei_mul_high(ei_shl_saturate(x, zeros - 1), root_half), 1);
  const int32_t high = ei_shl_saturate(x, zeros_half - 1);
  const int32_t r = low < high ? low : high;
  const int32_t power_low = (EI_SUM_BITS - zeros) * one + quarter;
  const int32_t power_high = (EI_SUM_BITS + 1 - zeros_half) * one - quarter;
  const int32_t power = power_low > power_high ? power_low : power_high;
  const int32_t mean = (int32_t)(((int64_t)r + middle + 1) / 2), q = ei_shl_wrap(r - middle, 1);
  const int32_t square = ei_mul_high(q, q);
  const int32_t numerator =
      ei_add_wrap(ei_mul_high(q, r), ei_mul_high(ei_mul_high(q, square), 117049297));
  const int32_t inner = ei_add_wrap(ei_add_wrap(1057819769, q), ei_mul_high(square, 127690142));
  const int32_t denominator = ei_add_wrap(ei_mul_high(mean, inner), ei_mul_high(q, 638450708));
  const int32_t fraction = ei_mul_high(ei_div_pot(numerator, 6), ei_one_over_one_plus(denominator));
  return ei_shl_saturate(ei_add_wrap(ei_mul_high(power, 1488522236), fraction), 1);
}

#endif
