/* SPDX-License-Identifier: Apache-2.0
 *
 * out = clamp(zo + requant((a - za) (b - zb))), with broadcasting.
 *
 * As MulElementwise in TFLite (kernels/internal/reference/integer_ops/mul.h).
 */
#include "binary.h"

typedef struct {
  ei_walk walk;
  int32_t zero[2];          /* zero points of the inputs, -128..127 */
  int32_t mult;             /* Q31 */
  int32_t shift;            /* -31..30 */
  int16_t out_zero;         /* -128..127 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
  int16_t reserved;         /* 0 */
} ei_mul_params;

EI_INLINE int8_t mul(const void *constants, int32_t a, int32_t b) {
  const ei_mul_params *p = constants;
  const int32_t product = ei_requantize((a - p->zero[0]) * (b - p->zero[1]), p->mult, p->shift);
  return (int8_t)ei_clamp(ei_add_wrap(product, p->out_zero), p->act_min, p->act_max);
}

void ei_mul_run(const ei_call *c) {
  const ei_mul_params p = *(const ei_mul_params *)c->params;
  ei_walk_run(c, &p.walk, 0, mul, NULL, &p);
}

int ei_mul_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_mul_params, p, c, need);
  for (int i = 0; i < 2; i++)
    if (p->zero[i] < -128 || p->zero[i] > 127) return EI_ERR_PARAMS;
  if (p->shift < -31 || p->shift > 30) return EI_ERR_PARAMS;
  return ei_walk_check(c, &p->walk, need);
}

uint32_t ei_mul_scratch(const void *params) {
  (void)params;
  return 0;
}
