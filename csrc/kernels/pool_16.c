/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D and MAX_POOL_2D of int16, as AveragePool and MaxPool in TFLite
 * (kernels/internal/reference/integer_ops/pooling.h): the padding does not count, and the mean is
 * rounded halves away from zero.
 */
#include "fixed_point.h"
#include "kernel.h"

typedef struct {
  uint16_t in_h, in_w, channels, out_h, out_w; /* elements */
  uint16_t k_h, k_w, stride_h, stride_w;
  uint16_t pad_top, pad_left; /* rows, columns */
  int16_t act_min, act_max;   /* of the fused activation */
  uint16_t average;           /* 1: the mean, 0: the largest */
} ei_pool_16_params;

/* One channel of one window; `in` is its first element in row in_y0. */
static int32_t pool(const ei_pool_16_params *p, const ei_call *c, const int16_t *in, int32_t top,
                    int32_t left) {
  const int32_t bottom = top + p->k_h < p->in_h ? top + p->k_h : p->in_h;
  const int32_t right = left + p->k_w < p->in_w ? left + p->k_w : p->in_w;
  int64_t sum = 0;
  int32_t count = 0, most = INT16_MIN;
  for (int32_t y = top < 0 ? 0 : top; y < bottom; y++)
    for (int32_t x = left < 0 ? 0 : left; x < right; x++, count++) {
      const int32_t value = in[((y - c->in_y0) * p->in_w + x) * p->channels];
      sum += value;
      most = value > most ? value : most;
    }
  if (!p->average) return most;
  return (int32_t)((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
}

void ei_pool_16_run(const ei_call *c) {
  const ei_pool_16_params *p = c->params;
  int16_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++)
      for (int32_t ch = 0; ch < p->channels; ch++) {
        const int32_t q = pool(p, c, (const int16_t *)c->in[0] + ch, y * p->stride_h - p->pad_top,
                               x * p->stride_w - p->pad_left);
        *out++ = (int16_t)ei_clamp(q, p->act_min, p->act_max);
      }
}

int ei_pool_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_pool_16_params, p, c, need);
  const ei_axis vertical = {p->stride_h, p->pad_top, p->k_h, p->in_h};
  const ei_axis horizontal = {p->stride_w, p->pad_left, p->k_w, p->in_w};
  const uint32_t rows = ei_window_rows(c, vertical);
  if (rows == 0 || !ei_axis_ok(horizontal, 0, p->out_w) || p->channels == 0 || c->y1 > p->out_h ||
      p->average > 1)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)rows * p->in_w * p->channels * 2;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_w * p->channels * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_pool_16_scratch(const void *params) {
  (void)params;
  return 0;
}
