/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][c] = clamp(the mean, the largest or the root of the mean square of in[..][..][c] over
 * the window's taps inside), float32, added up in the order of the input
 *
 * As AveragePool, MaxPool and L2Pool in TFLite (kernels/internal/reference/pooling.h).
 */
#include "float_math.h"

#include "pool.h"

/* The same numbers in edgeinfer/ops/pool.py. */
enum { AVERAGE, MAX, L2, N_POOLS };

typedef struct {
  ei_pool_params pool; /* its clamp is not used */
  uint32_t op;
  float act_min, act_max; /* of the fused activation */
} ei_pool_float_params;

/* One channel of one window of h by w taps. */
static float pool(uint32_t op, const float *in, int32_t h, int32_t w, int32_t down,
                  int32_t across) {
  float sum = 0, most = -3.40282347e+38f; /* the least finite number */
  for (int32_t i = 0; i < h; i++, in += down) {
    const float *at = in;
    for (int32_t j = 0; j < w; j++, at += across) {
      most = most < *at ? *at : most;
      sum += op == L2 ? *at * *at : *at;
    }
  }
  if (op == MAX) return most;
  sum /= (float)(h * w);
  return op == L2 ? sqrtf(sum) : sum;
}

void ei_pool_float_run(const ei_call *c) {
  const ei_pool_float_params *params = c->params;
  const ei_pool_params *p = &params->pool;
  const int32_t channels = p->channels;
  float *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++) {
      const ei_pool_window w = ei_pool_clip(p, c, y, x);
      const float *const first = (const float *)c->in[0] + (w.first - (const int8_t *)c->in[0]);
      for (int32_t ch = 0; ch < channels; ch++) {
        const float real = pool(params->op, first + ch, w.h, w.w, p->in_w * channels, channels);
        *out++ = ei_clamp_float(real, params->act_min, params->act_max);
      }
    }
}

int ei_pool_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_pool_float_params, p, c, need);
  if (p->op >= N_POOLS) return EI_ERR_PARAMS;
  const int result = ei_pool_check(c, need);
  need->in[0] *= 4, need->out *= 4;
  need->in_align = need->out_align = 4;
  return result;
}

uint32_t ei_pool_float_scratch(const void *params) {
  (void)params;
  return 0;
}
