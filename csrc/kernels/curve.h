/* SPDX-License-Identifier: Apache-2.0
 *
 * The logistic function and tanh of int16: a table of 256 points of the former, linear between
 * them; tanh(x) = 2 logistic(2 x) - 1.
 *
 * As Logistic and Tanh for int16 in TFLite (kernels/internal/reference/integer_ops/logistic.h,
 * tanh.h).
 */
#ifndef EI_CURVE_H
#define EI_CURVE_H

#include <stdint.h>

/* Of x with 3 * 2^12 for 1, in Q0.15. `table` is uint16 [256], 2^16 / (1 + exp(-k / 24)). */
static inline int16_t ei_curve_16(const uint16_t *table, int32_t x, int is_tanh) {
  const uint32_t bits = is_tanh ? 8 : 9; /* between two points */
  const uint32_t far = x < 0 ? 0u - (uint32_t)x : (uint32_t)x, at = far >> bits;
  uint32_t y; /* logistic(|x|), 16 + bits fractional ones */
  if (at >= 255)
    y = is_tanh ? UINT32_C(0xFFFF) << 8 : UINT32_C(0x7FFF) << 10;
  else
    y = ((uint32_t)table[at] << bits) +
        (far & ((1u << bits) - 1)) * (uint32_t)(table[at + 1] - table[at]);
  if (is_tanh) {
    const int32_t wide = (int32_t)y - (INT32_C(1) << 23);
    return (int16_t)((x >= 0 ? wide + (1 << 7) : -wide + (1 << 7) - 1) >> 8);
  }
  return (int16_t)((x >= 0 ? y + (1 << 9) : (UINT32_C(1) << 25) - y + (1 << 9) - 1) >> 10);
}

#endif
