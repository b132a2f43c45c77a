/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(zo + requant(bias[o] + sum over ky, kx inside of w[ky][kx][o] (in[..][..][o
 * / m] - zi)))
 *
 * in [in_h, in_w, in_c], w [k_h, k_w, in_c m], out [out_h, out_w, in_c m], m = depth multiplier; as
 * DepthwiseConvPerChannel in TFLite (kernels/internal/reference/integer_ops/depthwise_conv.h). As
 * in conv_2d.c the input's zero point is folded into the bias and padding counts as the zero point.
 */
#include "conv.h"

typedef struct {
  uint32_t weights; /* data offset: int8 [k_h][k_w][out_c] */
  uint32_t bias;    /* data offset: int32 [out_c] */
  uint32_t mult;    /* data offset: int32 [out_c], Q31 */
  uint32_t shift;   /* data offset: int8 [out_c], -31..30 */
  ei_conv conv;
  uint16_t multiplier; /* depth multiplier: out_c = in_c * multiplier */
  uint16_t brief;      /* 1 when ei_output_twice gives all outputs, else 0 */
} ei_depthwise_conv_2d_params;

/* The taps of a window that lie inside the input, along one axis. */
typedef struct {
  int32_t first, last; /* taps [first, last) */
} range;

EI_INLINE range taps_inside(int32_t start, int32_t taps, int32_t dilation, int32_t in) {
  /* Without dilation, as almost always, the division of the general case is spared. */
  if (dilation == 1) {
    const range r = {start < 0 ? -start : 0, start + taps > in ? in - start : taps};
    return r;
  }
  const int32_t first = start < 0 ? (dilation - 1 - start) / dilation : 0;
  const int32_t last = start < in ? (in - start + dilation - 1) / dilation : 0;
  const range r = {first, last < taps ? last : taps};
  return r;
}

EI_INLINE void output(int8_t *out, int32_t acc, int32_t m, int shift, int32_t zero, int brief) {
  if (brief)
    ei_output_twice(out, (int32_t)(2 * (uint32_t)acc), m, -shift, ei_output_offset(-shift, zero));
  else
    ei_output(out, acc, m, shift, zero);
}

/* What an output needs besides its sum. */
typedef struct {
  const int32_t *bias, *mult;
  const int8_t *shift;
  int32_t zero;
} scales;

EI_INLINE void brief_output(int8_t *out, int32_t acc, const int32_t *m, const int8_t *shift,
                            int32_t zero) {
  const int32_t right = -*shift;
  ei_output_twice(out, (int32_t)(2 * (uint32_t)acc), *m, right, ei_output_offset(right, zero));
}

/* The first `channels` outputs of a window, a multiple of four, each of the input's channel of the
 * same number, where ei_output_twice gives them. Apart from the rest, so that all stays in
 * registers. */
EI_NOINLINE void brief_window(const ei_taps *taps, const int8_t *a, const int8_t *w, scales s,
                              int8_t *out, int32_t channels) {
  for (const int8_t *const end = out + channels; out != end; out += 4, a += 4, w += 4) {
    int32_t acc[4] = {s.bias[0], s.bias[1], s.bias[2], s.bias[3]};
    ei_taps_x4(taps, a, w, acc);
    brief_output(out, acc[0], s.mult, s.shift, s.zero);
    brief_output(out + 1, acc[1], s.mult + 1, s.shift + 1, s.zero);
    brief_output(out + 2, acc[2], s.mult + 2, s.shift + 2, s.zero);
    brief_output(out + 3, acc[3], s.mult + 3, s.shift + 3, s.zero);
    s.bias += 4, s.mult += 4, s.shift += 4;
  }
}

void ei_depthwise_conv_2d_run(const ei_call *c) {
  const ei_depthwise_conv_2d_params *params = c->params;
  const ei_conv *p = &params->conv;
  const int8_t *weights = (const int8_t *)c->data + params->weights;
  const int32_t *bias = (const void *)(c->data + params->bias);
  const int32_t *mult = (const void *)(c->data + params->mult);
  const int8_t *shift = (const int8_t *)c->data + params->shift;
  const int32_t out_c = p->out_c, row = p->in_w * p->in_c, zero = p->out_zero;
  const int apart = params->multiplier == 1 && p->dil_h == 1 && p->dil_w == 1;
  const int brief = params->brief != 0;
  const int shared = params->multiplier % 4 == 0; /* four outputs of the same input channel */
  int8_t *out = c->out;

  for (int32_t y = c->y0; y < c->y1; y++) {
    const int32_t top = y * p->stride_h - p->pad_top;
    const range v = taps_inside(top, p->k_h, p->dil_h, p->in_h);
    for (int32_t x = 0; x < p->out_w; x++, out += out_c) {
      const int32_t left = x * p->stride_w - p->pad_left;
      const range h = taps_inside(left, p->k_w, p->dil_w, p->in_w);
      ei_taps taps = {v.last - v.first, h.last - h.first, p->dil_w * p->in_c, p->dil_h * row, out_c,
                      p->k_w * out_c,   -p->in_zero};
      const int8_t *a = (const int8_t *)c->in[0] + (top - c->in_y0) * row + left * p->in_c +
                        v.first * taps.a_row + h.first * taps.a_col;
      const int8_t *w = weights + v.first * taps.w_row + h.first * out_c;
      if (taps.w == 1 && taps.a_row == taps.w_row) { /* a column is a row, too */
        taps.w = taps.h, taps.h = 1;
        taps.a_col = taps.w_col = taps.a_row;
      }
      int32_t o = 0;
#ifdef EI_TAPS_MANY
      if (params->multiplier == 1)
        o = ei_taps_many(&taps, a, w, bias, mult, shift, zero, out, out_c);
#endif
      if (apart && brief && o == 0) {
        const scales s = {bias, mult, shift, zero};
        o = out_c & ~3;
        brief_window(&taps, a, w, s, out, o);
      } else if (apart || shared) {
        for (; o + 4 <= out_c; o += 4) {
          int32_t acc[4] = {bias[o], bias[o + 1], bias[o + 2], bias[o + 3]};
          if (apart)
            ei_taps_x4(&taps, a + o, w + o, acc);
          else
            ei_taps_1x4(&taps, a + o / params->multiplier, w + o, acc);
          for (int i = 0; i < 4; i++)
            output(out + o + i, acc[i], mult[o + i], shift[o + i], zero, brief);
        }
      }
      for (; o < out_c; o++) {
        const int32_t i = params->multiplier == 1 ? o : o / params->multiplier;
        output(out + o, ei_taps_x1(&taps, a + i, w + o, bias[o]), mult[o], shift[o], zero, brief);
      }
    }
  }
  ei_clamp_all(c->out, (c->y1 - c->y0) * p->out_w * out_c, p->act_min, p->act_max);
}

int ei_depthwise_conv_2d_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_conv_2d_params, p, c, need);
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  const uint32_t taps = (uint32_t)p->conv.k_h * p->conv.k_w, out_c = p->conv.out_c;
  if (p->multiplier == 0 || (uint32_t)p->conv.in_c * p->multiplier != out_c ||
      !ei_has_data(need, p->weights, (uint64_t)taps * out_c, 1) ||
      !ei_has_data(need, p->bias, out_c, 4) || !ei_has_data(need, p->mult, out_c, 4) ||
      !ei_has_data(need, p->shift, out_c, 1) || !ei_shifts_ok(c->data + p->shift, out_c))
    return EI_ERR_PARAMS;
  const int8_t *shift = (const int8_t *)c->data + p->shift;
  for (uint32_t o = 0; p->brief != 0 && o < out_c; o++)
    if (shift[o] >= 0 || shift[o] < -EI_MAX_RIGHT_SHIFT) return EI_ERR_PARAMS;
  return EI_OK;
}

uint32_t ei_depthwise_conv_2d_scratch(const void *params) {
  (void)params;
  return 0;
}
