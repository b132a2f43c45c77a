/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y] = in[y] / |in[y]| for each row: int8 of scale 1/128, or float32.
 *
 * As L2Normalization in TFLite (kernels/internal/reference/integer_ops/l2normalization.h and
 * reference/l2normalization.h).
 */
#include "float_functions.h"

#include "functions.h"
#include "kernel.h"

enum { OUTPUT_BITS = 7 };

typedef struct {
  uint32_t rows, row; /* elements of a row, below 2^15 */
  int32_t zero;       /* of int8: -128..127 */
  uint16_t is_float;  /* 1: float32 */
  uint16_t early;     /* of int8: 1 to scale before the multiplication, as uint8 does */
} ei_l2_normalization_params;

/* 1 / sqrt(x) as a Q31 multiplier and a shift: GetInvSqrtQuantizedMultiplierExp in TFLite. */
static int32_t inverse_root(int32_t x, int *shift) {
  *shift = 0;
  if (x <= 1) return INT32_MAX;
  int power = 11;
  for (; x >= INT32_C(1) << 29; x /= 4) power++;
  const int pairs = (ei_leading_zeros((uint32_t)x) - 1) / 2 - 1;
  power -= pairs;
  const int32_t value = (x << (2 * pairs)) >> 1, half = ei_div_pot(value, 1);
  int32_t r = INT32_C(1) << 28;
  for (int i = 0; i < 5; i++) {
    const int32_t cube = ei_shl_saturate(ei_mul_high(ei_mul_high(r, r), r), 6);
    const uint32_t a = (uint32_t)ei_mul_high((INT32_C(1) << 28) + (INT32_C(1) << 27), r);
    r = ei_shl_saturate((int32_t)(a - (uint32_t)ei_mul_high(half, cube)), 3);
  }
  r = ei_mul_high(r, 1518500250); /* sqrt(2) / 2 */
  if (power < 0) return ei_shl_wrap(r, -power);
  *shift = -power;
  return r;
}

static void floats(const ei_call *c) {
  const ei_l2_normalization_params *p = c->params;
  const float *in = c->in[0];
  float *out = c->out;
  for (uint32_t y = 0; y < p->rows; y++, in += p->row, out += p->row) {
    float sum = 0;
    for (uint32_t i = 0; i < p->row; i++) sum += ei_times(in[i], in[i]);
    const float norm = sqrtf(sum), divisor = norm < 1e-6f ? 1e-6f : norm;
    for (uint32_t i = 0; i < p->row; i++) out[i] = in[i] / divisor;
  }
}

void ei_l2_normalization_run(const ei_call *c) {
  const ei_l2_normalization_params *p = c->params;
  if (p->is_float) {
    floats(c);
    return;
  }
  const int8_t *in = c->in[0];
  int8_t *out = c->out;
  for (uint32_t y = 0; y < p->rows; y++, in += p->row, out += p->row) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < p->row; i++) sum += (in[i] - p->zero) * (in[i] - p->zero);
    int shift;
    const int32_t root = inverse_root(sum, &shift);
    for (uint32_t i = 0; i < p->row; i++) {
      const int32_t real = in[i] - p->zero;
      const int32_t x = p->early ? ei_div_pot(ei_mul_high(real * (1 << OUTPUT_BITS), root), -shift)
                                 : ei_requantize(real, root, shift + OUTPUT_BITS);
      out[i] = (int8_t)ei_clamp(x, INT8_MIN, INT8_MAX);
    }
  }
}

int ei_l2_normalization_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_l2_normalization_params, p, c, need);
  if (p->row == 0 || p->row > INT16_MAX || p->zero < -128 || p->zero > 127 || p->is_float > 1)
    return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->rows * p->row * (p->is_float ? 4 : 1);
  need->in_align = need->out_align = p->is_float ? 4 : 1;
  return EI_OK;
}

uint32_t ei_l2_normalization_scratch(const void *params) {
  (void)params;
  return 0;
}
