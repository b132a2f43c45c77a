/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(-128 + round(256 exp(beta s (in[y][i] - max)) / sum)), scale 1/256
 *
 * As Softmax in TFLite (kernels/internal/reference/softmax.h) for int8, in fixed point throughout.
 */
#include "fixed_point.h"
#include "functions.h"
#include "kernel.h"

typedef struct {
  uint32_t row;     /* elements over which to normalize */
  int32_t mult;     /* Q31: beta * scale * 2^26 */
  int32_t shift;    /* 0..31, to the left */
  int32_t diff_min; /* differences below it count as exp = 0 */
} ei_softmax_params;

/* exp of one difference, Q31. */
static int32_t exponential(const ei_softmax_params *p, int32_t diff) {
  return ei_exp_q5(ei_mul_high(ei_shl_wrap(diff, p->shift), p->mult));
}

void ei_softmax_run(const ei_call *c) {
  const ei_softmax_params *p = c->params;
  const int8_t *in = (const int8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->row, out += p->row) {
    int32_t max = INT8_MIN, sum = 0;
    for (uint32_t i = 0; i < p->row; i++) max = in[i] > max ? in[i] : max;
    for (uint32_t i = 0; i < p->row; i++)
      if (in[i] - max >= p->diff_min)
        sum = ei_add_wrap(sum, ei_div_pot(exponential(p, in[i] - max), EI_SUM_BITS));

    int bits;
    const int32_t scale = ei_reciprocal(sum, EI_SUM_BITS, &bits);
    for (uint32_t i = 0; i < p->row; i++) {
      if (in[i] - max < p->diff_min) {
        out[i] = INT8_MIN;
        continue;
      }
      const int n = bits + 31 - 8;
      const int32_t q =
          ei_div_pot(ei_mul_high(scale, exponential(p, in[i] - max)), n < 31 ? n : 31);
      out[i] = (int8_t)ei_clamp(q + INT8_MIN, INT8_MIN, INT8_MAX);
    }
  }
}

int ei_softmax_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_softmax_params, p, c, need);
  /* A sum of 2048 ones still fits its 12 integer bits; more would wrap, in TFLite too. */
  if (p->row == 0 || p->row > INT32_MAX || p->shift < 0 || p->shift > 31 || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row;
  return EI_OK;
}

uint32_t ei_softmax_scratch(const void *params) {
  (void)params;
  return 0;
}
