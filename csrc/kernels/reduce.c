/* SPDX-License-Identifier: Apache-2.0
 *
 * out[o] = the sum, largest, smallest ... of in[o, r] over r: any dimensions, in any order. A sum
 * of int8 is requantized; sums of float32 are made in the order of the input, as TFLite makes them.
 *
 * As ReduceGeneric and QuantizedMeanOrSum in TFLite (kernels/internal/reference/reduce.h).
 */
#include "element.h"
#include "fixed_point.h"

enum { DIMS = 4 };
/* The same numbers in edgeinfer/ops/reduction.py. */
enum { SUM, MEAN, MAX, MIN, PROD, ANY, ALL, N_OPS };

typedef struct {
  uint32_t op, type;       /* type: enum ei_dtype */
  uint32_t out[4];         /* output elements along each kept dimension, outermost first */
  uint32_t out_stride[4];  /* input elements from one to the next */
  uint32_t over[4];        /* elements along each dimension that goes */
  uint32_t over_stride[4]; /* input elements */
  int32_t bias;            /* of a sum of int8: -zero_point * count */
  int32_t mult, shift;     /* Q31, -31..30 */
  int32_t out_zero;        /* -128..127 */
} ei_reduce_params;

/* The next position of a walk; 0 at its end. */
static int next(const uint32_t *dims, const uint32_t *stride, uint32_t *at, uint32_t *place) {
  for (int d = DIMS - 1; d >= 0; d--) {
    *place += stride[d];
    if (++at[d] < dims[d]) return 1;
    *place -= stride[d] * dims[d];
    at[d] = 0;
  }
  return 0;
}

static int64_t combine(uint32_t op, int64_t a, int64_t b) {
  switch (op) {
    case MAX: return a > b ? a : b;
    case MIN: return a < b ? a : b;
    case PROD: return (int64_t)((uint64_t)a * (uint64_t)b);
    case ANY: return a || b;
    case ALL: return a && b;
    default: return (int64_t)((uint64_t)a + (uint64_t)b);
  }
}

static void integers(const ei_call *c, uint32_t i, uint32_t place) {
  const ei_reduce_params *p = c->params;
  uint32_t at[DIMS] = {0}, count = 1;
  int64_t x = ei_load(c->in[0], p->type, place);
  while (next(p->over, p->over_stride, at, &place)) {
    x = combine(p->op, x, ei_load(c->in[0], p->type, place));
    count++;
  }
  if (p->op > MEAN) {
    ei_store(c->out, p->type, i, x);
  } else if (p->type == EI_INT8) {
    const int32_t sum = ei_add_wrap((int32_t)(uint32_t)x, p->bias);
    const int32_t q = ei_add_wrap(ei_requantize(sum, p->mult, p->shift), p->out_zero);
    ((int8_t *)c->out)[i] = (int8_t)ei_clamp(q, INT8_MIN, INT8_MAX);
  } else {
    ei_store(c->out, p->type, i, p->op == MEAN ? x / (int64_t)count : x);
  }
}

static void floats(const ei_call *c, uint32_t i, uint32_t place) {
  const ei_reduce_params *p = c->params;
  const float *in = c->in[0];
  uint32_t at[DIMS] = {0}, count = 0;
  float x = p->op == MAX || p->op == MIN ? in[place] : p->op == PROD ? 1.0f : 0.0f;
  do {
    const float y = in[place];
    switch (p->op) {
      case MAX: x = x > y ? x : y; break;
      case MIN: x = x < y ? x : y; break;
      case PROD: x *= y; break;
      default: x += y;
    }
    count++;
  } while (next(p->over, p->over_stride, at, &place));
  ((float *)c->out)[i] = p->op == MEAN ? x / (float)count : x;
}

void ei_reduce_run(const ei_call *c) {
  const ei_reduce_params *p = c->params;
  uint32_t at[DIMS] = {0}, place = 0, i = 0;
  do {
    if (p->type == EI_FLOAT32)
      floats(c, i++, place);
    else
      integers(c, i++, place);
  } while (next(p->out, p->out_stride, at, &place));
}

int ei_reduce_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_reduce_params, p, c, need);
  const uint32_t size = ei_size_of(p->type);
  if (p->op >= N_OPS || size == 0 || p->shift < -31 || p->shift > 30) return EI_ERR_PARAMS;
  uint64_t out = 1, over = 1, reach = 1;
  for (int d = 0; d < DIMS; d++) {
    if (p->out[d] == 0 || p->over[d] == 0) return EI_ERR_PARAMS;
    if ((out *= p->out[d]) > INT32_MAX || (over *= p->over[d]) > INT32_MAX) return EI_ERR_PARAMS;
    reach += (uint64_t)(p->out[d] - 1) * p->out_stride[d];
    reach += (uint64_t)(p->over[d] - 1) * p->over_stride[d];
    if (reach > INT32_MAX) return EI_ERR_BOUNDS;
  }
  /* Each input element is read once, so that the arena's size bounds the time. */
  if (out * over > reach) return EI_ERR_PARAMS;
  need->in[0] = reach * size;
  need->out = out * size;
  need->in_align = need->out_align = ei_align_of(p->type);
  return EI_OK;
}

uint32_t ei_reduce_scratch(const void *params) {
  (void)params;
  return 0;
}
