/* SPDX-License-Identifier: Apache-2.0
 *
 * The 64-bit sums of int16 activations, and their requantization: as MultiplyByQuantizedMultiplier
 * for int64 in TFLite (kernels/internal/common.cc), a multiplier of 16 bits, rounded once.
 */
#ifndef EI_WIDE_H
#define EI_WIDE_H

#include <stdint.h>

/* The sum of a[i] w[i]. Products have 23 bits: 256 of them fit an int32. */
static inline int64_t ei_dot_wide(const int16_t *a, const int8_t *w, int32_t n) {
  int64_t sum = 0;
  while (n > 0) {
    int32_t part = 0;
    for (int32_t end = n < 256 ? n : 256; end > 0; end--, n--) part += (int32_t)*a++ * *w++;
    sum += part;
  }
  return sum;
}

/* x * m * 2^(shift - 31); m >= 0, shift in -31..14. The low 32 bits are the result, as there. */
static inline int32_t ei_requantize_wide(int64_t x, int32_t m, int shift) {
  const int64_t reduced = m < 0x7FFF0000 ? (m + (INT32_C(1) << 15)) >> 16 : 0x7FFF;
  const int total = 15 - shift;
  const uint64_t scaled = (uint64_t)x * (uint64_t)reduced + (UINT64_C(1) << (total - 1));
  return (int32_t)((int64_t)scaled >> total);
}

/* Whether n shifts suit it. */
static inline int ei_wide_shifts_ok(const uint8_t *shift, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if ((int8_t)shift[i] < -31 || (int8_t)shift[i] > 14) return 0;
  return 1;
}

/* A function between the 513 points of its table, every 2^7 of int16, as LUTLookup in TFLite
 * (kernels/internal/common.h). */
static inline int32_t ei_lookup_16(const int16_t *table, int32_t x) {
  const int32_t at = 256 + (x >> 7), base = table[at], slope = (int16_t)(table[at + 1] - base);
  return (int16_t)(base + ((slope * (x & 0x7F) + 64) >> 7));
}

#endif
