/* SPDX-License-Identifier: Apache-2.0
 *
 * out[o][r][i] = the sum of in[o][0..r][i], `exclusive` without r itself, `reverse` from the end.
 *
 * As CumSum in TFLite (kernels/internal/reference/cumsum.h); int8 as in TFLite Micro, whose sums in
 * Q19 begin at minus the zero point and wrap.
 */
#include "element.h"
#include "fixed_point.h"

enum { FRACTION = 19 };

typedef struct {
  uint32_t type;                /* enum ei_dtype: int8, int32, int64 or float32 */
  uint32_t outer, count, inner; /* elements */
  uint32_t exclusive, reverse;  /* 0 or 1 */
  int32_t zero, out_zero;       /* of int8: zero points, */
  int32_t mult, shift;          /* and Q31, -31..30 */
} ei_cumsum_params;

static int8_t scaled(const ei_cumsum_params *p, int64_t sum) {
  const int32_t x = (int32_t)((uint32_t)sum << FRACTION);
  const int32_t q = ei_add_wrap(ei_requantize(x, p->mult, p->shift), p->out_zero);
  return (int8_t)ei_clamp(q, INT8_MIN, INT8_MAX);
}

/* One run of sums, from element `at` on in steps. */
static void integers(const ei_call *c, uint32_t at, uint32_t step) {
  const ei_cumsum_params *p = c->params;
  uint64_t sum = 0u - (uint64_t)(int64_t)p->zero;
  for (uint32_t n = p->count; n > 0; n--, at += step) {
    const uint64_t x = (uint64_t)ei_load(c->in[0], p->type, at) - (uint64_t)(int64_t)p->zero;
    const uint64_t next = sum + x, y = p->exclusive ? sum : next;
    sum = next;
    if (p->type == EI_INT8)
      ((int8_t *)c->out)[at] = scaled(p, (int64_t)y);
    else
      ei_store(c->out, p->type, at, (int64_t)y);
  }
}

static void floats(const ei_call *c, uint32_t at, uint32_t step) {
  const ei_cumsum_params *p = c->params;
  float sum = 0;
  for (uint32_t n = p->count; n > 0; n--, at += step) {
    const float next = sum + ((const float *)c->in[0])[at];
    ((float *)c->out)[at] = p->exclusive ? sum : next;
    sum = next;
  }
}

void ei_cumsum_run(const ei_call *c) {
  const ei_cumsum_params *p = c->params;
  const uint32_t last = (p->count - 1) * p->inner;
  const uint32_t step = p->reverse ? 0u - p->inner : p->inner;
  for (uint32_t o = 0; o < p->outer; o++)
    for (uint32_t i = 0; i < p->inner; i++) {
      const uint32_t at = o * p->count * p->inner + i + (p->reverse ? last : 0);
      if (p->type == EI_FLOAT32)
        floats(c, at, step);
      else
        integers(c, at, step);
    }
}

int ei_cumsum_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_cumsum_params, p, c, need);
  const int known = p->type == EI_INT8 || p->type == EI_INT32 || p->type == EI_INT64;
  if ((!known && p->type != EI_FLOAT32) || p->exclusive > 1 || p->reverse > 1 || p->mult < 0 ||
      p->shift < -31 || p->shift > 30 || (p->zero != 0 && p->type != EI_INT8))
    return EI_ERR_PARAMS;
  const uint64_t out = (uint64_t)p->outer * p->inner;
  if (p->count == 0 || p->inner == 0 || p->count > INT32_MAX || out > INT32_MAX ||
      out * p->count > INT32_MAX)
    return EI_ERR_PARAMS;
  need->in[0] = need->out = out * p->count * ei_size_of(p->type);
  need->in_align = need->out_align = ei_align_of(p->type);
  return EI_OK;
}

uint32_t ei_cumsum_scratch(const void *params) {
  (void)params;
  return 0;
}
