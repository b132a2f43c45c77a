/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D of int8 with groups of channels: out[o] sees the input channels of its group only. And
 * all layers whose weights have a zero point, as those of uint8 models.
 *
 * As ConvPerChannel in TFLite (kernels/internal/reference/integer_ops/conv.h). The bias is the
 * file's own: the zero point is subtracted here, tap by tap.
 */
#include "direct.h"

typedef ei_direct ei_conv_2d_groups_params;

static int32_t dot(const int8_t *a, const int8_t *w, int32_t n, int32_t zero, int32_t w_zero,
                   int32_t sum) {
  for (; n > 0; n--) sum = ei_add_wrap(sum, (*a++ - zero) * (*w++ - w_zero));
  return sum;
}

void ei_conv_2d_groups_run(const ei_call *c) {
  const ei_conv_2d_groups_params *p = c->params;
  const int32_t *bias = (const void *)(c->data + p->bias);
  const int32_t *mult = (const void *)(c->data + p->mult);
  const int8_t *shift = (const int8_t *)c->data + p->shift;
  const int32_t n = p->conv.k_h * p->conv.k_w * p->group_in, group_in = p->group_in,
                zero = p->conv.in_zero;
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->conv.out_w; x++) {
      const int8_t *w = (const int8_t *)c->data + p->weights;
      for (int32_t o = 0; o < p->conv.out_c; o++, w += n) {
        const int8_t *in = (const int8_t *)c->in[0] + o / p->group_out * group_in;
        int32_t sum = bias[o];
        EI_CONV_TAPS(&p->conv, c, y, x,
                     sum = dot(in + in_at, w + tap * group_in, group_in, zero, p->w_zero, sum));
        ei_output(out++, sum, mult[o], shift[o], p->conv.out_zero);
      }
    }
  ei_clamp_all(c->out, (c->y1 - c->y0) * p->conv.out_w * p->conv.out_c, p->conv.act_min,
               p->conv.act_max);
}

int ei_conv_2d_groups_check(const ei_call *c, ei_need *need) {
  return ei_direct_check(c, need, 1, 4);
}

uint32_t ei_conv_2d_groups_scratch(const void *params) {
  (void)params;
  return 0;
}
