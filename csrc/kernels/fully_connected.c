/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][o] = clamp(zo + requant(bias[o] + sum over i of w[o][i] in[y][i]))
 *
 * in [rows, in_c], w [out_c, in_c], out [rows, out_c]; one multiplier for all outputs or
 * one for each; as FullyConnected and FullyConnectedPerChannel in TFLite
 * (kernels/internal/reference/integer_ops/fully_connected.h). The input's
 * zero point is folded into the bias on the PC.
 */
#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t weights;         /* data offset: int8 [out_c][in_c] */
  uint32_t bias;            /* data offset: int32 [out_c], corrected */
  uint32_t mult;            /* data offset: int32 [out_c] or [1], Q31 */
  uint32_t shift;           /* data offset: int8, as many, -31..30 */
  uint32_t in_c, out_c;     /* elements */
  int16_t out_zero;         /* zero point, -128..127 */
  uint16_t per_channel;     /* 1 when outputs have their own multipliers, else 0 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
} ei_fully_connected_params;

void ei_fully_connected_run(const ei_call *c) {
  const ei_fully_connected_params *p = c->params;
  const int32_t *bias = (const void *)(c->data + p->bias);
  const int32_t n = (int32_t)p->in_c, out_c = (int32_t)p->out_c, step = p->per_channel;
  const int32_t zero = p->out_zero;
  const int8_t *in = (const int8_t *)c->in[0] + (c->y0 - c->in_y0) * n;
  int8_t *out = c->out;

  for (int32_t y = c->y0; y < c->y1; y++, in += n) {
    const int8_t *w = (const int8_t *)c->data + p->weights;
    const int32_t *mult = (const void *)(c->data + p->mult);
    const int8_t *shift = (const int8_t *)c->data + p->shift;
    int32_t o = 0;
    for (; o + 4 <= out_c; o += 4, w += 4 * n) {
      int32_t acc[4] = {bias[o], bias[o + 1], bias[o + 2], bias[o + 3]};
      ei_dot_1x4(in, w, n, acc);
      for (int i = 0; i < 4; i++, mult += step, shift += step)
        ei_output(out++, acc[i], *mult, *shift, zero);
    }
    for (; o < out_c; o++, w += n, mult += step, shift += step)
      ei_output(out++, ei_dot(in, w, n, bias[o]), *mult, *shift, zero);
  }
  ei_clamp_all(c->out, (c->y1 - c->y0) * out_c, p->act_min, p->act_max);
}

int ei_fully_connected_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_fully_connected_params, p, c, need);
  const uint32_t scales = p->per_channel ? p->out_c : 1;
  if (p->in_c == 0 || p->in_c > INT32_MAX / 8 || p->out_c == 0 || p->out_c > INT32_MAX / 8 ||
      c->in_y0 > c->y0 || p->per_channel > 1 ||
      !ei_has_data(need, p->weights, (uint64_t)p->in_c * p->out_c, 1) ||
      !ei_has_data(need, p->bias, p->out_c, 4) || !ei_has_data(need, p->mult, scales, 4) ||
      !ei_has_data(need, p->shift, scales, 1) || !ei_shifts_ok(c->data + p->shift, scales))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_c;
  return EI_OK;
}

uint32_t ei_fully_connected_scratch(const void *params) {
  (void)params;
  return 0;
}
