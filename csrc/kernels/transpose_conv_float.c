/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(bias[o] + sum over ky, kx, i of w[o][ky][kx][i] in[iy][ix][i]), float32,
 * where iy stride_h + ky = y + pad_top and ix stride_w + kx = x + pad_left
 *
 * The sums are made in the order of the input, in which TransposeConv in TFLite scatters
 * (kernels/internal/reference/transpose_conv.h).
 */
#include "float_math.h"

#include "transposed.h"

typedef struct {
  uint32_t weights; /* data offset: float, of each phase [out_c][taps down][taps across][in_c] */
  uint32_t bias;    /* data offset: float [out_c] */
  ei_conv conv;     /* as in ei_transposed, without zero points and clamp */
  float act_min, act_max; /* of the fused activation */
} ei_transpose_conv_float_params;

/* One output, from the taps of each row that lie inside the input. */
static float sum_of(const ei_conv *p, const ei_call *c, ei_phase down, ei_phase across,
                    const float *w) {
  const int32_t in_w = p->in_w, in_c = p->in_c;
  const ei_taps_inside row = ei_phase_inside(across, in_w);
  float sum = 0;
  for (int32_t j = 0; j < down.taps && row.first < row.last; j++) {
    const int32_t iy = down.in + j;
    if (iy < 0 || iy >= p->in_h) continue;
    const float *in =
        (const float *)c->in[0] + ((iy - c->in_y0) * in_w + across.in + row.first) * in_c;
    const float *at = w + (j * across.taps + row.first) * in_c;
    for (int32_t n = (row.last - row.first) * in_c; n > 0; n--) sum += *in++ * *at++;
  }
  return sum;
}

void ei_transpose_conv_float_run(const ei_call *c) {
  const ei_transpose_conv_float_params *params = c->params;
  const ei_conv *p = &params->conv;
  const float *const weights = (const void *)(c->data + params->weights);
  const float *const bias = (const void *)(c->data + params->bias);
  const int32_t out_c = p->out_c, out_w = p->out_w, stride_w = p->stride_w;
  float *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, out += out_w * out_c) {
    const ei_phase down = ei_phase_at(y + p->pad_top, p->k_h, p->stride_h);
    for (int32_t first = 0; first < stride_w && first < out_w; first++) {
      ei_phase across = ei_phase_at(first + p->pad_left, p->k_w, stride_w);
      const float *const filters = weights + ei_phase_weights(p, down, across);
      const int32_t n = down.taps * across.taps * p->in_c;
      for (int32_t x = first; x < out_w; x += stride_w, across.in++)
        for (int32_t o = 0; o < out_c; o++) {
          const float sum = sum_of(p, c, down, across, filters + o * n) + bias[o];
          out[x * out_c + o] = ei_clamp_float(sum, params->act_min, params->act_max);
        }
    }
  }
}

int ei_transpose_conv_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_transpose_conv_float_params, p, c, need);
  const uint64_t n = (uint64_t)p->conv.k_h * p->conv.k_w * p->conv.in_c;
  if (!ei_has_data(need, p->weights, n * p->conv.out_c, 4) ||
      !ei_has_data(need, p->bias, p->conv.out_c, 4))
    return EI_ERR_PARAMS;
  return ei_transposed_check_window(c, &p->conv, need, 4);
}

uint32_t ei_transpose_conv_float_scratch(const void *params) {
  (void)params;
  return 0;
}
