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

/* memcpy of the small C libraries copies bytes, and the runs are short. */
EI_NOINLINE int8_t *copy(int8_t *to, const int8_t *from, int32_t n) {
  for (; n >= 4; n -= 4, to += 4, from += 4) memcpy(to, from, 4);
  for (; n > 0; n--) *to++ = *from++;
  return to;
}

EI_NOINLINE int8_t *fill(int8_t *to, int32_t value, int32_t n) {
  for (; n > 0; n--) *to++ = (int8_t)value;
  return to;
}

/* The bytes under the window of output (y, x), one after the other. */
EI_NOINLINE void gather(const ei_conv_2d_params *p, const ei_call *c, int32_t y, int32_t x,
                        int8_t *to) {
  const int8_t *in = c->in[0];
  const int32_t in_c = p->in_c, in_w = p->in_w, k_w = p->k_w, dil_w = p->dil_w, zero = p->in_zero;
  const int32_t left = x * p->stride_w - p->pad_left;
  const int whole = dil_w == 1 && left >= 0 && left + k_w <= in_w;
  int32_t iy = y * p->stride_h - p->pad_top;
  for (int32_t ky = p->k_h; ky > 0; ky--, iy += p->dil_h) {
    const int8_t *from = in + (iy - c->in_y0) * in_w * in_c;
    if (iy < 0 || iy >= p->in_h) {
      to = fill(to, zero, k_w * in_c);
    } else if (whole) {
      to = copy(to, from + left * in_c, k_w * in_c);
    } else {
      for (int32_t kx = 0, ix = left; kx < k_w; kx++, ix += dil_w)
        to = ix < 0 || ix >= in_w ? fill(to, zero, in_c) : copy(to, from + ix * in_c, in_c);
    }
  }
}

/* Channels [o, out_c) of one pixel. */
EI_NOINLINE void one_pixel(const ei_conv_2d_params *p, const uint8_t *data, const int8_t *a,
                           int8_t *out, int32_t o) {
  const int32_t *bias = (const void *)(data + p->bias);
  const int32_t *mult = (const void *)(data + p->mult);
  const int8_t *shift = (const int8_t *)data + p->shift;
  const int32_t n = p->k_h * p->k_w * p->in_c, out_c = p->out_c, zero = p->out_zero;
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
  const int32_t n = p->k_h * p->k_w * p->in_c, out_c = p->out_c, zero = p->out_zero;
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

/* Whether the windows lie in the input one after the other: pixels, or whole rows. */
EI_NOINLINE int is_direct(const ei_conv_2d_params *p) {
  if (p->pad_top || p->pad_left || p->dil_h != 1 || p->dil_w != 1 ||
      (p->out_h - 1) * p->stride_h + p->k_h > p->in_h)
    return 0;
  if (p->k_h == 1 && p->k_w == 1)
    return p->stride_h == 1 && p->stride_w == 1 && p->out_w == p->in_w;
  return p->k_w == p->in_w && p->out_w == 1 && (p->stride_h == p->k_h || p->out_h == 1);
}

void ei_conv_2d_run(const ei_call *c) {
  const ei_conv_2d_params *p = c->params;
  const int32_t n = p->k_h * p->k_w * p->in_c, out_c = p->out_c, out_w = p->out_w;
  const int32_t total = (c->y1 - c->y0) * out_w;
  const int direct = is_direct(p);
  const int8_t *a = c->scratch;
  if (direct) a = (const int8_t *)c->in[0] + (c->y0 * p->stride_h - c->in_y0) * p->in_w * p->in_c;
  int8_t *out = c->out;
  int32_t y = c->y0, x = 0;

  for (int32_t left = total; left > 0; left -= 2, out += 2 * out_c) {
    if (!direct) {
      int8_t *to = c->scratch;
      for (int32_t i = left > 1 ? 2 : 1; i > 0; i--, to += n) {
        gather(p, c, y, x, to);
        if (++x == out_w) x = 0, y++;
      }
    }
    if (left > 1)
      two_pixels(p, c->data, a, out);
    else
      one_pixel(p, c->data, a, out, 0);
    if (direct) a += 2 * n;
  }
  ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
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
  const uint32_t n = (uint32_t)p->k_h * p->k_w * p->in_c;
  return is_direct(p) ? 0 : p->out_h * p->out_w > 1 ? 2 * n : n;
}
