/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD, SUB and MUL of int16, with broadcasting.
 *
 * As AddElementwise, SubElementwise and MulElementwise in TFLite for int16
 * (kernels/internal/reference): sums in the scale 2 max(sa, sb) 2^-15. Zero points are 0.
 */
#include "fixed_point.h"
#include "kernel.h"

enum { ADD, SUB, MUL, LEFT_SHIFT = 15 };

typedef struct {
  uint32_t dims[6];         /* elements, outermost first; dims[0] are the rows */
  uint32_t stride[2][6];    /* elements from one to the next along each dimension, per input */
  int32_t mult[2];          /* Q31, of the inputs of a sum */
  int32_t shift[2];         /* -31..0 */
  int32_t out_mult;         /* Q31 */
  int32_t out_shift;        /* -31..30 */
  int16_t act_min, act_max; /* of the fused activation */
  uint32_t op;              /* 0: ADD, 1: SUB, 2: MUL */
} ei_binary_16_params;

static int16_t result(const ei_binary_16_params *p, int32_t a, int32_t b) {
  int32_t x;
  if (p->op == MUL) {
    x = a * b;
  } else {
    a = ei_requantize(a * (INT32_C(1) << LEFT_SHIFT), p->mult[0], p->shift[0]);
    b = ei_requantize(b * (INT32_C(1) << LEFT_SHIFT), p->mult[1], p->shift[1]);
    x = ei_add_wrap(a, p->op == SUB ? (int32_t)(0u - (uint32_t)b) : b);
  }
  return (int16_t)ei_clamp(ei_requantize(x, p->out_mult, p->out_shift), p->act_min, p->act_max);
}

void ei_binary_16_run(const ei_call *c) {
  const ei_binary_16_params *p = c->params;
  const size_t first = (size_t)(c->y0 - c->in_y0);
  const int16_t *a = (const int16_t *)c->in[0] + first * p->stride[0][0];
  const int16_t *b = (const int16_t *)c->in[1] + first * p->stride[1][0];
  int16_t *out = c->out;
  uint32_t at[6] = {0};
  const uint32_t rows = (uint32_t)(c->y1 - c->y0);
  while (at[0] < rows) {
    *out++ = result(p, *a, *b);
    for (int d = 5; d >= 0; d--) {
      a += p->stride[0][d], b += p->stride[1][d];
      if (++at[d] < p->dims[d] || d == 0) break;
      a -= (size_t)p->dims[d] * p->stride[0][d], b -= (size_t)p->dims[d] * p->stride[1][d];
      at[d] = 0;
    }
  }
}

int ei_binary_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_binary_16_params, p, c, need);
  if (p->op > MUL || p->out_shift < -31 || p->out_shift > 30 || c->in_y0 > c->y0 ||
      c->y1 > (int64_t)p->dims[0])
    return EI_ERR_PARAMS;
  uint64_t count = (uint32_t)(c->y1 - c->y0);
  uint64_t last[2];
  for (int i = 0; i < 2; i++) {
    if (p->shift[i] < -31 || p->shift[i] > 0) return EI_ERR_PARAMS;
    last[i] = (uint64_t)(uint32_t)(c->y1 - 1 - c->in_y0) * p->stride[i][0];
  }
  for (int d = 1; d < 6; d++) {
    if (p->dims[d] == 0 || (count *= p->dims[d]) > INT32_MAX) return EI_ERR_PARAMS;
    for (int i = 0; i < 2; i++) {
      last[i] += (uint64_t)(p->dims[d] - 1) * p->stride[i][d];
      if (last[i] > INT32_MAX) return EI_ERR_BOUNDS;
    }
  }
  for (int i = 0; i < 2; i++) need->in[i] = 2 * last[i] + 2;
  need->out = 2 * count;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_binary_16_scratch(const void *params) {
  (void)params;
  return 0;
}
