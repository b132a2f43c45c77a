/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][i multiplier + m] =
 *     clamp(bias[i multiplier + m] + sum over ky, kx of w[ky][kx][i multiplier + m] in[iy][ix][i])
 *
 * DEPTHWISE_CONV_2D of float32. The sums are made in the output, tap by tap without those in the
 * padding, as DepthwiseConv in TFLite (kernels/internal/reference/depthwiseconv_float.h).
 */
#include "float_math.h"

#include "conv.h"

typedef struct {
  uint32_t weights;       /* data offset: float [k_h][k_w][out_c] */
  uint32_t bias;          /* data offset: float [out_c] */
  ei_conv conv;           /* without zero points and clamp */
  uint32_t multiplier;    /* outputs of each input channel */
  float act_min, act_max; /* of the fused activation */
} ei_depthwise_float_params;

static void add_tap(float *sum, const float *in, const float *w, int32_t channels,
                    int32_t multiplier) {
  if (multiplier == 1) {
    for (int32_t i = 0; i < channels; i++) sum[i] += in[i] * w[i];
    return;
  }
  for (; channels > 0; channels--, in++)
    for (int32_t m = multiplier; m > 0; m--) *sum++ += *in * *w++;
}

void ei_depthwise_float_run(const ei_call *c) {
  const ei_depthwise_float_params *params = c->params;
  const ei_conv *p = &params->conv;
  const float *const w = (const void *)(c->data + params->weights);
  const float *const bias = (const void *)(c->data + params->bias);
  const float *const in = c->in[0];
  const int32_t in_c = p->in_c, out_c = p->out_c, multiplier = (int32_t)params->multiplier;
  float *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++, out += out_c) {
      for (int32_t o = 0; o < out_c; o++) out[o] = 0;
      EI_CONV_TAPS(p, c, y, x, add_tap(out, in + in_at, w + tap * out_c, in_c, multiplier));
      for (int32_t o = 0; o < out_c; o++)
        out[o] = ei_clamp_float(out[o] + bias[o], params->act_min, params->act_max);
    }
}

int ei_depthwise_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_float_params, p, c, need);
  const uint64_t out_c = p->conv.out_c;
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  if ((uint64_t)p->conv.in_c * p->multiplier != out_c ||
      !ei_has_data(need, p->weights, (uint64_t)p->conv.k_h * p->conv.k_w * out_c, 4) ||
      !ei_has_data(need, p->bias, out_c, 4))
    return EI_ERR_PARAMS;
  need->in[0] *= 4, need->out *= 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_depthwise_float_scratch(const void *params) {
  (void)params;
  return 0;
}
