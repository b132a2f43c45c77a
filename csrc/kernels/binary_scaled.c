/* SPDX-License-Identifier: Apache-2.0
 *
 * out = clamp(zo + op(a - za, b - zb)) on quantized int8 or int16, with broadcasting: the
 * operations that have no faster kernel of their own.
 *
 * As the element-wise functions of sub.h, div.h, comparisons.h and prelu.h in TFLite
 * (kernels/internal/reference/) and squared_difference.cc.
 */
#include "broadcast.h"
#include "functions.h"

typedef struct {
  ei_broadcast walk;
  uint8_t type, out_type;   /* enum ei_dtype; int16 for squared differences only */
  uint16_t op;              /* enum ei_binary */
  uint32_t left_shift;      /* of both inputs before they are scaled, 0..20, of int16 0..13 */
  int32_t zero[2];          /* zero points of the inputs, -128..127, of int16 0 */
  int32_t mult[2];          /* Q31, of the inputs */
  int32_t shift[2];         /* of the inputs */
  int32_t out_mult;         /* Q31 */
  int32_t out_shift;        /* -31..30 */
  int32_t out_zero;         /* -128..127 */
  int32_t act_min, act_max; /* of the fused activation, within the output's type */
} ei_binary_scaled_params;

static int32_t scaled(const ei_binary_scaled_params *p, int32_t x, int input) {
  return ei_div_pot(ei_mul_high(x * (INT32_C(1) << p->left_shift), p->mult[input]),
                    -p->shift[input]);
}

/* The quotient of TFLite's DivElementwise. By zero it does not define one: it saturates here. */
static int32_t divide(const ei_binary_scaled_params *p, int32_t a, int32_t b) {
  if (b == 0) return a > 0 ? INT16_MAX : a < 0 ? INT16_MIN : 0;
  if (b < 0) a = -a, b = -b;
  int bits;
  const int32_t inverse = ei_reciprocal(b, 31, &bits);
  const int headroom = ei_leading_zeros((uint32_t)(a < 0 ? ~a : a)) - 1;
  const int32_t quotient = ei_mul_high(ei_shl_wrap(a, headroom), inverse);
  const int32_t right = bits + headroom - p->out_shift;
  const int32_t x = ei_mul_high(quotient, p->out_mult);
  return right >= 0 ? ei_div_pot(x, right < 31 ? right : 31) : ei_shl_saturate(x, -right);
}

static int32_t apply(const ei_binary_scaled_params *p, int32_t a, int32_t b) {
  switch (p->op) {
    case EI_MUL: return ei_requantize(a * b, p->out_mult, p->out_shift);
    case EI_DIV: return divide(p, a, b);
    case EI_PRELU:
      return a >= 0 ? ei_requantize(a, p->mult[0], p->shift[0])
                    : ei_requantize(a * b, p->mult[1], p->shift[1]);
    default: break;
  }
  a = scaled(p, a, 0), b = scaled(p, b, 1);
  const int32_t difference = a - b; /* both below 2^29 */
  switch (p->op) {
    case EI_ADD: return ei_requantize(a + b, p->out_mult, p->out_shift);
    case EI_SUB: return ei_requantize(difference, p->out_mult, p->out_shift);
    case EI_SQUARED_DIFFERENCE: {
      const uint32_t square = (uint32_t)difference * (uint32_t)difference;
      return ei_requantize((int32_t)square, p->out_mult, p->out_shift);
    }
    case EI_EQUAL: return difference == 0;
    case EI_NOT_EQUAL: return difference != 0;
    case EI_LESS: return difference < 0;
    case EI_LESS_EQUAL: return difference <= 0;
    case EI_GREATER: return difference > 0;
    default: return difference >= 0;
  }
}

void ei_binary_scaled_run(const ei_call *c) {
  const ei_binary_scaled_params *p = c->params;
  uint32_t at[EI_BROADCAST_DIMS] = {0}, place[3] = {0};
  const uint32_t n = ei_broadcast_count(&p->walk);
  for (uint32_t i = 0; i < n; i++) {
    const int32_t a = (int32_t)ei_load(c->in[0], p->type, place[0]) - p->zero[0];
    const int32_t b = (int32_t)ei_load(c->in[1], p->type, place[1]) - p->zero[1];
    const int32_t x = ei_add_wrap(apply(p, a, b), p->out_zero);
    ei_store(c->out, p->out_type, i, ei_clamp(x, p->act_min, p->act_max));
    ei_broadcast_next(&p->walk, at, place);
  }
}

int ei_binary_scaled_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_binary_scaled_params, p, c, need);
  uint64_t reach[3];
  const uint32_t n = ei_broadcast_check(&p->walk, reach);
  const int up = p->op == EI_PRELU ? 30 : 0, is_wide = p->type == EI_INT16;
  const int compares = p->op >= EI_EQUAL && p->op <= EI_GREATER_EQUAL;
  if ((p->type != EI_INT8 && !is_wide) || p->out_type != (compares ? EI_BOOL : p->type) ||
      (is_wide && p->op != EI_SQUARED_DIFFERENCE))
    return EI_ERR_PARAMS;
  if (n == 0 || p->left_shift > (is_wide ? 13 : 20) || p->out_shift < -31 || p->out_shift > 30)
    return EI_ERR_PARAMS;
  switch (p->op) {
    case EI_MAX:
    case EI_MIN:
    case EI_FLOOR_DIV:
    case EI_FLOOR_MOD:
    case EI_AND:
    case EI_OR: return EI_ERR_PARAMS;
    default:
      if (p->op >= EI_N_BINARY) return EI_ERR_PARAMS;
  }
  for (int i = 0; i < 2; i++) {
    if (p->zero[i] < -128 || p->zero[i] > 127 || p->shift[i] < -31 || p->shift[i] > up)
      return EI_ERR_PARAMS;
    if (is_wide && p->zero[i] != 0) return EI_ERR_PARAMS;
    need->in[i] = reach[i] * ei_size_of(p->type);
  }
  need->out = (uint64_t)n * ei_size_of(p->out_type);
  need->in_align = ei_align_of(p->type), need->out_align = ei_align_of(p->out_type);
  return EI_OK;
}

uint32_t ei_binary_scaled_scratch(const void *params) {
  (void)params;
  return 0;
}
