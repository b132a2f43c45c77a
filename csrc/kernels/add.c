/* SPDX-License-Identifier: Apache-2.0
 *
 * out = clamp(zo + requant(requant((a - za) 2^20) + requant((b - zb) 2^20))), with broadcasting.
 *
 * As AddElementwise in TFLite (kernels/internal/reference/integer_ops/add.h): both inputs are
 * brought to the scale 2 max(sa, sb) 2^-20, added, and brought to the output's.
 */
#include "binary.h"

enum { LEFT_SHIFT = 20 };

typedef struct {
  ei_walk walk;
  int32_t zero[2];          /* zero points of the inputs, -128..127 */
  int32_t mult[2];          /* Q31, of the inputs */
  int32_t shift[2];         /* -31..0, of the inputs */
  int32_t out_mult;         /* Q31 */
  int32_t out_shift;        /* -31..0 */
  int16_t out_zero;         /* -128..127 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
  int16_t reserved;         /* 0 */
} ei_add_params;

EI_INLINE int8_t add(const void *params, int32_t a, int32_t b) {
  const ei_add_params *p = params;
  a = ei_div_pot(ei_mul_high((a - p->zero[0]) * (1 << LEFT_SHIFT), p->mult[0]), -p->shift[0]);
  b = ei_div_pot(ei_mul_high((b - p->zero[1]) * (1 << LEFT_SHIFT), p->mult[1]), -p->shift[1]);
  const int32_t sum = ei_div_pot(ei_mul_high(ei_add_wrap(a, b), p->out_mult), -p->out_shift);
  return (int8_t)ei_clamp(sum + p->out_zero, p->act_min, p->act_max);
}

void ei_add_run(const ei_call *c) {
  const ei_add_params *p = c->params;
  ei_walk_run(c, &p->walk, add);
}

int ei_add_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_add_params, p, c, need);
  for (int i = 0; i < 2; i++)
    if (p->zero[i] < -128 || p->zero[i] > 127 || p->shift[i] < -31 || p->shift[i] > 0)
      return EI_ERR_PARAMS;
  if (p->out_shift < -31 || p->out_shift > 0) return EI_ERR_PARAMS;
  return ei_walk_check(c, &p->walk, need);
}

uint32_t ei_add_scratch(const void *params) {
  (void)params;
  return 0;
}
