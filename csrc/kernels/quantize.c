/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(round(in[y][i] / scale) + zero_point): float32 to int8, uint8 or int16, halves
 * away from zero.
 *
 * As AffineQuantize in TFLite (kernels/internal/reference/quantize.h).
 */
#include "element.h"
#include "fixed_point.h"

typedef struct {
  float scale;        /* > 0 */
  int32_t zero_point; /* of the type */
  uint32_t row;       /* elements of a row */
  uint32_t type;      /* enum ei_dtype of the output */
} ei_quantize_params;

/* Beyond it every output is saturated whatever the zero point, and an int32 still holds the value.
 */
static const float FAR = 1048576.0f;

void ei_quantize_run(const ei_call *c) {
  const ei_quantize_params *p = c->params;
  const float *in = (const float *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  const int32_t low = p->type == EI_INT16 ? INT16_MIN : p->type == EI_UINT8 ? 0 : INT8_MIN;
  const int32_t high = low + (p->type == EI_INT16 ? UINT16_MAX : UINT8_MAX);
  const uint32_t count = (uint32_t)(c->y1 - c->y0) * p->row;
  for (uint32_t i = 0; i < count; i++) {
    float x = *in++ / p->scale;
    x = x < FAR ? x : FAR; /* NaN too becomes a number */
    x = x > -FAR ? x : -FAR;
    int32_t q = (int32_t)x;
    const float rest = x - (float)q;
    q += (rest >= 0.5f) - (rest <= -0.5f);
    ei_store(c->out, p->type, i, ei_clamp(q + p->zero_point, low, high));
  }
}

int ei_quantize_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_quantize_params, p, c, need);
  if (p->type != EI_INT8 && p->type != EI_UINT8 && p->type != EI_INT16) return EI_ERR_PARAMS;
  if (!(p->scale > 0) || p->zero_point < INT16_MIN || p->zero_point > INT16_MAX || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row * 4;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * ei_size_of(p->type);
  need->in_align = 4, need->out_align = ei_align_of(p->type);
  return EI_OK;
}

uint32_t ei_quantize_scratch(const void *params) {
  (void)params;
  return 0;
}
