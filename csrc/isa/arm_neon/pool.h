/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over a pooling window with NEON.
 */
#ifndef EI_ISA_ARM_NEON_POOL_H
#define EI_ISA_ARM_NEON_POOL_H

enum { EI_POOL_CHANNELS = 16 };

/* As in arm_dsp/pool.h. */
EI_INLINE void ei_pool_sums(const int8_t *a, int32_t h, int32_t w, int32_t step, int32_t skip,
                            int16_t sums[EI_POOL_CHANNELS]) {
  int16x8_t low = vdupq_n_s16(0), high = vdupq_n_s16(0);
  for (; h > 0; h--, a += skip)
    for (int32_t i = w; i > 0; i--, a += step) {
      const int8x16_t x = vld1q_s8(a);
      low = vaddw_s8(low, vget_low_s8(x)), high = vaddw_s8(high, vget_high_s8(x));
    }
  vst1q_s16(sums, low), vst1q_s16(sums + 8, high);
}

#endif
