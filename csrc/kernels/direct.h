/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution straight from its definition, for types and forms that no fast kernel takes: int16
 * activations, and groups of channels (as many as channels: depthwise).
 *
 * in [in_h, in_w, in_c], w [out_c][k_h][k_w][group_in], out [out_h, out_w, out_c]. Taps in the
 * padding count as the zero point, so they are skipped.
 */
#ifndef EI_DIRECT_H
#define EI_DIRECT_H

#include "conv.h"

typedef struct {
  uint32_t weights; /* data offset: int8 [out_c][k_h][k_w][group_in] */
  uint32_t bias;    /* data offset: int32 or int64 [out_c] */
  uint32_t mult;    /* data offset: int32 [out_c], Q31 */
  uint32_t shift;   /* data offset: int8 [out_c] */
  ei_conv conv;
  uint16_t group_in, group_out; /* channels of a group */
  int16_t w_zero;               /* of int8: zero point of the weights, -128..127 */
  uint16_t narrow;              /* of int16: 1 when sums have 32 bits, as without a bias */
  int16_t act_min, act_max;     /* of int16: of the fused activation */
} ei_direct;

/* `size`: bytes of an activation, `bias_size` of a bias. */
static inline int ei_direct_check(const ei_call *c, ei_need *need, uint32_t size,
                                  uint32_t bias_size) {
  EI_CHECK_PARAMS(ei_direct, p, c, need);
  const uint32_t out_c = p->conv.out_c;
  const uint64_t n = (uint64_t)p->conv.k_h * p->conv.k_w * p->group_in;
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  if (p->w_zero < -128 || p->w_zero > 127 || p->group_in == 0 || p->group_out == 0 ||
      out_c % p->group_out != 0 || out_c / p->group_out * p->group_in != p->conv.in_c ||
      !ei_has_data(need, p->weights, n * out_c, 1) ||
      !ei_has_data(need, p->bias, out_c, bias_size) || !ei_has_data(need, p->mult, out_c, 4) ||
      !ei_has_data(need, p->shift, out_c, 1) || !ei_shifts_ok(c->data + p->shift, out_c))
    return EI_ERR_PARAMS;
  need->in[0] *= size;
  need->out *= size;
  need->in_align = need->out_align = size;
  return EI_OK;
}

#endif
