/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(zo + requant(bias[o] + sum over ky, kx, i of w[o][ky][kx][i] in[..][..][i]))
 *
 * in [in_h, in_w, in_c], w [out_c, k_h, k_w, in_c], out [out_h, out_w, out_c]; int8 with int32
 * sums, as ConvPerChannel in TFLite (kernels/internal/reference/integer_ops/conv.h). The input's
 * zero point is folded into the bias on the PC: bias[o] holds bias - zero_point * sum(w[o]), so
 * that kernels multiply raw bytes, and a tap in the padding counts as the zero point itself.
 */
#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t weights;                               /* data offset: int8 [out_c][k_h][k_w][in_c] */
  uint32_t bias;                                  /* data offset: int32 [out_c], corrected */
  uint32_t mult;                                  /* data offset: int32 [out_c], Q31 */
  uint32_t shift;                                 /* data offset: int8 [out_c], -31..30 */
  uint16_t in_h, in_w, in_c, out_h, out_w, out_c; /* elements */
  uint16_t k_h, k_w, stride_h, stride_w, dil_h, dil_w;
  uint16_t pad_top, pad_left; /* rows, columns */
  int16_t in_zero, out_zero;  /* zero points, -128..127 */
  int16_t act_min, act_max;   /* of the fused activation, -128..127 */
} ei_conv_2d_params;

/* The bytes under one window: where they lie in the input if they lie there as one run, otherwise
 * gathered into buf. */
static const int8_t *window(const ei_conv_2d_params *p, const ei_call *c, int32_t y, int32_t x,
                            int8_t *buf) {
  const int8_t *in = c->in[0];
  const int32_t row = p->in_w * p->in_c, run = p->k_w * p->in_c;
  const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
  const int inside = top >= 0 && top + (p->k_h - 1) * p->dil_h < p->in_h;
  if (inside && left >= 0 && (p->k_w == 1 || p->dil_w == 1) && left + p->k_w <= p->in_w &&
      (p->k_h == 1 || (p->dil_h == 1 && p->k_w == p->in_w)))
    return in + (top - c->in_y0) * row + left * p->in_c;

  int8_t *to = buf;
  for (int32_t ky = 0; ky < p->k_h; ky++) {
    const int32_t iy = top + ky * p->dil_h;
    if (iy < 0 || iy >= p->in_h) {
      memset(to, p->in_zero, (size_t)run);
      to += run;
      continue;
    }
    const int8_t *from = in + (iy - c->in_y0) * row;
    if (p->dil_w == 1 && left >= 0 && left + p->k_w <= p->in_w) {
      memcpy(to, from + left * p->in_c, (size_t)run);
      to += run;
      continue;
    }
    for (int32_t kx = 0; kx < p->k_w; kx++, to += p->in_c) {
      const int32_t ix = left + kx * p->dil_w;
      if (ix < 0 || ix >= p->in_w)
        memset(to, p->in_zero, p->in_c);
      else
        memcpy(to, from + ix * p->in_c, p->in_c);
    }
  }
  return buf;
}

EI_INLINE int8_t output(const ei_conv_2d_params *p, int32_t acc, int32_t mult, int32_t shift) {
  return (int8_t)ei_clamp(ei_requantize(acc, mult, shift) + p->out_zero, p->act_min, p->act_max);
}

/* All channels of one or two pixels: two at a time; at an odd edge the last is computed twice. */
static void pixels(const ei_conv_2d_params *p, const uint8_t *data, const int8_t *a0,
                   const int8_t *a1, int8_t *out0, int8_t *out1) {
  const int8_t *w = (const int8_t *)data + p->weights;
  const int32_t *bias = (const void *)(data + p->bias);
  const int32_t *mult = (const void *)(data + p->mult);
  const int8_t *shift = (const int8_t *)data + p->shift;
  const int32_t n = p->k_h * p->k_w * p->in_c;
  for (int32_t left = p->out_c; left > 0; left -= 2, w += 2 * n) {
    const int second = left > 1;
    int32_t acc[4] = {bias[0], bias[second], bias[0], bias[second]};
    ei_dot_2x2(a0, a1, w, second ? w + n : w, n, acc);
    for (int c = 0; c <= second; c++) {
      const int32_t m = *mult++, s = *shift++;
      *out0++ = output(p, acc[c], m, s);
      *out1++ = output(p, acc[2 + c], m, s);
    }
    bias += 2;
  }
}

void ei_conv_2d_run(const ei_call *c) {
  const ei_conv_2d_params *p = c->params;
  const int32_t n = p->k_h * p->k_w * p->in_c;
  int8_t *buf = c->scratch, *out = c->out;

  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x += 2) {
      const int pair = x + 1 < p->out_w;
      const int8_t *a0 = window(p, c, y, x, buf);
      const int8_t *a1 = pair ? window(p, c, y, x + 1, buf + n) : a0;
      int8_t *out1 = pair ? out + p->out_c : out;
      pixels(p, c->data, a0, a1, out, out1);
      out = out1 + p->out_c;
    }
}

int ei_conv_2d_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_2d_params, p, c, need);
  const uint64_t n = (uint64_t)p->k_h * p->k_w * p->in_c;
  const ei_axis vertical = {p->stride_h, p->pad_top, (p->k_h - 1) * p->dil_h + 1, p->in_h};
  const ei_axis horizontal = {p->stride_w, p->pad_left, (p->k_w - 1) * p->dil_w + 1, p->in_w};
  const uint32_t rows = ei_window_rows(c, vertical);
  if (n == 0 || n > INT16_MAX * 64 || p->out_c == 0 || c->y1 > p->out_h || p->dil_h == 0 ||
      p->dil_w == 0 || rows == 0 || !ei_axis_ok(horizontal, 0, p->out_w) ||
      !ei_has_data(need, p->weights, n * p->out_c, 1) || !ei_has_data(need, p->bias, p->out_c, 4) ||
      !ei_has_data(need, p->mult, p->out_c, 4) || !ei_has_data(need, p->shift, p->out_c, 1) ||
      !ei_shifts_ok(c->data + p->shift, p->out_c))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)rows * p->in_w * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_w * p->out_c;
  return EI_OK;
}

uint32_t ei_conv_2d_scratch(const void *params) {
  const ei_conv_2d_params *p = params;
  const int whole_rows = p->k_w == p->in_w && p->pad_left == 0 && p->out_w == 1 &&
                         p->pad_top == 0 && p->dil_h == 1 && p->dil_w == 1 &&
                         (p->out_h - 1) * p->stride_h + p->k_h <= p->in_h;
  const int points = p->k_h == 1 && p->k_w == 1 && p->pad_top == 0 && p->pad_left == 0 &&
                     (p->out_h - 1) * p->stride_h < p->in_h &&
                     (p->out_w - 1) * p->stride_w < p->in_w;
  const uint32_t n = (uint32_t)p->k_h * p->k_w * p->in_c;
  if (whole_rows || points) return 0;
  return p->out_w > 1 ? 2 * n : n;
}
