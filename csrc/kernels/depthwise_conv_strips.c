/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D as depthwise_conv_3x3.c has it, for cores with wide vectors: a row of outputs,
 * or two when the stride is 1, from the input as it lies.
 */
#include "filters_3x3.h"

typedef struct {
  uint32_t weights; /* data offset: ei_filter_3x3 [out_c] */
  ei_conv conv;
} ei_depthwise_conv_strips_params;

enum { K = 3 };

#ifndef EI_STRIP
EI_INLINE void ei_strip_run(const ei_strip *s, const ei_filter_3x3 *filters, int8_t *out,
                            int two_rows) {
  const int32_t channels = s->channels;
  for (int row = 0; row <= two_rows; row++)
    for (int32_t left = -s->pad, x = 0; x < s->out_w; x++, left += s->stride)
      for (int32_t c = 0; c < channels; c++, out++) {
        const ei_filter_3x3 *f = filters + c;
        uint32_t sum = (uint32_t)f->bias;
        for (int k = 0; k < K * K; k++) {
          const int8_t *from = s->rows[row + k % K];
          const int32_t ix = left + k / K;
          if (from == NULL || ix < 0 || ix >= s->in_w) continue;
          sum += (uint32_t)(2 * (from[ix * channels + c] - s->in_zero) * f->weights[k / K][k % K]);
        }
        const int right = f->weights[0][K];
        ei_output_twice(out, (int32_t)sum, f->mult, right, ei_output_offset(right, s->out_zero));
      }
}
#endif

/* The rows from output row y on. */
EI_INLINE void make_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,
                         int8_t *out, int two_rows) {
  const ei_strip s = ei_strip_at(p, c, y, two_rows);
  ei_strip_run(&s, filters, out, two_rows);
}

EI_ONE_AND_TWO_ROWS(EI_INLINE)

void ei_depthwise_conv_strips_run(const ei_call *c) {
  const ei_depthwise_conv_strips_params *p = c->params;
  ei_filters_3x3_run(c, &p->conv, p->weights, one_row, two_rows);
}

int ei_depthwise_conv_strips_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_conv_strips_params, p, c, need);
  return ei_shifted_3x3_check(c, &p->conv, p->weights, need);
}

uint32_t ei_depthwise_conv_strips_scratch(const void *params) {
  (void)params;
  return 0;
}
