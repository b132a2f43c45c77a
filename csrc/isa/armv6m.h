/* SPDX-License-Identifier: Apache-2.0
 *
 * ARMv6-M (Cortex-M0, M0+): no SIMD, no long multiplication, eight registers that everything can
 * use. With EI_ARMV6M_EMULATION a host runs this very file, its assembly in C.
 */
#ifndef EI_ISA_ARMV6M_H
#define EI_ISA_ARMV6M_H

#include <stdint.h>

#define EI_MUL_ADD_HIGH
#define EI_PAIR_BLOCK
#define EI_STRIP_RECTIFIED

#ifndef EI_ARMV6M_EMULATION
#define EI_PAIR_QUADS
#include "isa/armv6m/quads.h"
#endif

#include "isa/portable.h"

/* c + (a b + 2^31) / 2^32, rounded down, b not negative: from products of halves. What the lowest
 * one has below 2^16 cannot carry, since all else is a multiple of 2^16. */
EI_INLINE int32_t ei_mul_add_high(int32_t a, int32_t b, int32_t c) {
  const uint32_t ah = (uint32_t)(a >> 16), al = (uint32_t)a & 0xFFFF;
  const uint32_t bh = (uint32_t)b >> 16, bl = (uint32_t)b & 0xFFFF;
  const uint32_t mid = ah * bl;
  const uint32_t low = al * bh + (mid & 0xFFFF) + (al * bl >> 16) + 0x8000;
  return (int32_t)((uint32_t)c + ah * bh + (uint32_t)((int32_t)mid >> 16) + (low >> 16));
}

/* The high word of x m, neither of them negative nor above 2^31 - 1: the sum of the middle products
 * does not overflow. */
EI_INLINE uint32_t ei_high_word(uint32_t x, uint32_t m) {
  const uint32_t xh = x >> 16, xl = x & 0xFFFF, mh = m >> 16, ml = m & 0xFFFF;
  return xh * mh + ((xl * mh + xh * ml + (xl * ml >> 16)) >> 16);
}

/* ei_output_twice where outputs below the zero point are clamped to it, from 4 x, |x| < 2^23, with
 * right in 1..16. Negative sums give the zero point, which leaves products of numbers that are not
 * negative, and rounding twice is rounding once. `offset` is 1 + (2 zero + 1) 2^right. */
EI_INLINE int32_t ei_rectified_quarters(int32_t x4, uint32_t m, int32_t right, int32_t offset,
                                        int32_t zero) {
  if (x4 < 0) return zero;
  const int32_t value = (int32_t)(ei_high_word((uint32_t)x4, m) + (uint32_t)offset) >> (right + 1);
  return value > INT8_MAX ? INT8_MAX : value;
}

#define EI_SCALED_VALUE
EI_INLINE int32_t ei_scaled_value(int32_t x256, int32_t m, int32_t offset) {
  if (x256 < 0) return offset >> EI_SCALED_SHIFT;
  const uint32_t high = ei_high_word((uint32_t)x256, (uint32_t)m);
  const int32_t value = (int32_t)(high + (uint32_t)offset) >> EI_SCALED_SHIFT;
  return value > INT8_MAX ? INT8_MAX : value;
}

#include "isa/armv6m/pairs.h"
#include "isa/armv6m/outputs.h"
#include "isa/armv6m/tile.h"

#endif
