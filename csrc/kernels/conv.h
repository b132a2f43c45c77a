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
  int8_t in_zero, out_zero;   /* zero points */
  int8_t act_min, act_max;    /* of the fused activation */
} ei_conv;

#ifdef EI_COPY
#define ei_conv_copy ei_copy
#define ei_conv_fill ei_fill
#else
/* memcpy of the small C libraries copies bytes, and the runs are short. The last word overlaps. */
EI_INLINE int8_t *ei_conv_copy(int8_t *to, const int8_t *from, int32_t n) {
  int8_t *const end = to + n;
  if (n >= 4) {
    const int8_t *const last = from + n - 4;
    for (; from < last; to += 4, from += 4) memcpy(to, from, 4);
    memcpy(end - 4, last, 4);
  } else {
    while (to != end) *to++ = *from++;
  }
  return end;
}

EI_NOINLINE int8_t *ei_conv_fill(int8_t *to, int32_t value, int32_t n) {
  for (; n > 0; n--) *to++ = (int8_t)value;
  return to;
}
#endif

/* The input under the window of output (y, x), if all of it lies inside and its columns are
 * neighbours; otherwise NULL. Rows are in_w in_c dil_h bytes apart. */
EI_INLINE const int8_t *ei_conv_inside(const ei_conv *p, const ei_call *c, int32_t y, int32_t x) {
  const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
  if (p->dil_w != 1 || top < 0 || left < 0 || left + p->k_w > p->in_w ||
      top + (p->k_h - INT32_C(1)) * p->dil_h >= p->in_h)
    return NULL;
  return (const int8_t *)c->in[0] + ((top - c->in_y0) * p->in_w + left) * p->in_c;
}

/* Row ky of the window of output (y, x), with the zero point in the padding. */
EI_NOINLINE int8_t *ei_conv_gather_row(const ei_conv *p, const ei_call *c, int32_t y, int32_t x,
                                       int32_t ky, int8_t *to) {
  const int32_t in_c = p->in_c, in_w = p->in_w, k_w = p->k_w, dil_w = p->dil_w, zero = p->in_zero;
  const int32_t iy = y * p->stride_h - p->pad_top + ky * p->dil_h;
  if (iy < 0 || iy >= p->in_h) return ei_conv_fill(to, zero, k_w * in_c);
  const int8_t *row = (const int8_t *)c->in[0] + (iy - c->in_y0) * in_w * in_c;
  int32_t ix = x * p->stride_w - p->pad_left;
  if (dil_w == 1) {
    const int32_t before = ix < 0 ? -ix : 0, after = ix + k_w > in_w ? ix + k_w - in_w : 0;
    to = ei_conv_fill(to, zero, before * in_c);
    to = ei_conv_copy(to, row + (ix + before) * in_c, (k_w - before - after) * in_c);
    return ei_conv_fill(to, zero, after * in_c);
  }
  for (int32_t kx = 0; kx < k_w; kx++, ix += dil_w)
    to = ix < 0 || ix >= in_w ? ei_conv_fill(to, zero, in_c)
                              : ei_conv_copy(to, row + ix * in_c, in_c);
  return to;
}

/* Whether the windows lie in the input one after the other: pixels, or whole rows. */
EI_NOINLINE int ei_conv_is_direct(const ei_conv *p) {
  if (p->pad_top || p->pad_left || p->dil_h != 1 || p->dil_w != 1 ||
      (p->out_h - UINT32_C(1)) * p->stride_h + p->k_h > p->in_h)
    return 0;
  if (p->k_h == 1 && p->k_w == 1)
    return p->stride_h == 1 && p->stride_w == 1 && p->out_w == p->in_w;
  return p->k_w == p->in_w && p->out_w == 1 && (p->stride_h == p->k_h || p->out_h == 1);
}

/* Where the windows of a direct convolution begin. */
EI_INLINE const int8_t *ei_conv_direct(const ei_conv *p, const ei_call *c) {
  return (const int8_t *)c->in[0] + (c->y0 * p->stride_h - c->in_y0) * p->in_w * p->in_c;
}

/* Runs `body` for each tap of output (y, x) inside the input, with in_at, the elements before it in
 * the input from row in_y0 on, and its number `tap` in the filter. */
#define EI_CONV_TAPS(p, c, y, x, body)                                            \
  do {                                                                            \
    int32_t iy_ = (y) * (p)->stride_h - (p)->pad_top;                             \
    for (int32_t ky_ = 0; ky_ < (p)->k_h; ky_++, iy_ += (p)->dil_h) {             \
      if (iy_ < 0 || iy_ >= (p)->in_h) continue;                                  \
      int32_t ix_ = (x) * (p)->stride_w - (p)->pad_left;                          \
      for (int32_t kx_ = 0; kx_ < (p)->k_w; kx_++, ix_ += (p)->dil_w) {           \
        if (ix_ < 0 || ix_ >= (p)->in_w) continue;                                \
        const int32_t in_at = ((iy_ - (c)->in_y0) * (p)->in_w + ix_) * (p)->in_c; \
        const int32_t tap = ky_ * (p)->k_w + kx_;                                 \
        body;                                                                     \
      }                                                                           \
    }                                                                             \
  } while (0)

/* The geometry's part of a kernel's check. */
static inline int ei_conv_check(const ei_call *c, const ei_conv *p, ei_need *need) {
  const uint64_t n = (uint64_t)p->k_h * p->k_w * p->in_c;
  const ei_axis vertical = {p->stride_h, p->pad_top, ei_span(p->k_h, p->dil_h), p->in_h};
  const ei_axis horizontal = {p->stride_w, p->pad_left, ei_span(p->k_w, p->dil_w), p->in_w};
  const uint32_t rows = ei_window_rows(c, vertical);
  if (n == 0 || n > INT16_MAX * UINT32_C(64) || p->out_c == 0 || c->y1 > p->out_h ||
      p->dil_h == 0 || p->dil_w == 0 || rows == 0 || !ei_axis_ok(horizontal, 0, p->out_w) ||
      (uint64_t)p->in_w * p->in_c * p->dil_h > INT32_MAX ||
      (uint32_t)p->in_c * p->dil_w > INT32_MAX)
    return EI_ERR_PARAMS; /* of the last two, bytes from tap to tap */
  need->in[0] = (uint64_t)rows * p->in_w * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_w * p->out_c;
  return EI_OK;
}

#endif
