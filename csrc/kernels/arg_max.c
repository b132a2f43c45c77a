/* SPDX-License-Identifier: Apache-2.0
 *
 * out[o][i] = the first index r of the largest, or smallest, in[o][r][i].
 *
 * As ArgMinMax in TFLite (kernels/internal/reference/arg_min_max.h).
 */
#include "element.h"

typedef struct {
  uint32_t type, out_type; /* enum ei_dtype; the output is int32 or int64 */
  uint32_t outer, count, inner;
  uint32_t smallest; /* 1: the smallest */
} ei_arg_max_params;

static int before(const ei_arg_max_params *p, const void *in, uint32_t a, uint32_t b) {
  if (p->smallest) {
    const uint32_t swap = a;
    a = b, b = swap;
  }
  return p->type == EI_FLOAT32 ? ((const float *)in)[a] > ((const float *)in)[b]
                               : ei_load(in, p->type, a) > ei_load(in, p->type, b);
}

void ei_arg_max_run(const ei_call *c) {
  const ei_arg_max_params *p = c->params;
  uint32_t i = 0;
  for (uint32_t o = 0; o < p->outer; o++)
    for (uint32_t k = 0; k < p->inner; k++) {
      const uint32_t first = o * p->count * p->inner + k;
      uint32_t best = 0;
      for (uint32_t r = 1; r < p->count; r++)
        if (before(p, c->in[0], first + r * p->inner, first + best * p->inner)) best = r;
      ei_store(c->out, p->out_type, i++, best);
    }
}

int ei_arg_max_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_arg_max_params, p, c, need);
  const uint32_t size = ei_size_of(p->type);
  if (size == 0 || (p->out_type != EI_INT32 && p->out_type != EI_INT64)) return EI_ERR_PARAMS;
  const uint64_t out = (uint64_t)p->outer * p->inner;
  if (p->count == 0 || p->inner == 0 || p->count > INT32_MAX || out > INT32_MAX ||
      out * p->count > INT32_MAX)
    return EI_ERR_PARAMS;
  need->in[0] = out * p->count * size;
  need->out = out * ei_size_of(p->out_type);
  need->in_align = ei_align_of(p->type), need->out_align = 4;
  return EI_OK;
}

uint32_t ei_arg_max_scratch(const void *params) {
  (void)params;
  return 0;
}
