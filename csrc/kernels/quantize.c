/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(round(in[y][i] / scale) + zero_point): float32 to int8, halves away from zero.
 *
 * As AffineQuantize in TFLite (kernels/internal/reference/quantize.h).
 */
#include "fixed_point.h"
#include "kernel.h"

typedef struct {
  float scale;        /* > 0 */
  int32_t zero_point; /* -128..127 */
  uint32_t row;       /* elements of a row */
} ei_quantize_params;

/* Beyond it every int8 is saturated whatever the zero point, and an int32 still holds the value. */
static const float FAR = 65536.0f;

void ei_quantize_run(const ei_call *c) {
  const ei_quantize_params *p = c->params;
  const float *in = (const float *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  int8_t *out = c->out;
  for (uint32_t n = (uint32_t)(c->y1 - c->y0) * p->row; n > 0; n--) {
    float x = *in++ / p->scale;
    x = x < FAR ? x : FAR; /* NaN too becomes a number */
    x = x > -FAR ? x : -FAR;
    int32_t q = (int32_t)x;
    const float rest = x - (float)q;
    q += (rest >= 0.5f) - (rest <= -0.5f);
    *out++ = (int8_t)ei_clamp(q + p->zero_point, INT8_MIN, INT8_MAX);
  }
}

int ei_quantize_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_quantize_params, p, c, need);
  if (!(p->scale > 0) || p->zero_point < -128 || p->zero_point > 127 || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row * 4;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row;
  need->in_align = 4;
  return EI_OK;
}

uint32_t ei_quantize_scratch(const void *params) {
  (void)params;
  return 0;
}
