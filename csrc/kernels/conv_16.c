/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 activations: int8 weights, int64 sums.
 *
 * As ConvPerChannel for int16 in TFLite (kernels/internal/reference/integer_ops/conv.h); zero
 * points are 0.
 */
#include "direct.h"
#include "wide.h"

typedef ei_direct ei_conv_16_params;

void ei_conv_16_run(const ei_call *c) {
  const ei_conv_16_params *p = c->params;
  const int64_t *bias = (const void *)(c->data + p->bias);
  const int32_t *mult = (const void *)(c->data + p->mult);
  const int8_t *shift = (const int8_t *)c->data + p->shift;
  const int32_t n = p->conv.k_h * p->conv.k_w * p->group_in, group_in = p->group_in;
  int16_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->conv.out_w; x++) {
      const int8_t *w = (const int8_t *)c->data + p->weights;
      for (int32_t o = 0; o < p->conv.out_c; o++, w += n) {
        const int16_t *in = (const int16_t *)c->in[0] + o / p->group_out * group_in;
        int64_t sum = (int64_t)0;
        EI_CONV_TAPS(&p->conv, c, y, x,
                     sum += ei_dot_wide(in + in_at, w + tap * group_in, group_in));
        sum = (int64_t)((uint64_t)sum + (uint64_t)bias[o]);
        const int32_t q = p->narrow ? ei_requantize((int32_t)sum, mult[o], shift[o])
                                    : ei_requantize_wide(sum, mult[o], shift[o]);
        *out++ = (int16_t)ei_clamp(q, p->act_min, p->act_max);
      }
    }
}

int ei_conv_16_check(const ei_call *c, ei_need *need) {
  const int result = ei_direct_check(c, need, 2, 8);
  const ei_conv_16_params *p = c->params;
  if (result == EI_OK && !ei_wide_shifts_ok(c->data + p->shift, p->conv.out_c))
    return EI_ERR_PARAMS;
  return result;
}

uint32_t ei_conv_16_scratch(const void *params) {
  (void)params;
  return 0;
}
