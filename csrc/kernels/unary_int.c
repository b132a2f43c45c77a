/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = f(in[i]) on plain integers of any type, which wrap.
 */
#include "element.h"

enum { ABS, NEG, N_FUNCTIONS };

typedef struct {
  uint32_t op;
  uint32_t type; /* enum ei_dtype */
  uint32_t count;
} ei_unary_int_params;

void ei_unary_int_run(const ei_call *c) {
  const ei_unary_int_params *p = c->params;
  for (uint32_t i = 0; i < p->count; i++) {
    const int64_t x = ei_load(c->in[0], p->type, i);
    const int same = p->op == ABS && x >= 0;
    ei_store(c->out, p->type, i, same ? x : (int64_t)(0u - (uint64_t)x));
  }
}

int ei_unary_int_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_unary_int_params, p, c, need);
  const uint32_t size = ei_size_of(p->type);
  if (p->op >= N_FUNCTIONS || size == 0) return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * size;
  need->in_align = need->out_align = ei_align_of(p->type);
  return EI_OK;
}

uint32_t ei_unary_int_scratch(const void *params) {
  (void)params;
  return 0;
}
