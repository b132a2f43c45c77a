/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = scale (in[y][i] - zero_point): int8 to float32.
 *
 * As Dequantize in TFLite (kernels/internal/reference/dequantize.h), which multiplies in double;
 * the exact product fits a double, so both round it once and agree.
 */
#include "kernel.h"

typedef struct {
  float scale;
  int32_t zero_point; /* -128..127 */
  uint32_t row;       /* elements of a row */
} ei_dequantize_params;

void ei_dequantize_run(const ei_call *c) {
  const ei_dequantize_params *p = c->params;
  const int8_t *in = (const int8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  float *out = c->out;
  for (uint32_t n = (uint32_t)(c->y1 - c->y0) * p->row; n > 0; n--)
    *out++ = p->scale * (float)(*in++ - p->zero_point);
}

int ei_dequantize_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_dequantize_params, p, c, need);
  if (p->zero_point < -128 || p->zero_point > 127 || c->in_y0 > c->y0) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * 4;
  need->out_align = 4;
  return EI_OK;
}

uint32_t ei_dequantize_scratch(const void *params) {
  (void)params;
  return 0;
}
