/* SPDX-License-Identifier: Apache-2.0
 *
 * What the pooling kernels share: their parameters, their check, and the clipping of a window.
 * in [in_h, in_w, c], out [out_h, out_w, c]; int8; one scale and zero point on both sides.
 */
#ifndef EI_POOL_H
#define EI_POOL_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint16_t in_h, in_w, channels, out_h, out_w; /* elements */
  uint16_t k_h, k_w, stride_h, stride_w;
  uint16_t pad_top, pad_left; /* rows, columns */
  int16_t act_min, act_max;   /* of the fused activation, -128..127 */
  uint16_t upward;            /* of means: 1 to round halves up, as uint8 does, not away from 0 */
} ei_pool_params;

/* The taps of one window that lie inside the input. */
typedef struct {
  const int8_t *first; /* channel 0 of the first of them */
  int32_t h, w;        /* how many rows and columns of them */
} ei_pool_window;

EI_INLINE ei_pool_window ei_pool_clip(const ei_pool_params *p, const ei_call *c, int32_t y,
                                      int32_t x) {
  int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
  int32_t bottom = top + p->k_h, right = left + p->k_w;
  top = top < 0 ? 0 : top, left = left < 0 ? 0 : left;
  bottom = bottom > p->in_h ? p->in_h : bottom, right = right > p->in_w ? p->in_w : right;
  const int8_t *in = c->in[0];
  const ei_pool_window w = {in + ((top - c->in_y0) * p->in_w + left) * p->channels, bottom - top,
                            right - left};
  return w;
}

static inline int ei_pool_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_pool_params, p, c, need);
  const ei_axis vertical = {p->stride_h, p->pad_top, p->k_h, p->in_h};
  const ei_axis horizontal = {p->stride_w, p->pad_left, p->k_w, p->in_w};
  const uint32_t rows = ei_window_rows(c, vertical);
  if (rows == 0 || !ei_axis_ok(horizontal, 0, p->out_w) || p->channels == 0 || c->y1 > p->out_h)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)rows * p->in_w * p->channels;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_w * p->channels;
  return EI_OK;
}

#endif
