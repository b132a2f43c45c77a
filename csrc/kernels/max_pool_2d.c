/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][c] = clamp(max of in[..][..][c] over the window's taps inside)
 *
 * As MaxPool in TFLite (kernels/internal/reference/integer_ops/pooling.h).
 */
#include "pool.h"

typedef ei_pool_params ei_max_pool_2d_params;

void ei_max_pool_2d_run(const ei_call *c) {
  const ei_pool_params *p = c->params;
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++) {
      const ei_pool_window w = ei_pool_clip(p, c, y, x);
      for (int32_t ch = 0; ch < p->channels; ch++) {
        int32_t max = INT8_MIN;
        const int8_t *row = w.first + ch;
        for (int32_t i = 0; i < w.h; i++, row += p->in_w * p->channels)
          for (int32_t j = 0; j < w.w; j++)
            if (row[j * p->channels] > max) max = row[j * p->channels];
        *out++ = (int8_t)ei_clamp(max, p->act_min, p->act_max);
      }
    }
}

int ei_max_pool_2d_check(const ei_call *c, ei_need *need) { return ei_pool_check(c, need); }

uint32_t ei_max_pool_2d_scratch(const void *params) {
  (void)params;
  return 0;
}
