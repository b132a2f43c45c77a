/* SPDX-License-Identifier: Apache-2.0
 *
 * functions.h in 16-bit fixed point, as recurrent cells take them, equal to gemmlowp's int16
 * functions (fixedpoint/fixedpoint.h) in every bit. Qn: n integer bits, 15 - n fractional ones.
 */
#ifndef EI_FUNCTIONS16_H
#define EI_FUNCTIONS16_H

#include "fixed_point.h"

static inline int32_t ei_clamp16(int32_t x) { return ei_clamp(x, INT16_MIN, INT16_MAX); }

/* SaturatingRoundingDoublingHighMul for int16. */
static inline int32_t ei_mul16(int32_t a, int32_t b) {
  const int32_t x = (a * b + (1 << 14)) >> 15;
  return x > INT16_MAX ? INT16_MAX : x;
}

/* exp(a) for a in [-1/4, 0), Q0 to Q0: a Taylor polynomial around -1/8. */
static inline int32_t ei_exp_quarter16(int32_t a) {
  const int32_t exp_minus_eighth = 28918, third = 10923; /* e^(-1/8), 1/3 */
  const int32_t x = a + (1 << 12);
  const int32_t x2 = ei_mul16(x, x), x3 = ei_mul16(x2, x), x4 = ei_mul16(x2, x2);
  const int32_t tail = ei_div_pot(ei_mul16(ei_div_pot(x4, 2) + x3, third) + x2, 1);
  return ei_clamp16(exp_minus_eighth + ei_mul16(exp_minus_eighth, x + tail));
}

/* exp(a) for a <= 0, Q`bits` to Q0; bits in 0..7. */
static inline int32_t ei_exp16(int32_t a, int bits) {
  /* e^-(2^k) in Q15 for k = -2..4; the last is nothing. */
  static const int16_t factor[] = {25520, 19875, 12055, 4435, 600, 11, 0};
  const int fraction = 15 - bits;
  if (a == 0) return INT16_MAX;
  if (bits > 5 && a < -(32 << fraction)) return 0;
  const int32_t quarter = 1 << (fraction - 2);
  const int32_t low = (a & (quarter - 1)) - quarter, rest = low - a;
  int32_t result = ei_exp_quarter16(ei_clamp16(low * (1 << bits)));
  for (int k = -2; k < bits && k < 5; k++)
    if (rest >> (fraction + k) & 1) result = ei_mul16(result, factor[k + 2]);
  return result;
}

/* 1 / (1 + x) for x in [0, 1), Q0 to Q2: three Newton-Raphson steps. */
static inline int32_t ei_half_reciprocal16(int32_t x) {
  const int32_t half = (x + INT16_MAX + 1) / 2; /* (x + 1) / 2, rounded */
  int32_t r = 23130 + ei_mul16(half, -15420);   /* 48/17 - 32/17 d */
  for (int i = 0; i < 3; i++) r += ei_clamp16(ei_mul16(r, (1 << 13) - ei_mul16(half, r)) * 4);
  return r;
}

/* 1 / (1 + exp(-x)), Q3 to Q0. */
static inline int32_t ei_logistic16(int32_t x) {
  const int32_t e = ei_exp16(x < 0 ? x : -x, 3);
  const int32_t positive = ei_clamp16(ei_half_reciprocal16(e) * 2);
  return x > 0 ? positive : x < 0 ? INT16_MAX - positive : 1 << 14;
}

/* tanh(x), Q`bits` to Q0; bits in 0..6. */
static inline int32_t ei_tanh16(int32_t x, int bits) {
  const int32_t e = ei_exp16(x < 0 ? x : -x, bits + 1);
  const int32_t positive = ei_clamp16((ei_half_reciprocal16(e) - (1 << 13)) * 4);
  return x > 0 ? positive : x < 0 ? -positive : 0;
}

#endif
