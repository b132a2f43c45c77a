/* SPDX-License-Identifier: Apache-2.0
 *
 * out = clamp(op(a, b)) on float32, with broadcasting; comparisons give booleans.
 */
#include "float_math.h"

#include "broadcast.h"

typedef struct {
  ei_broadcast walk;
  uint32_t op;            /* enum ei_binary */
  float act_min, act_max; /* of the fused activation */
} ei_binary_float_params;

static int compares(uint32_t op) { return op >= EI_EQUAL && op <= EI_GREATER_EQUAL; }

static int compare(uint32_t op, float a, float b) {
  switch (op) {
    case EI_EQUAL: return a == b;
    case EI_NOT_EQUAL: return a != b;
    case EI_LESS: return a < b;
    case EI_LESS_EQUAL: return a <= b;
    case EI_GREATER: return a > b;
    default: return a >= b;
  }
}

static float apply(uint32_t op, float a, float b) {
  switch (op) {
    case EI_ADD: return a + b;
    case EI_SUB: return a - b;
    case EI_MUL: return a * b;
    case EI_DIV: return a / b;
    case EI_MAX: return a > b ? a : b;
    case EI_MIN: return a < b ? a : b;
    case EI_SQUARED_DIFFERENCE: return (a - b) * (a - b);
    case EI_FLOOR_DIV: return floorf(a / b);
    case EI_FLOOR_MOD: {
      const float rest = fmodf(a, b);
      return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
    }
    default: return a >= 0 ? a : a * b; /* PRELU */
  }
}

void ei_binary_float_run(const ei_call *c) {
  const ei_binary_float_params *p = c->params;
  const float *a = c->in[0], *b = c->in[1];
  uint32_t at[EI_BROADCAST_DIMS] = {0}, place[3] = {0};
  const uint32_t n = ei_broadcast_count(&p->walk);
  for (uint32_t i = 0; i < n; i++) {
    const float x = a[place[0]], y = b[place[1]];
    ei_broadcast_next(&p->walk, at, place);
    if (compares(p->op)) {
      ((uint8_t *)c->out)[i] = (uint8_t)compare(p->op, x, y);
      continue;
    }
    float z = apply(p->op, x, y);
    z = z < p->act_min ? p->act_min : z;
    ((float *)c->out)[i] = z > p->act_max ? p->act_max : z;
  }
}

int ei_binary_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_binary_float_params, p, c, need);
  uint64_t reach[3];
  const uint32_t n = ei_broadcast_check(&p->walk, reach);
  if (n == 0 || p->op >= EI_N_BINARY) return EI_ERR_PARAMS;
  for (int i = 0; i < 2; i++) need->in[i] = reach[i] * 4;
  need->out = (uint64_t)n * (compares(p->op) ? 1 : 4);
  need->in_align = 4, need->out_align = compares(p->op) ? 1 : 4;
  return EI_OK;
}

uint32_t ei_binary_float_scratch(const void *params) {
  (void)params;
  return 0;
}
