/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over a pooling window with vectors.
 */
#ifndef EI_ISA_ARM_MVE_POOL_H
#define EI_ISA_ARM_MVE_POOL_H

enum { EI_POOL_CHANNELS = 8 };

/* As in arm_dsp/pool.h. */
EI_INLINE void ei_pool_sums(const int8_t *a, int32_t h, int32_t w, int32_t step, int32_t skip,
                            int16_t sums[EI_POOL_CHANNELS]) {
  int16x8_t sum = vdupq_n_s16(0);
  for (; h > 0; h--, a += skip)
    for (int32_t i = w; i > 0; i--, a += step) sum = vaddq_s16(sum, vldrbq_s16(a));
  vstrhq_s16(sums, sum);
}

#endif
