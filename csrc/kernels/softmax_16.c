/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = exp(in[y][i] - max) / sum, int16 in Q15: two tables of 513 points, linear between.
 *
 * As SoftmaxInt16 in TFLite (kernels/internal/reference/softmax.h).
 */
#include "fixed_point.h"
#include "functions.h"
#include "kernel.h"
#include "wide.h"

typedef struct {
  uint32_t exp;        /* data offset: int16 [513], exp over -10..0 in Q15 */
  uint32_t reciprocal; /* data offset: int16 [513], 1 / (1 + x) over 0..1 in Q15 */
  uint32_t row;        /* elements over which to normalize */
  int32_t mult;        /* Q31: beta * scale * 65535 / 10 */
  int32_t shift;       /* -31..30 */
} ei_softmax_16_params;

static int32_t lookup(const int16_t *table, int32_t x) {
  return ei_lookup_16(table, ei_clamp(x, INT16_MIN, INT16_MAX));
}

void ei_softmax_16_run(const ei_call *c) {
  const ei_softmax_16_params *p = c->params;
  const int16_t *exp = (const void *)(c->data + p->exp);
  const int16_t *reciprocal = (const void *)(c->data + p->reciprocal);
  const int16_t *in = (const int16_t *)c->in[0] + (size_t)(c->y0 - c->in_y0) * p->row;
  int16_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->row, out += p->row) {
    int32_t max = INT16_MIN;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < p->row; i++) max = in[i] > max ? in[i] : max;
    for (uint32_t i = 0; i < p->row; i++) {
      const int32_t scaled = ei_requantize(in[i] - max, p->mult, p->shift);
      const int32_t e = lookup(exp, ei_add_wrap(scaled, INT16_MAX));
      out[i] = (int16_t)e;
      sum += (uint32_t)e;
    }
    const int zeros = ei_leading_zeros(sum);
    if (zeros < 1 || zeros > 30) { /* no sum of exponentials: these bytes are not a model's */
      for (uint32_t i = 0; i < p->row; i++) out[i] = 0;
      continue;
    }
    const int32_t shifted = (int32_t)((((uint64_t)sum << (zeros - 1)) + (1 << 13)) >> 14);
    const int64_t scale = lookup(reciprocal, shifted - (INT32_C(1) << 15) - (INT32_C(1) << 16));
    const int right = 31 - zeros;
    for (uint32_t i = 0; i < p->row; i++) {
      const int32_t q = (int32_t)((out[i] * scale + (INT32_C(1) << (right - 1))) >> right);
      out[i] = (int16_t)ei_clamp(q, 0, INT16_MAX);
    }
  }
}

int ei_softmax_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_softmax_16_params, p, c, need);
  if (p->row == 0 || p->row > INT16_MAX || p->shift < -31 || p->shift > 30 || c->in_y0 > c->y0 ||
      !ei_has_data(need, p->exp, 513, 2) || !ei_has_data(need, p->reciprocal, 513, 2))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row * 2;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_softmax_16_scratch(const void *params) {
  (void)params;
  return 0;
}
