/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(127 + round(16 (s (in[y][i] - max) - log sum))), scale 1/16
 *
 * As LogSoftmax in TFLite (kernels/internal/reference/log_softmax.h) for int8.
 */
#include "fixed_point.h"
#include "functions.h"
#include "kernel.h"

typedef struct {
  uint32_t row;                        /* elements over which to normalize, below 2^12 */
  int32_t mult;                        /* Q31: scale * 2^26 */
  int32_t shift;                       /* 0..30, to the left */
  int32_t reverse_mult, reverse_shift; /* the inverse: Q31, -31..30 */
  int32_t diff_min;                    /* differences below it count as exp = 0 */
} ei_log_softmax_params;

void ei_log_softmax_run(const ei_call *c) {
  const ei_log_softmax_params *p = c->params;
  const int8_t *in = (const int8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->row, out += p->row) {
    int32_t max = INT8_MIN, sum = 0;
    for (uint32_t i = 0; i < p->row; i++) max = in[i] > max ? in[i] : max;
    for (uint32_t i = 0; i < p->row; i++)
      if (in[i] - max >= p->diff_min) {
        const int32_t e = ei_exp_q5(ei_requantize(in[i] - max, p->mult, p->shift));
        sum = ei_add_wrap(sum, ei_div_pot(e, EI_SUM_BITS));
      }
    const int32_t log = ei_log_q5(sum);
    int32_t least = ei_requantize(ei_add_wrap(log, INT32_MIN), p->reverse_mult, p->reverse_shift);
    if (least < p->diff_min - 1) least = p->diff_min - 1;
    for (uint32_t i = 0; i < p->row; i++) {
      int32_t q = INT8_MIN;
      if (in[i] - max > least) {
        const int32_t x = ei_requantize(in[i] - max, p->mult, p->shift);
        const int32_t rest = (int32_t)((uint32_t)x - (uint32_t)log);
        q = ei_clamp(ei_div_pot(rest, 31 - 5 - 4) + INT8_MAX, INT8_MIN, INT8_MAX);
      }
      out[i] = (int8_t)q;
    }
  }
}

int ei_log_softmax_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_log_softmax_params, p, c, need);
  if (p->row == 0 || p->row >= UINT32_C(1) << EI_SUM_BITS || p->mult < 0 || p->shift < 0 ||
      p->shift > 30 || p->reverse_mult < 0 || p->reverse_shift < -31 || p->reverse_shift > 30 ||
      p->diff_min > 0 || p->diff_min == INT32_MIN || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row;
  return EI_OK;
}

uint32_t ei_log_softmax_scratch(const void *params) {
  (void)params;
  return 0;
}
