/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels over records of 3x3 filters share (isa/tile.h): the loop over rows, the check.
 */
#ifndef EI_FILTERS_3X3_H
#define EI_FILTERS_3X3_H

#include "conv.h"

/* Rows of outputs from row y on; `filters` are records of the kernel's kind. */
typedef void ei_make_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,
                          int8_t *out);

/* A kernel's make_rows for one row and for two, `kept` apart or in line. */
#define EI_ONE_AND_TWO_ROWS(kept)                                                        \
  kept void one_row(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,  \
                    int8_t *out) {                                                       \
    make_rows(p, c, filters, y, out, 0);                                                 \
  }                                                                                      \
  kept void two_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y, \
                     int8_t *out) {                                                      \
    make_rows(p, c, filters, y, out, 1);                                                 \
  }

/* The input under one row of outputs, from row y on, or under two. */
EI_INLINE ei_strip ei_strip_at(const ei_conv *p, const ei_call *c, int32_t y, int two_rows) {
  ei_strip s = {{0},
                p->in_w,
                p->out_w,
                p->out_c,
                p->stride_w,
                p->pad_left,
                p->in_zero,
                p->out_zero
#ifdef EI_STRIP_RECTIFIED
                ,
                p->act_min >= p->out_zero
#endif
  };
  int32_t iy = y * p->stride_h - p->pad_top;
  for (int k = 0; k < 3 + two_rows; k++, iy++)
    if (iy >= 0 && iy < p->in_h)
      s.rows[k] = (const int8_t *)c->in[0] + (iy - c->in_y0) * p->in_w * p->in_c;
  return s;
}

/* All rows of a call: two at a time when the stride is 1, as they then share most of the input. */
EI_INLINE void ei_filters_3x3_run(const ei_call *c, const ei_conv *p, uint32_t weights,
                                  ei_make_rows *one_row, ei_make_rows *two_rows) {
  const void *filters = c->data + weights;
  const int32_t row = p->out_w * p->out_c;
  int8_t *out = c->out;
  int32_t y = c->y0;
  if (p->stride_h == 1 && p->stride_w == 1)
    for (; y + 2 <= c->y1; y += 2, out += 2 * row) two_rows(p, c, filters, y, out);
  for (; y < c->y1; y++, out += row) one_row(p, c, filters, y, out);
  ei_clamp_all(c->out, (c->y1 - c->y0) * row, p->act_min, p->act_max);
}

/* `head`: bytes before the records; `record`: of each of them. */
static inline int ei_filters_3x3_check(const ei_call *c, const ei_conv *p, uint32_t weights,
                                       uint32_t head, uint32_t record, ei_need *need) {
  const int result = ei_conv_check(c, p, need);
  if (result != EI_OK) return result;
  if (p->k_h != 3 || p->k_w != 3 || p->dil_h != 1 || p->dil_w != 1 || p->in_c != p->out_c ||
      p->out_c < EI_TILE_CHANNELS || weights % 4 != 0 ||
      weights + (uint64_t)head + (uint64_t)p->out_c * record > need->data_bytes)
    return EI_ERR_PARAMS;
  return EI_OK;
}

/* The same of filters that have each a shift. */
static inline int ei_shifted_3x3_check(const ei_call *c, const ei_conv *p, uint32_t weights,
                                       ei_need *need) {
  const int result = ei_filters_3x3_check(c, p, weights, 0, sizeof(ei_filter_3x3), need);
  if (result != EI_OK) return result;
  const ei_filter_3x3 *filter = (const void *)(c->data + weights);
  for (int32_t i = p->out_c; i > 0; i--, filter++)
    if (filter->weights[0][3] < 1 || filter->weights[0][3] > EI_MAX_RIGHT_SHIFT)
      return EI_ERR_PARAMS;
  return EI_OK;
}

#endif
