/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = scale (in[y][i] - zero_point): integers to float32.
 *
 * As Dequantize in TFLite (kernels/internal/reference/dequantize.h), which multiplies in double;
 * the exact product fits a double, so both round it once and agree.
 */
#include "element.h"

typedef struct {
  float scale;
  int32_t zero_point; /* of the type */
  uint32_t row;       /* elements of a row */
  uint32_t type;      /* enum ei_dtype of the input: int8, uint8 or int16 */
} ei_dequantize_params;

void ei_dequantize_run(const ei_call *c) {
  const ei_dequantize_params *p = c->params;
  float *out = c->out;
  const uint32_t first = (uint32_t)(c->y0 - c->in_y0) * p->row;
  const uint32_t last = first + (uint32_t)(c->y1 - c->y0) * p->row;
  for (uint32_t i = first; i < last; i++)
    *out++ = p->scale * (float)((int32_t)ei_load(c->in[0], p->type, i) - p->zero_point);
}

int ei_dequantize_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_dequantize_params, p, c, need);
  if (p->type != EI_INT8 && p->type != EI_UINT8 && p->type != EI_INT16) return EI_ERR_PARAMS;
  if (p->zero_point < INT16_MIN || p->zero_point > INT16_MAX || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row * ei_size_of(p->type);
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * 4;
  need->in_align = ei_align_of(p->type), need->out_align = 4;
  return EI_OK;
}

uint32_t ei_dequantize_scratch(const void *params) {
  (void)params;
  return 0;
}
