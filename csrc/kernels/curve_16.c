/* SPDX-License-Identifier: Apache-2.0
 *
 * LOGISTIC and TANH of int16.
 */
#include "curve.h"
#include "kernel.h"

typedef struct {
  uint32_t table; /* data offset: uint16 [256], 2^16 / (1 + exp(-k / 24)) */
  uint32_t count; /* elements */
  int32_t mult;   /* of the input, to 2^17 for 32 / 3: 0..65535 */
  uint32_t shift; /* 0..31, to the right after it */
  uint32_t tanh;  /* 1: TANH, 0: LOGISTIC */
} ei_curve_16_params;

void ei_curve_16_run(const ei_call *c) {
  const ei_curve_16_params *p = c->params;
  const uint16_t *table = (const void *)(c->data + p->table);
  const int16_t *in = c->in[0];
  int16_t *out = c->out;
  const int32_t round = p->shift > 0 ? (int32_t)(UINT32_C(1) << (p->shift - 1)) : 0;
  for (uint32_t i = 0; i < p->count; i++) {
    const int32_t x = (int32_t)((uint32_t)(in[i] * p->mult) + (uint32_t)round) >> p->shift;
    out[i] = ei_curve_16(table, x, (int)p->tanh);
  }
}

int ei_curve_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_curve_16_params, p, c, need);
  if (p->count > INT32_MAX / 4 || p->mult < 0 || p->mult > UINT16_MAX || p->shift > 31 ||
      p->tanh > 1 || !ei_has_data(need, p->table, 256, 2))
    return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_curve_16_scratch(const void *params) {
  (void)params;
  return 0;
}
