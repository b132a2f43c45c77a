/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over a pooling window: SXTAB16 adds two channels at a time.
 */
#ifndef EI_ISA_ARM_DSP_POOL_H
#define EI_ISA_ARM_DSP_POOL_H

enum { EI_POOL_CHANNELS = 4 };

/* Of neighbouring channels, over h rows of w taps, at most EI_POOL_TAPS in all, `step` bytes apart
 * and `skip` more from row to row. */
EI_INLINE void ei_pool_sums(const int8_t *a, int32_t h, int32_t w, int32_t step, int32_t skip,
                            int16_t sums[EI_POOL_CHANNELS]) {
  uint32_t even = 0, odd = 0;
  for (; h > 0; h--, a += skip)
    for (int32_t i = w; i > 0; i--, a += step) {
      const uint32_t x = ei_load4(a);
      even = ei_sxtab16(even, x), odd = ei_sxtab16_ror8(odd, x);
    }
  sums[0] = (int16_t)even, sums[1] = (int16_t)odd;
  sums[2] = (int16_t)(even >> 16), sums[3] = (int16_t)(odd >> 16);
}

#endif
