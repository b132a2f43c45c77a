/* SPDX-License-Identifier: Apache-2.0
 *
 * out[b][m][n] = clamp(zo + requant(sum over k of (x[b][m][k] - zx) (y[b][k][n] - zy)))
 *
 * int8 with int32 sums, int16 with int64 sums, or float32 without the rest; as BatchMatMul in
 * TFLite (kernels/internal/reference/batch_matmul.h). Transposed and broadcast inputs are strides.
 */
#include "float_math.h"

#include "broadcast.h"
#include "fixed_point.h"
#include "wide.h"

enum { DEPTH = EI_BROADCAST_DIMS - 1 };

typedef struct {
  ei_broadcast walk; /* the output's dimensions, columns last but one; k is the last */
  uint32_t type;     /* of all three, enum ei_dtype: EI_INT8, EI_INT16 or EI_FLOAT32 */
  int32_t mult;      /* Q31 */
  int8_t shift;      /* -31..30 */
  int8_t zero[3];    /* zero points of x, y and out; 0 but for int8 */
} ei_batch_matmul_params;

static int8_t product_8(const ei_batch_matmul_params *p, const int8_t *x, const int8_t *y) {
  const uint32_t x_step = p->walk.stride[0][DEPTH], y_step = p->walk.stride[1][DEPTH];
  const int32_t zx = p->zero[0], zy = p->zero[1];
  int32_t sum = 0;
  for (uint32_t k = p->walk.dims[DEPTH]; k > 0; k--, x += x_step, y += y_step)
    sum = ei_add_wrap(sum, (*x - zx) * (int32_t)(*y - zy));
  int8_t out;
  ei_output_any(&out, sum, p->mult, p->shift, p->zero[2]);
  return out;
}

static int16_t product_16(const ei_batch_matmul_params *p, const int16_t *x, const int16_t *y) {
  const uint32_t x_step = p->walk.stride[0][DEPTH], y_step = p->walk.stride[1][DEPTH];
  int64_t sum = 0;
  for (uint32_t k = p->walk.dims[DEPTH]; k > 0; k--, x += x_step, y += y_step)
    sum += (int32_t)*x * *y;
  return (int16_t)ei_clamp(ei_requantize_wide(sum, p->mult, p->shift), INT16_MIN, INT16_MAX);
}

static float product_float(const ei_batch_matmul_params *p, const float *x, const float *y) {
  const uint32_t x_step = p->walk.stride[0][DEPTH], y_step = p->walk.stride[1][DEPTH];
  float sum = 0;
  for (uint32_t k = p->walk.dims[DEPTH]; k > 0; k--, x += x_step, y += y_step) sum += *x * *y;
  return sum;
}

void ei_batch_matmul_run(const ei_call *c) {
  const ei_batch_matmul_params *p = c->params;
  ei_broadcast outputs = p->walk;
  outputs.dims[DEPTH] = 1;
  uint32_t at[EI_BROADCAST_DIMS] = {0}, place[3] = {0};
  const uint32_t n = ei_broadcast_count(&outputs);
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t x = place[0], y = place[1];
    ei_broadcast_next(&outputs, at, place);
    if (p->type == EI_INT8)
      ((int8_t *)c->out)[i] =
          product_8(p, (const int8_t *)c->in[0] + x, (const int8_t *)c->in[1] + y);
    else if (p->type == EI_INT16)
      ((int16_t *)c->out)[i] =
          product_16(p, (const int16_t *)c->in[0] + x, (const int16_t *)c->in[1] + y);
    else
      ((float *)c->out)[i] =
          product_float(p, (const float *)c->in[0] + x, (const float *)c->in[1] + y);
  }
}

int ei_batch_matmul_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_batch_matmul_params, p, c, need);
  uint64_t reach[3];
  const uint32_t n = ei_broadcast_check(&p->walk, reach);
  if (n == 0 || (p->type != EI_INT8 && p->type != EI_INT16 && p->type != EI_FLOAT32) ||
      p->shift < -31 || p->shift > (p->type == EI_INT16 ? 14 : 30))
    return EI_ERR_PARAMS;
  const uint32_t size = ei_size_of(p->type);
  for (int i = 0; i < 2; i++) need->in[i] = reach[i] * size;
  need->out = (uint64_t)(n / p->walk.dims[DEPTH]) * size;
  need->in_align = need->out_align = size;
  return EI_OK;
}

uint32_t ei_batch_matmul_scratch(const void *params) {
  (void)params;
  return 0;
}
