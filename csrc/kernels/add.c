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

EI_INLINE int8_t add(const void *constants, int32_t a, int32_t b) {
  const ei_add_params *p = constants;
  a = ei_div_pot(ei_mul_high((a - p->zero[0]) * (INT32_C(1) << LEFT_SHIFT), p->mult[0]),
                 -p->shift[0]);
  b = ei_div_pot(ei_mul_high((b - p->zero[1]) * (INT32_C(1) << LEFT_SHIFT), p->mult[1]),
                 -p->shift[1]);
  const int32_t sum = ei_div_pot(ei_mul_high(ei_add_wrap(a, b), p->out_mult), -p->out_shift);
  return (int8_t)ei_clamp(sum + p->out_zero, p->act_min, p->act_max);
}

/* The usual case: one input has the larger scale, so that its factor is just 1/2, and the other
 * shifts are to the right. Sums are kept doubled, as ei_output_twice wants them. */
typedef struct {
  int32_t half_zero;                        /* of the input whose factor is 1/2, scaled */
  int32_t scale, zero, mult, offset, right; /* of the other */
  int32_t out_mult, out_offset, out_right;
#ifdef EI_SUMS
  ei_sums sums; /* the same for vectors */
#endif
} brief;

EI_INLINE int8_t add_brief(const void *constants, int32_t half, int32_t other) {
  const brief *k = constants;
  half = half * (INT32_C(1) << LEFT_SHIFT) - k->half_zero;
  other = other * k->scale - k->zero;
  other = (ei_mul_add_high(other, k->mult, k->offset) + (other >> 31)) >> k->right;
  int8_t out;
  ei_output_twice(&out, half + 2 * other, k->out_mult, k->out_right, k->out_offset);
  return out;
}

#ifdef EI_SUMS
EI_INLINE int32_t add_many(const void *constants, const int8_t *half, const int8_t *other,
                           int8_t *out, int32_t n) {
  const brief *k = constants;
  return ei_sums_many(&k->sums, half, other, out, n);
}
#define ADD_MANY add_many
#else
#define ADD_MANY NULL
#endif

EI_INLINE int is_half(const ei_add_params *p, int input) {
  return p->mult[input] == INT32_C(1) << 30 && p->shift[input] == 0;
}

EI_INLINE int is_right(int32_t shift) { return shift < 0 && shift >= -EI_MAX_RIGHT_SHIFT; }

/* Whether the usual case is at hand, `half` being the input with a factor of 1/2; fills k. */
EI_NOINLINE int make_brief(const ei_add_params *p, int half, brief *k) {
  const int other = 1 - half, both = is_half(p, other);
  if (!is_half(p, half) || !(both || is_right(p->shift[other])) || !is_right(p->out_shift))
    return 0;
  k->half_zero = p->zero[half] * (INT32_C(1) << LEFT_SHIFT);
  /* 1/2 is 2^30, shifted to the right by one, of a scale twice as large. */
  k->scale = INT32_C(1) << (LEFT_SHIFT + (both ? 2 : 1));
  k->zero = p->zero[other] * k->scale;
  k->mult = p->mult[other];
  k->right = both ? 1 : -p->shift[other];
  k->offset = ei_output_offset(k->right, 0);
  k->out_mult = p->out_mult;
  k->out_right = -p->out_shift;
  k->out_offset = ei_output_offset(k->out_right, p->out_zero);
#ifdef EI_SUMS
  const ei_sums sums = {{p->zero[half], p->zero[other]},
                        LEFT_SHIFT + (both ? 1 : 0),
                        k->mult,
                        k->right,
                        k->out_mult,
                        k->out_right,
                        p->out_zero};
  k->sums = sums;
#endif
  return 1;
}

void ei_add_run(const ei_call *c) {
  const ei_add_params *p = c->params;
  const int half = is_half(p, 0) ? 0 : 1;
  brief found;
  if (!make_brief(p, half, &found)) {
    ei_walk_run(c, &p->walk, 0, add, NULL, p);
    return;
  }
  const brief k = found;
  ei_walk_run(c, &p->walk, half, add_brief, ADD_MANY, &k);
  const uint32_t *dims = p->walk.dims;
  ei_clamp_all(c->out, (c->y1 - c->y0) * (int32_t)(dims[1] * dims[2] * dims[3]), p->act_min,
               p->act_max);
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
