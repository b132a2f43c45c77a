/* SPDX-License-Identifier: Apache-2.0
 *
 * out = op(a, b) on plain integers and booleans of any type, with broadcasting. Sums and products
 * wrap; a quotient by zero is 0.
 */
#include "broadcast.h"

typedef struct {
  ei_broadcast walk;
  uint32_t op;                /* enum ei_binary */
  uint32_t in_type, out_type; /* enum ei_dtype */
  int32_t act_min, act_max;   /* of the fused activation; INT32_MIN and INT32_MAX are none */
} ei_binary_int_params;

static int64_t quotient(int64_t a, int64_t b) {
  if (b == 0) return 0;
  return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

static int64_t apply(uint32_t op, int64_t a, int64_t b) {
  const int64_t whole = quotient(a, b);
  const int64_t rest = (int64_t)((uint64_t)a - (uint64_t)whole * (uint64_t)b);
  const int down = b != 0 && rest != 0 && (rest < 0) != (b < 0);
  const int64_t difference = (int64_t)((uint64_t)a - (uint64_t)b);
  switch (op) {
    case EI_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case EI_SUB: return difference;
    case EI_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case EI_DIV: return whole;
    case EI_MAX: return a > b ? a : b;
    case EI_MIN: return a < b ? a : b;
    case EI_SQUARED_DIFFERENCE: return (int64_t)((uint64_t)difference * (uint64_t)difference);
    case EI_FLOOR_DIV: return whole - down;
    case EI_FLOOR_MOD: return b == 0 ? 0 : down ? rest + b : rest;
    case EI_EQUAL: return a == b;
    case EI_NOT_EQUAL: return a != b;
    case EI_LESS: return a < b;
    case EI_LESS_EQUAL: return a <= b;
    case EI_GREATER: return a > b;
    case EI_GREATER_EQUAL: return a >= b;
    case EI_AND: return a && b;
    default: return a || b;
  }
}

void ei_binary_int_run(const ei_call *c) {
  const ei_binary_int_params *p = c->params;
  uint32_t at[EI_BROADCAST_DIMS] = {0}, place[3] = {0};
  const uint32_t n = ei_broadcast_count(&p->walk);
  for (uint32_t i = 0; i < n; i++) {
    int64_t x = apply(p->op, ei_load(c->in[0], p->in_type, place[0]),
                      ei_load(c->in[1], p->in_type, place[1]));
    if (p->out_type == EI_INT32) x = (int32_t)(uint32_t)x;
    if (p->act_min != INT32_MIN && x < p->act_min) x = p->act_min;
    if (p->act_max != INT32_MAX && x > p->act_max) x = p->act_max;
    ei_store(c->out, p->out_type, i, x);
    ei_broadcast_next(&p->walk, at, place);
  }
}

int ei_binary_int_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_binary_int_params, p, c, need);
  uint64_t reach[3];
  const uint32_t n = ei_broadcast_check(&p->walk, reach);
  const uint32_t size = ei_size_of(p->in_type), out = ei_size_of(p->out_type);
  if (n == 0 || p->op >= EI_PRELU || size == 0 || out == 0) return EI_ERR_PARAMS;
  for (int i = 0; i < 2; i++) need->in[i] = reach[i] * size;
  need->out = (uint64_t)n * out;
  need->in_align = ei_align_of(p->in_type), need->out_align = ei_align_of(p->out_type);
  return EI_OK;
}

uint32_t ei_binary_int_scratch(const void *params) {
  (void)params;
  return 0;
}
