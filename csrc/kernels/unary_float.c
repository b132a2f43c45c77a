/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = f(in[i]) in float32, for the functions that IEEE 754 defines to the last bit.
 */
#include "float_math.h"

#include "kernel.h"

enum { ABS, NEG, SQRT, RSQRT, SQUARE, FLOOR, CEIL, ROUND, CLIP, LEAKY, HARD_SWISH, N_FUNCTIONS };

typedef struct {
  uint32_t op;
  uint32_t count;
  float low, high; /* of CLIP; low is LEAKY's slope below zero */
} ei_unary_float_params;

static float apply(const ei_unary_float_params *p, float x) {
  switch (p->op) {
    case ABS: return x < 0 ? -x : x + 0.0f;
    case NEG: return -x;
    case SQRT: return sqrtf(x);
    case RSQRT: return 1.0f / sqrtf(x);
    case SQUARE: return x * x;
    case FLOOR: return floorf(x);
    case CEIL: return ceilf(x);
    case ROUND: {
      const float whole = rintf(x);
      return whole == 0 && x < 0 ? 0.0f : whole; /* TFLite's gives no negative zero here */
    }
    case LEAKY: return x > 0 ? x : x * p->low;
    case HARD_SWISH: {
      float factor = x + 3.0f;
      factor = factor < 0 ? 0 : factor;
      return x * (factor > 6.0f ? 6.0f : factor) / 6.0f;
    }
    default: x = x < p->low ? p->low : x; return x > p->high ? p->high : x;
  }
}

void ei_unary_float_run(const ei_call *c) {
  const ei_unary_float_params *p = c->params;
  const float *in = c->in[0];
  float *out = c->out;
  for (uint32_t i = p->count; i > 0; i--) *out++ = apply(p, *in++);
}

int ei_unary_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_unary_float_params, p, c, need);
  if (p->op >= N_FUNCTIONS) return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_unary_float_scratch(const void *params) {
  (void)params;
  return 0;
}
