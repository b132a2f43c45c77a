/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(zo + requant(bias[o] + sum over ky, kx, i of w[o][ky][kx][i] in[..][..][i]))
 *
 * in [in_h, in_w, in_c], w [out_c, k_h, k_w, in_c], out [out_h, out_w, out_c]; int8 with int32
 * sums, as ConvPerChannel in TFLite (kernels/internal/reference/integer_ops/conv.h). The input's
 * zero point is folded into the bias on the PC: bias[o] holds bias - zero_point * sum(w[o]), so
 * that kernels multiply raw bytes, and a tap in the padding counts as the zero point itself.
 */
#include "conv.h"

typedef struct {
  uint32_t weights; /* data offset: int8 [out_c][k_h][k_w][in_c] */
  uint32_t bias;    /* data offset: int32 [out_c], corrected */
  uint32_t mult;    /* data offset: int32 [out_c], Q31 */
  uint32_t shift;   /* data offset: int8 [out_c], -31..30 */
  ei_conv conv;
} ei_conv_2d_params;

/* Channels [o, out_c) of one pixel. */
EI_NOINLINE void one_pixel(const ei_conv_2d_params *p, const uint8_t *data, const int8_t *a,
                           int8_t *out, int32_t o) {
  const int32_t *bias = (const void *)(data + p->bias);
  const int32_t *mult = (const void *)(data + p->mult);
  const int8_t *shift = (const int8_t *)data + p->shift;
  const int32_t n = p->conv.k_h * p->conv.k_w * p->conv.in_c;
  const int32_t out_c = p->conv.out_c, zero = p->conv.out_zero;
  const int8_t *w = (const int8_t *)data + p->weights + o * n;
  for (; o < out_c; o++, w += n)
    ei_output(out + o, ei_dot(a, w, n, bias[o]), mult[o], shift[o], zero);
}

/* All channels of two consecutive pixels, whose windows lie one after the other. */
EI_NOINLINE void two_pixels(const ei_conv_2d_params *p, const uint8_t *data, const int8_t *a,
                            int8_t *out) {
  const int8_t *w = (const int8_t *)data + p->weights;
  const int32_t *bias = (const void *)(data + p->bias);
  const int32_t *mult = (const void *)(data + p->mult);
  const int8_t *shift = (const int8_t *)data + p->shift;
  const int32_t n = p->conv.k_h * p->conv.k_w * p->conv.in_c;
  const int32_t out_c = p->conv.out_c, zero = p->conv.out_zero;
  const int8_t *const end = out + (out_c & ~1);
  while (out != end) {
    int32_t acc[4] = {bias[0], bias[1], bias[0], bias[1]};
    ei_dot_2x2(a, w, n, acc);
    bias += 2, w += 2 * n;
    for (int c = 0; c < 2; c++, out++) {
      const int32_t m = *mult++, s = *shift++;
      ei_output(out, acc[c], m, s, zero);
      ei_output(out + out_c, acc[2 + c], m, s, zero);
    }
  }
  if (out_c & 1) {
    out -= out_c - 1;
    one_pixel(p, data, a, out, out_c - 1);
    one_pixel(p, data, a + n, out + out_c, out_c - 1);
  }
}

void ei_conv_2d_run(const ei_call *c) {
  const ei_conv_2d_params *params = c->params;
  const ei_conv *p = &params->conv;
  const int32_t n = p->k_h * p->k_w * p->in_c, out_c = p->out_c;
  const int32_t total = (c->y1 - c->y0) * p->out_w;
  const int direct = ei_conv_is_direct(p);
  const int8_t *a = direct ? ei_conv_direct(p, c) : c->scratch;
  int8_t *out = c->out;
  int32_t y = c->y0, x = 0;

  for (int32_t left = total; left > 0; left -= 2, out += 2 * out_c) {
    if (!direct) {
      int8_t *to = c->scratch;
      for (int32_t i = left > 1 ? 2 : 1; i > 0; i--, to += n) {
        ei_conv_gather(p, c, y, x, to);
        if (++x == p->out_w) x = 0, y++;
      }
    }
    if (left > 1)
      two_pixels(params, c->data, a, out);
    else
      one_pixel(params, c->data, a, out, 0);
    if (direct) a += 2 * n;
  }
  ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
}

int ei_conv_2d_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_2d_params, p, c, need);
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  const uint64_t n = (uint64_t)p->conv.k_h * p->conv.k_w * p->conv.in_c;
  const uint32_t out_c = p->conv.out_c;
  if (!ei_has_data(need, p->weights, n * out_c, 1) || !ei_has_data(need, p->bias, out_c, 4) ||
      !ei_has_data(need, p->mult, out_c, 4) || !ei_has_data(need, p->shift, out_c, 1) ||
      !ei_shifts_ok(c->data + p->shift, out_c))
    return EI_ERR_PARAMS;
  return EI_OK;
}

uint32_t ei_conv_2d_scratch(const void *params) {
  const ei_conv *p = &((const ei_conv_2d_params *)params)->conv;
  const uint32_t n = (uint32_t)p->k_h * p->k_w * p->in_c;
  return ei_conv_is_direct(p) ? 0 : p->out_h * p->out_w > 1 ? 2 * n : n;
}
