/* SPDX-License-Identifier: Apache-2.0
 *
 * out[o] = the sum, largest, smallest ... of in[o, r] over r: any dimensions, in any order. Sums
 * and products of quantized numbers are requantized, products after each factor; sums of float32
 * are made in the order of the input, as TFLite makes them.
 *
 * As ReduceGeneric, QuantizedMeanOrSum and QuantizedReduceProd in TFLite
 * (kernels/internal/reference/reduce.h).
 */
#include "element.h"
#include "fixed_point.h"
#include "wide.h"

enum { DIMS = 4 };
/* The same numbers in edgeinfer/ops/reduction.py. */
enum { SUM, MEAN, MAX, MIN, PROD, ANY, ALL, N_OPS };

typedef struct {
  uint32_t op, type;       /* type: enum ei_dtype */
  uint32_t out[4];         /* output elements along each kept dimension, outermost first */
  uint32_t out_stride[4];  /* input elements from one to the next */
  uint32_t over[4];        /* elements along each dimension that goes */
  uint32_t over_stride[4]; /* input elements */
  uint32_t scaled;         /* 1: a sum, mean or product of int8 or int16 that has scales: */
  int32_t bias;            /* of a sum: -zero_point * count, of a product: -zero_point */
  int32_t mult, shift;     /* Q31, -31..30, of a product -31..14 */
  int32_t out_zero;        /* of the type */
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

static void store(const ei_call *c, uint32_t i, int32_t x) {
  const ei_reduce_params *p = c->params;
  const int wide = p->type == EI_INT16;
  x = ei_add_wrap(x, p->out_zero);
  ei_store(c->out, p->type, i,
           ei_clamp(x, wide ? INT16_MIN : INT8_MIN, wide ? INT16_MAX : INT8_MAX));
}

static int32_t factor(const ei_call *c, uint32_t place) {
  const ei_reduce_params *p = c->params;
  return ei_add_wrap((int32_t)ei_load(c->in[0], p->type, place), p->bias);
}

static void product(const ei_call *c, uint32_t i, uint32_t place) {
  const ei_reduce_params *p = c->params;
  uint32_t at[DIMS] = {0};
  int32_t x = factor(c, place);
  while (next(p->over, p->over_stride, at, &place))
    x = ei_requantize_wide((int64_t)x * factor(c, place), p->mult, (int)p->shift);
  store(c, i, ei_requantize_wide(x, p->mult, (int)p->shift));
}

static void integers(const ei_call *c, uint32_t i, uint32_t place) {
  const ei_reduce_params *p = c->params;
  uint32_t at[DIMS] = {0}, count = 1;
  int64_t x = ei_load(c->in[0], p->type, place);
  while (next(p->over, p->over_stride, at, &place)) {
    x = combine(p->op, x, ei_load(c->in[0], p->type, place));
    count++;
  }
  if (p->scaled) {
    const int32_t sum = ei_add_wrap((int32_t)(uint32_t)x, p->bias);
    store(c, i, ei_requantize(sum, p->mult, p->shift));
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
    else if (p->scaled && p->op == PROD)
      product(c, i++, place);
    else
      integers(c, i++, place);
  } while (next(p->out, p->out_stride, at, &place));
}

int ei_reduce_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_reduce_params, p, c, need);
  const uint32_t size = ei_size_of(p->type);
  if (p->op >= N_OPS || size == 0 || p->mult < 0 || p->shift < -31 ||
      p->shift > (p->op == PROD ? 14 : 30))
    return EI_ERR_PARAMS;
  if (p->scaled && ((p->type != EI_INT8 && p->type != EI_INT16) ||
                    (p->op != SUM && p->op != MEAN && p->op != PROD)))
    return EI_ERR_PARAMS;
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
