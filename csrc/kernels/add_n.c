/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = sum of x0[i], x1[i], ...: float32, int32, or int8 of one scale.
 *
 * As AddN in TFLite (kernels/internal/reference/add_n.h).
 */
#include "element.h"
#include "fixed_point.h"

enum { MOST = 8, LEFT_SHIFT = 20 };

typedef struct {
  uint32_t type; /* enum ei_dtype */
  uint32_t count;
  uint32_t n;                              /* inputs, 1..8 */
  uint32_t x0, x1, x2, x3, x4, x5, x6, x7; /* operands */
  int32_t zero, out_zero;                  /* -128..127 */
  int32_t mult, shift;                     /* of the inputs; shift -31..0 */
  int32_t out_mult, out_shift;             /* -31..0 */
} ei_add_n_params;

static int8_t sum_int8(const ei_add_n_params *p, const void *const *x, uint32_t i) {
  int32_t sum = ei_div_pot(ei_mul_high(-p->zero * (INT32_C(1) << LEFT_SHIFT), p->mult), -p->shift);
  for (uint32_t k = 0; k < p->n; k++) {
    const int32_t term = ((const int8_t *)x[k])[i] - p->zero;
    sum = ei_add_wrap(
        sum, ei_div_pot(ei_mul_high(term * (INT32_C(1) << LEFT_SHIFT), p->mult), -p->shift));
  }
  sum = ei_div_pot(ei_mul_high(sum, p->out_mult), -p->out_shift);
  return (int8_t)ei_clamp(ei_add_wrap(sum, p->out_zero), INT8_MIN, INT8_MAX);
}

void ei_add_n_run(const ei_call *c) {
  const ei_add_n_params *p = c->params;
  const uint32_t operand[MOST] = {p->x0, p->x1, p->x2, p->x3, p->x4, p->x5, p->x6, p->x7};
  const void *x[MOST];
  for (uint32_t k = 0; k < p->n; k++) x[k] = ei_operand(c, operand[k]);
  for (uint32_t i = 0; i < p->count; i++) {
    if (p->type == EI_INT8) {
      ((int8_t *)c->out)[i] = sum_int8(p, x, i);
    } else if (p->type == EI_INT32) {
      uint32_t sum = 0;
      for (uint32_t k = 0; k < p->n; k++) sum += ((const uint32_t *)x[k])[i];
      ((uint32_t *)c->out)[i] = sum;
    } else {
      float sum = 0;
      for (uint32_t k = 0; k < p->n; k++) sum += ((const float *)x[k])[i];
      ((float *)c->out)[i] = sum;
    }
  }
}

int ei_add_n_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_add_n_params, p, c, need);
  const uint32_t operand[MOST] = {p->x0, p->x1, p->x2, p->x3, p->x4, p->x5, p->x6, p->x7};
  if (p->type != EI_INT8 && p->type != EI_INT32 && p->type != EI_FLOAT32) return EI_ERR_PARAMS;
  if (p->n == 0 || p->n > MOST || p->zero < -128 || p->zero > 127 || p->shift < -31 ||
      p->shift > 0 || p->out_shift < -31 || p->out_shift > 0)
    return EI_ERR_PARAMS;
  const uint32_t size = ei_size_of(p->type);
  for (uint32_t k = 0; k < p->n; k++)
    if (!ei_has_operand(need, operand[k], p->count, size, 0)) return EI_ERR_BOUNDS;
  need->out = (uint64_t)p->count * size;
  need->out_align = size;
  return EI_OK;
}

uint32_t ei_add_n_scratch(const void *params) {
  (void)params;
  return 0;
}
