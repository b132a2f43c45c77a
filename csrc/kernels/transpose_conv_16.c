/* SPDX-License-Identifier: Apache-2.0
 *
 * TRANSPOSE_CONV of int16 activations: int8 weights, int64 sums, int64 bias [out_c]; zero points
 * are 0. As TransposeConv for int16 in TFLite (kernels/internal/reference/integer_ops/
 * transpose_conv.h).
 */
#include "transposed.h"
#include "wide.h"

typedef ei_transposed ei_transpose_conv_16_params;

/* One output, from the taps of each row that lie inside the input. */
static int64_t sum_of(const ei_conv *p, const ei_call *c, ei_phase down, ei_phase across,
                      const int8_t *w) {
  const int32_t in_w = p->in_w, in_c = p->in_c;
  const ei_taps_inside row = ei_phase_inside(across, in_w);
  int64_t sum = 0;
  for (int32_t j = 0; j < down.taps && row.first < row.last; j++) {
    const int32_t iy = down.in + j;
    if (iy < 0 || iy >= p->in_h) continue;
    const int16_t *in =
        (const int16_t *)c->in[0] + ((iy - c->in_y0) * in_w + across.in + row.first) * in_c;
    sum += ei_dot_wide(in, w + (j * across.taps + row.first) * in_c, (row.last - row.first) * in_c);
  }
  return sum;
}

void ei_transpose_conv_16_run(const ei_call *c) {
  const ei_transpose_conv_16_params *params = c->params;
  const ei_conv *p = &params->conv;
  const int64_t *bias = (const void *)(c->data + params->bias);
  const int32_t *mult = (const void *)(c->data + params->mult);
  const int8_t *shift = (const int8_t *)c->data + params->shift;
  const int32_t out_c = p->out_c, out_w = p->out_w, stride_w = p->stride_w;
  int16_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, out += out_w * out_c) {
    const ei_phase down = ei_phase_at(y + p->pad_top, p->k_h, p->stride_h);
    for (int32_t first = 0; first < stride_w && first < out_w; first++) {
      ei_phase across = ei_phase_at(first + p->pad_left, p->k_w, stride_w);
      const int8_t *const weights =
          (const int8_t *)c->data + params->weights + ei_phase_weights(p, down, across);
      const int32_t n = down.taps * across.taps * p->in_c;
      for (int32_t x = first; x < out_w; x += stride_w, across.in++) {
        const int8_t *w = weights;
        for (int32_t o = 0; o < out_c; o++, w += n) {
          const uint64_t sum = (uint64_t)sum_of(p, c, down, across, w) + (uint64_t)bias[o];
          const int32_t q = params->narrow
                                ? ei_requantize((int32_t)(uint32_t)sum, mult[o], shift[o])
                                : ei_requantize_wide((int64_t)sum, mult[o], shift[o]);
          out[x * out_c + o] = (int16_t)ei_clamp(q, params->act_min, params->act_max);
        }
      }
    }
  }
}

int ei_transpose_conv_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_transpose_conv_16_params, p, c, need);
  const int result = ei_transposed_check(c, need, 2, p->conv.out_c, 8);
  if (result == EI_OK && !ei_wide_shifts_ok(c->data + p->shift, p->conv.out_c))
    return EI_ERR_PARAMS;
  return result;
}

uint32_t ei_transpose_conv_16_scratch(const void *params) {
  (void)params;
  return 0;
}
