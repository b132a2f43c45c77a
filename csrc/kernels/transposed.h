/* SPDX-License-Identifier: Apache-2.0
 *
 * TRANSPOSE_CONV as its outputs see it: input pixels lie stride apart in the output, so that output
 * (y, x) sees only every stride-th tap of the filter. Which ones, is its phase: the place of
 * (y + pad_top, x + pad_left) within a stride. The outputs of a phase are a convolution of stride 1
 * with a filter of their own; the image has the filters phase by phase, their taps in the order of
 * the input.
 */
#ifndef EI_TRANSPOSED_H
#define EI_TRANSPOSED_H

#include "conv.h"

typedef struct {
  uint32_t weights; /* data offset: int8, of each phase [out_c][taps down][taps across][in_c] */
  uint32_t bias;    /* data offset: int32 or int64 */
  uint32_t mult;    /* data offset: int32 [out_c], Q31 */
  uint32_t shift;   /* data offset: int8 [out_c] */
  ei_conv conv;     /* its windows lie in the output, without dilation */
  uint32_t narrow;  /* of int16: 1 when sums have 32 bits, as without a bias */
  int16_t act_min, act_max; /* of int16: of the fused activation */
} ei_transposed;

/* What the outputs of one phase see along an axis. */
typedef struct {
  int32_t phase;
  int32_t taps;   /* of the filter */
  int32_t before; /* taps of the phases before */
  int32_t in;     /* the first tap's place in the input; it may lie outside */
} ei_phase;

/* Of the output at `place`, padding included, with `taps` of the filter in all phases. */
EI_INLINE ei_phase ei_phase_at(int32_t place, int32_t taps, int32_t stride) {
  const int32_t phase = place % stride, each = taps / stride, more = taps % stride;
  ei_phase p;
  p.phase = phase;
  p.taps = each + (phase < more);
  p.before = phase * each + (phase < more ? phase : more);
  p.in = place / stride - p.taps + 1;
  return p;
}

/* Taps [first, last) that lie inside an input of so many pixels, where there are any. */
typedef struct {
  int32_t first, last;
} ei_taps_inside;

EI_INLINE ei_taps_inside ei_phase_inside(ei_phase p, int32_t pixels) {
  const ei_taps_inside t = {p.in < 0 ? -p.in : 0, p.in + p.taps > pixels ? pixels - p.in : p.taps};
  return t;
}

/* The weights before the filters of a phase. */
EI_INLINE size_t ei_phase_weights(const ei_conv *p, ei_phase down, ei_phase across) {
  const size_t taps = (size_t)(down.before * p->k_w + down.taps * across.before);
  return taps * p->out_c * p->in_c;
}

/* The geometry's part of a check; `size`: bytes of an activation. */
static inline int ei_transposed_check_window(const ei_call *c, const ei_conv *p, ei_need *need,
                                             uint32_t size) {
  const uint64_t n = (uint64_t)p->k_h * p->k_w * p->in_c, row = (uint64_t)p->in_w * p->in_c * size;
  if (n == 0 || n > INT16_MAX * UINT32_C(64) || p->out_c == 0 || p->out_w == 0 || p->in_h == 0 ||
      p->stride_h == 0 || p->stride_w == 0 || row == 0 || row > INT32_MAX || c->y1 > p->out_h)
    return EI_ERR_PARAMS;
  /* The input rows that lie under the taps of these output rows. */
  const int32_t stride = p->stride_h, above = c->y0 + p->pad_top - p->k_h;
  const int32_t first = above < 0 ? 0 : above / stride + 1;
  const int32_t after = (c->y1 - 1 + p->pad_top) / stride + 1;
  const int32_t last = after < p->in_h ? after : p->in_h;
  if (first < last) {
    if (first < c->in_y0) return EI_ERR_PARAMS;
    need->in[0] = (uint64_t)(uint32_t)(last - c->in_y0) * row;
  }
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_w * p->out_c * size;
  need->in_align = need->out_align = size;
  return EI_OK;
}

/* `size`: bytes of an activation; the bias has `biases` numbers of `bias_size` bytes. */
static inline int ei_transposed_check(const ei_call *c, ei_need *need, uint32_t size,
                                      uint64_t biases, uint32_t bias_size) {
  const ei_transposed *params = c->params;
  const ei_conv *p = &params->conv;
  const uint64_t n = (uint64_t)p->k_h * p->k_w * p->in_c;
  if (!ei_has_data(need, params->weights, n * p->out_c + EI_ROWS_SPARE, 1) ||
      !ei_has_data(need, params->bias, biases, bias_size) ||
      !ei_has_data(need, params->mult, p->out_c, 4) ||
      !ei_has_data(need, params->shift, p->out_c, 1) ||
      !ei_shifts_ok(c->data + params->shift, p->out_c))
    return EI_ERR_PARAMS;
  return ei_transposed_check_window(c, p, need, size);
}

#endif
