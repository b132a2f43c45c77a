/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of two tensors with vectors, four at a time.
 */
#ifndef EI_ISA_ARM_MVE_SUMS_H
#define EI_ISA_ARM_MVE_SUMS_H

/* x m 2^-right, rounded twice, for a shift to the right. */
EI_INLINE int32x4_t ei_four_scaled(int32x4_t x, int32_t mult, int32_t right) {
  x = vqrdmulhq_n_s32(x, mult);
  return vrshlq_n_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), -right);
}

/* The first of n elements, as many as there are whole fours; returns how many. */
EI_NOINLINE int32_t ei_sums_many(const ei_sums *sums, const int8_t *a, const int8_t *b, int8_t *out,
                                 int32_t n) {
  const ei_sums k = *sums;
  const int32_t zero = -k.zero[0] * (INT32_C(1) << 19);
  for (int32_t fours = n / 4; fours > 0; fours--, a += 4, b += 4, out += 4) {
    const int32x4_t x = vaddq_n_s32(vshlq_n_s32(vldrbq_s32(a), 19), zero);
    int32x4_t y = vshlq_r_s32(vaddq_n_s32(vldrbq_s32(b), -k.zero[1]), k.left);
    y = vaddq_s32(ei_four_scaled(y, k.mult, k.right), x);
    y = vaddq_n_s32(ei_four_scaled(y, k.out_mult, k.out_right), k.out_zero);
    vstrbq_s32(out, ei_four_bytes(y));
  }
  return n & ~3;
}

#endif
