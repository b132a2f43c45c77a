/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(min + round(2^bits exp(beta s (in[y][i] - max)) / sum)), scale 2^-bits
 *
 * As Softmax in TFLite (kernels/internal/reference/softmax.h) for int8 inputs, in fixed point
 * throughout.
 */
#include "fixed_point.h"
#include "functions.h"
#include "kernel.h"

typedef struct {
  uint32_t row;     /* elements over which to normalize */
  int32_t mult;     /* Q31: beta * scale * 2^26 */
  int32_t shift;    /* 0..31, to the left */
  int32_t diff_min; /* differences below it count as exp = 0 */
  uint32_t bits;    /* of an output: 8 or 16 */
} ei_softmax_params;

/* exp of one difference, Q31. */
static int32_t exponential(const ei_softmax_params *p, int32_t diff) {
  return ei_exp_q5(ei_mul_high(ei_shl_wrap(diff, p->shift), p->mult));
}

void ei_softmax_run(const ei_call *c) {
  const ei_softmax_params *p = c->params;
  const int8_t *in = (const int8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  const int bits_out = (int)p->bits;
  const int32_t min = -(INT32_C(1) << (bits_out - 1));
  uint32_t at = 0;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->row) {
    int32_t max = INT8_MIN, sum = 0;
    for (uint32_t i = 0; i < p->row; i++) max = in[i] > max ? in[i] : max;
    for (uint32_t i = 0; i < p->row; i++)
      if (in[i] - max >= p->diff_min)
        sum = ei_add_wrap(sum, ei_div_pot(exponential(p, in[i] - max), EI_SUM_BITS));

    int bits;
    const int32_t scale = ei_reciprocal(sum, EI_SUM_BITS, &bits);
    const int n = (int)ei_clamp(bits + 31 - bits_out, 0, 31);
    for (uint32_t i = 0; i < p->row; i++, at++) {
      int32_t q = min;
      if (in[i] - max >= p->diff_min)
        q += ei_div_pot(ei_mul_high(scale, exponential(p, in[i] - max)), n);
      q = ei_clamp(q, min, ~min);
      if (bits_out == 8)
        ((int8_t *)c->out)[at] = (int8_t)q;
      else
        ((int16_t *)c->out)[at] = (int16_t)q;
    }
  }
}

int ei_softmax_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_softmax_params, p, c, need);
  /* A sum of 2048 ones still fits its 12 integer bits; more would wrap, in TFLite too. */
  if (p->row == 0 || p->row > INT32_MAX || p->shift < 0 || p->shift > 31 ||
      (p->bits != 8 && p->bits != 16) || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * (p->bits / 8);
  need->out_align = p->bits / 8;
  return EI_OK;
}

uint32_t ei_softmax_scratch(const void *params) {
  (void)params;
  return 0;
}
