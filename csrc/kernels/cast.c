/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = (type)in[i]: every pair of types. Integers wrap; a float that the integer type cannot
 * hold saturates, and NaN gives 0, where C defines nothing.
 */
#include "element.h"

typedef struct {
  uint32_t in_type, out_type; /* enum ei_dtype */
  uint32_t count;
} ei_cast_params;

static int64_t from_float(float x, uint32_t type) {
  static const int8_t bits[] = {7, 0, 15, 31, 8, 1, 63}; /* of a value without its sign */
  if (x != x) return type == EI_BOOL;
  if (type == EI_BOOL) return x != 0;
  const float limit = (float)(UINT64_C(1) << bits[type]);
  const int64_t most = (int64_t)((UINT64_C(1) << bits[type]) - 1);
  if (x >= limit) return most;
  if (type == EI_UINT8) return x <= 0 ? 0 : (int64_t)x;
  return x <= -limit ? -most - 1 : (int64_t)x;
}

void ei_cast_run(const ei_call *c) {
  const ei_cast_params *p = c->params;
  for (uint32_t i = 0; i < p->count; i++) {
    if (p->in_type == EI_FLOAT32 && p->out_type == EI_FLOAT32) {
      ((float *)c->out)[i] = ((const float *)c->in[0])[i];
      continue;
    }
    const int64_t x = p->in_type == EI_FLOAT32
                          ? from_float(((const float *)c->in[0])[i], p->out_type)
                          : ei_load(c->in[0], p->in_type, i);
    if (p->out_type == EI_FLOAT32)
      ((float *)c->out)[i] = (float)x;
    else
      ei_store(c->out, p->out_type, i, x);
  }
}

int ei_cast_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_cast_params, p, c, need);
  const uint32_t in = ei_size_of(p->in_type), out = ei_size_of(p->out_type);
  if (in == 0 || out == 0) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * in, need->out = (uint64_t)p->count * out;
  need->in_align = ei_align_of(p->in_type), need->out_align = ei_align_of(p->out_type);
  return EI_OK;
}

uint32_t ei_cast_scratch(const void *params) {
  (void)params;
  return 0;
}
