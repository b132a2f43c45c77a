/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][c] = clamp(mean of in[..][..][c] over the window's taps inside, halves away from zero)
 *
 * As AveragePool in TFLite (kernels/internal/reference/integer_ops/pooling.h), and as that of uint8
 * (kernels/internal/reference/pooling.h), less 128.
 */
#include "pool.h"

typedef ei_pool_params ei_average_pool_2d_params;

EI_INLINE int8_t mean(const ei_pool_params *p, int32_t sum, int32_t count) {
  const int32_t half = count / 2;
  const int32_t found = p->upward ? (sum + 128 * count + half) / count - 128
                                  : (sum > 0 ? sum + half : sum - half) / count;
  return (int8_t)ei_clamp(found, p->act_min, p->act_max);
}

EI_NOINLINE int32_t sum_of(const int8_t *at, const ei_pool_window *w, int32_t step, int32_t skip) {
  int32_t sum = 0;
  for (int32_t i = w->h; i > 0; i--, at += skip)
    for (int32_t j = w->w; j > 0; j--, at += step) sum += *at;
  return sum;
}

void ei_average_pool_2d_run(const ei_call *c) {
  const ei_pool_params *p = c->params;
  const int32_t channels = p->channels;
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++, out += channels) {
      const ei_pool_window w = ei_pool_clip(p, c, y, x);
      const int32_t count = w.h * w.w;
      const int32_t skip = (p->in_w - w.w) * channels; /* from a row's end to the next one */
      int32_t ch = 0;
#ifdef EI_POOL
      for (; ch + EI_POOL_CHANNELS <= channels && count <= EI_POOL_TAPS; ch += EI_POOL_CHANNELS) {
        int16_t sums[EI_POOL_CHANNELS];
        ei_pool_sums(w.first + ch, w.h, w.w, channels, skip, sums);
        for (int i = 0; i < EI_POOL_CHANNELS; i++) out[ch + i] = mean(p, sums[i], count);
      }
#endif
      for (; ch < channels; ch++)
        out[ch] = mean(p, sum_of(w.first + ch, &w, channels, skip), count);
    }
}

int ei_average_pool_2d_check(const ei_call *c, ei_need *need) { return ei_pool_check(c, need); }

uint32_t ei_average_pool_2d_scratch(const void *params) {
  (void)params;
  return 0;
}
