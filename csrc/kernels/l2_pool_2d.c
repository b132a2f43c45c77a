/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][c] = clamp(root of the mean of in[..][..][c]^2 over the window's taps inside), float32
 *
 * As L2Pool in TFLite (kernels/internal/reference/reference_ops.h).
 */
#include "float_math.h"

#include "pool.h"

typedef struct {
  ei_pool_params pool;    /* its clamp is not used */
  float act_min, act_max; /* of the fused activation */
} ei_l2_pool_2d_params;

void ei_l2_pool_2d_run(const ei_call *c) {
  const ei_l2_pool_2d_params *params = c->params;
  const ei_pool_params *p = &params->pool;
  const int32_t channels = p->channels;
  float *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++) {
      const ei_pool_window w = ei_pool_clip(p, c, y, x);
      const float *const first = (const float *)c->in[0] + (w.first - (const int8_t *)c->in[0]);
      for (int32_t ch = 0; ch < channels; ch++) {
        float sum = 0;
        for (int32_t i = 0; i < w.h; i++)
          for (int32_t j = 0; j < w.w; j++) {
            const float value = first[(i * p->in_w + j) * channels + ch];
            sum += value * value;
          }
        float root = sqrtf(sum / (float)(w.h * w.w));
        root = root < params->act_min ? params->act_min : root;
        *out++ = root > params->act_max ? params->act_max : root;
      }
    }
}

int ei_l2_pool_2d_check(const ei_call *c, ei_need *need) {
  if (need->params_bytes < sizeof(ei_l2_pool_2d_params)) return EI_ERR_BOUNDS;
  const int result = ei_pool_check(c, need);
  need->in[0] *= 4, need->out *= 4;
  need->in_align = need->out_align = 4;
  return result;
}

uint32_t ei_l2_pool_2d_scratch(const void *params) {
  (void)params;
  return 0;
}
