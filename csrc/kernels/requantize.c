/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = clamp(zo + requant(in[i] - zi)): quantized integers of any type to another type or
 * scale.
 *
 * As Requantize in TFLite (kernels/internal/reference/requantize.h).
 */
#include "element.h"
#include "fixed_point.h"

typedef struct {
  uint32_t in_type, out_type; /* enum ei_dtype: int8, uint8, int16 or int32 */
  uint32_t count;
  int32_t in_zero, out_zero;
  int32_t mult, shift; /* Q31, -31..30 */
} ei_requantize_params;

static int64_t limit(uint32_t type, int64_t x) {
  static const int64_t low[] = {INT8_MIN, 0, INT16_MIN, INT32_MIN, 0};
  static const int64_t high[] = {INT8_MAX, 0, INT16_MAX, INT32_MAX, UINT8_MAX};
  x = x < low[type] ? low[type] : x;
  return x > high[type] ? high[type] : x;
}

void ei_requantize_run(const ei_call *c) {
  const ei_requantize_params *p = c->params;
  for (uint32_t i = 0; i < p->count; i++) {
    const uint32_t centred = (uint32_t)ei_load(c->in[0], p->in_type, i) - (uint32_t)p->in_zero;
    const int32_t x = ei_requantize((int32_t)centred, p->mult, p->shift);
    ei_store(c->out, p->out_type, i, limit(p->out_type, ei_add_wrap(x, p->out_zero)));
  }
}

int ei_requantize_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_requantize_params, p, c, need);
  const uint32_t types[] = {p->in_type, p->out_type};
  for (int i = 0; i < 2; i++)
    if (types[i] > EI_UINT8 || types[i] == EI_FLOAT32) return EI_ERR_PARAMS;
  if (p->shift < -31 || p->shift > 30) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * ei_size_of(p->in_type);
  need->out = (uint64_t)p->count * ei_size_of(p->out_type);
  need->in_align = ei_align_of(p->in_type), need->out_align = ei_align_of(p->out_type);
  return EI_OK;
}

uint32_t ei_requantize_scratch(const void *params) {
  (void)params;
  return 0;
}
