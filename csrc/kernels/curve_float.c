/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = f(in[i]) in float32, for the functions that IEEE 754 does not define to the last bit:
 * those of float_functions.h, composed as in TFLite's reference kernels.
 */
#include "float_functions.h"

#include "kernel.h"

/* The same numbers in edgeinfer/ops/float_unary.py. */
enum { EXP, LOG, SIN, COS, TANH, LOGISTIC, ELU, GELU, GELU_TANH, N_FUNCTIONS };

typedef struct {
  uint32_t op;
  uint32_t count;
} ei_curve_float_params;

static float apply(uint32_t op, float x) {
  switch (op) {
    case EXP: return ei_exp(x);
    case LOG: return ei_log(x);
    case SIN: return ei_sine(x, 0);
    case COS: return ei_sine(x, 2);
    case TANH: return ei_tanh(x);
    case LOGISTIC: return ei_logistic(x);
    case ELU: return x < 0 ? ei_expm1(x) : x;
    case GELU: return ei_times(ei_times(0.5f, x), ei_erfc(ei_times(x, -0.70710678f)));
    default: {
      const float cubic = ei_times(ei_times(ei_times(0.044715f, x), x), x);
      return ei_times(ei_times(0.5f, x), 1.0f + ei_tanh(ei_times(0.79788456f, x + cubic)));
    }
  }
}

void ei_curve_float_run(const ei_call *c) {
  const ei_curve_float_params *p = c->params;
  const float *in = c->in[0];
  float *out = c->out;
  for (uint32_t i = p->count; i > 0; i--) *out++ = apply(p->op, *in++);
}

int ei_curve_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_curve_float_params, p, c, need);
  if (p->op >= N_FUNCTIONS) return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_curve_float_scratch(const void *params) {
  (void)params;
  return 0;
}
