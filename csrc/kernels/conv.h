/* SPDX-License-Identifier: Apache-2.0
 *
 * What the convolutions share: their geometry and its check, and the gathering of windows.
 */
#ifndef EI_CONV_H
#define EI_CONV_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint16_t in_h, in_w, in_c, out_h, out_w, out_c; /* elements */
  uint16_t k_h, k_w, stride_h, stride_w, dil_h, dil_w;
  uint16_t pad_top, pad_left; /* rows, columns */
  int16_t in_zero, out_zero;  /* zero points, -128..127 */
  int16_t act_min, act_max;   /* of the fused activation, -128..127 */
} ei_conv;

/* memcpy of the small C libraries copies bytes, and the runs are short. */
EI_NOINLINE int8_t *ei_conv_copy(int8_t *to, const int8_t *from, int32_t n) {
  for (; n >= 4; n -= 4, to += 4, from += 4) memcpy(to, from, 4);
  for (; n > 0; n--) *to++ = *from++;
  return to;
}

EI_NOINLINE int8_t *ei_conv_fill(int8_t *to, int32_t value, int32_t n) {
  for (; n > 0; n--) *to++ = (int8_t)value;
  return to;
}

/* Row ky of the window of output (y, x): its bytes in the input, if they lie there one after the
 * other; otherwise they are gathered at `to`. */
EI_NOINLINE const int8_t *ei_conv_window_row(const ei_conv *p, const ei_call *c, int32_t y,
                                             int32_t x, int32_t ky, int8_t *to) {
  const int32_t in_c = p->in_c, in_w = p->in_w, k_w = p->k_w, dil_w = p->dil_w, zero = p->in_zero;
  const int32_t left = x * p->stride_w - p->pad_left;
  const int32_t iy = y * p->stride_h - p->pad_top + ky * p->dil_h;
  if (iy < 0 || iy >= p->in_h) {
    ei_conv_fill(to, zero, k_w * in_c);
    return to;
  }
  const int8_t *row = (const int8_t *)c->in[0] + (iy - c->in_y0) * in_w * in_c;
  if (dil_w == 1 && left >= 0 && left + k_w <= in_w) return row + left * in_c;
  int8_t *at = to;
  for (int32_t kx = 0, ix = left; kx < k_w; kx++, ix += dil_w)
    at = ix < 0 || ix >= in_w ? ei_conv_fill(at, zero, in_c)
                              : ei_conv_copy(at, row + ix * in_c, in_c);
  return to;
}

/* The bytes under the window of output (y, x), one after the other. */
EI_NOINLINE void ei_conv_gather(const ei_conv *p, const ei_call *c, int32_t y, int32_t x,
                                int8_t *to) {
  const int32_t n = p->k_w * p->in_c;
  for (int32_t ky = 0; ky < p->k_h; ky++, to += n) {
    const int8_t *row = ei_conv_window_row(p, c, y, x, ky, to);
    if (row != to) ei_conv_copy(to, row, n);
  }
}

/* Whether the windows lie in the input one after the other: pixels, or whole rows. */
EI_NOINLINE int ei_conv_is_direct(const ei_conv *p) {
  if (p->pad_top || p->pad_left || p->dil_h != 1 || p->dil_w != 1 ||
      (p->out_h - 1) * p->stride_h + p->k_h > p->in_h)
    return 0;
  if (p->k_h == 1 && p->k_w == 1)
    return p->stride_h == 1 && p->stride_w == 1 && p->out_w == p->in_w;
  return p->k_w == p->in_w && p->out_w == 1 && (p->stride_h == p->k_h || p->out_h == 1);
}

/* Where the windows of a direct convolution begin. */
EI_INLINE const int8_t *ei_conv_direct(const ei_conv *p, const ei_call *c) {
  return (const int8_t *)c->in[0] + (c->y0 * p->stride_h - c->in_y0) * p->in_w * p->in_c;
}

/* The geometry's part of a kernel's check. */
static inline int ei_conv_check(const ei_call *c, const ei_conv *p, ei_need *need) {
  const uint64_t n = (uint64_t)p->k_h * p->k_w * p->in_c;
  const ei_axis vertical = {p->stride_h, p->pad_top, (p->k_h - 1) * p->dil_h + 1, p->in_h};
  const ei_axis horizontal = {p->stride_w, p->pad_left, (p->k_w - 1) * p->dil_w + 1, p->in_w};
  const uint32_t rows = ei_window_rows(c, vertical);
  if (n == 0 || n > INT16_MAX * 64 || p->out_c == 0 || c->y1 > p->out_h || p->dil_h == 0 ||
      p->dil_w == 0 || rows == 0 || !ei_axis_ok(horizontal, 0, p->out_w))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)rows * p->in_w * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_w * p->out_c;
  return EI_OK;
}

#endif
