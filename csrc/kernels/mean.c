/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(zo + requant(bias + sum over r of in[y][r][i]))
 *
 * in [rows, reduce, inner], out [rows, inner]; the division by `reduce` is in the multiplier and
 * the input's zero point in the bias, as QuantizedMeanOrSum in TFLite (kernels/internal/reference/
 * reduce.h).
 */
#include "fixed_point.h"
#include "kernel.h"

typedef struct {
  uint32_t reduce, inner; /* elements */
  int32_t bias;           /* -zero_point * reduce */
  int32_t mult;           /* Q31 */
  int32_t shift;          /* -31..30 */
  int32_t out_zero;       /* zero point, -128..127 */
} ei_mean_params;

void ei_mean_run(const ei_call *c) {
  const ei_mean_params *p = c->params;
  const int8_t *in = (const int8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->reduce * p->inner;
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->reduce * p->inner)
    for (uint32_t i = 0; i < p->inner; i++) {
      int32_t sum = p->bias;
      const int8_t *at = in + i;
      for (uint32_t r = p->reduce; r > 0; r--, at += p->inner) sum += *at;
      const int32_t mean = ei_requantize(sum, p->mult, p->shift);
      *out++ = (int8_t)ei_clamp(ei_add_wrap(mean, p->out_zero), INT8_MIN, INT8_MAX);
    }
}

int ei_mean_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_mean_params, p, c, need);
  /* Up to 2^23 elements neither the sum nor its bias can overflow. */
  if (p->reduce == 0 || p->reduce > UINT32_C(1) << 23 || p->inner == 0 || p->shift < -31 ||
      p->shift > 30 || p->bias > (INT32_C(1) << 30) || p->bias < -(INT32_C(1) << 30) ||
      c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  const uint64_t row = (uint64_t)p->reduce * p->inner;
  if (row > INT32_MAX) return EI_ERR_BOUNDS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * row;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->inner;
  return EI_OK;
}

uint32_t ei_mean_scratch(const void *params) {
  (void)params;
  return 0;
}
