/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = exp(beta (in[y][i] - max)) / sum, or its logarithm without beta: float32.
 *
 * As Softmax and LogSoftmax in TFLite for float (kernels/internal/reference).
 */
#include "float_functions.h"

#include "kernel.h"

typedef struct {
  uint32_t row; /* elements over which to normalize */
  uint32_t log; /* 1: the logarithm */
  float beta;
} ei_softmax_float_params;

void ei_softmax_float_run(const ei_call *c) {
  const ei_softmax_float_params *p = c->params;
  const float *in = (const float *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  float *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->row, out += p->row) {
    float max = in[0], sum = 0;
    for (uint32_t i = 1; i < p->row; i++) max = in[i] > max ? in[i] : max;
    for (uint32_t i = 0; i < p->row; i++) {
      const float rest = in[i] - max, e = ei_exp(p->log ? rest : ei_times(rest, p->beta));
      sum += e;
      out[i] = p->log ? rest : e;
    }
    const float log = p->log ? ei_log(sum) : 0;
    for (uint32_t i = 0; i < p->row; i++) out[i] = p->log ? out[i] - log : out[i] / sum;
  }
}

int ei_softmax_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_softmax_float_params, p, c, need);
  if (p->row == 0 || p->row > INT32_MAX || c->in_y0 > c->y0) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row * 4;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_softmax_float_scratch(const void *params) {
  (void)params;
  return 0;
}
