/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = in[i] 2^s with the largest s that no element leaves int16 for, and s itself;
 * FftAutoScale in TFLite Micro (signal/src). Nothing is shifted when all are 0.
 */
#include "signal.h"

typedef struct {
  uint32_t shift; /* operand: int32, what is shifted by */
  uint32_t count; /* elements */
} ei_signal_fft_auto_scale_params;

void ei_signal_fft_auto_scale_run(const ei_call *c) {
  const ei_signal_fft_auto_scale_params *p = c->params;
  const int16_t *in = c->in[0];
  int16_t *out = c->out;
  int16_t most = 0; /* of absolute values; that of the least is itself, as in the original */
  for (uint32_t i = 0; i < p->count; i++) {
    if (in[i] > most) most = in[i];
    if (-(int32_t)in[i] > most) most = (int16_t)-in[i];
  }
  int32_t shift = 15 - ei_bits32((uint32_t)(int32_t)most);
  if (shift < 0) shift = 0;
  for (uint32_t i = 0; i < p->count; i++) out[i] = (int16_t)(in[i] * (1 << shift));
  *(int32_t *)ei_operand(c, p->shift) = shift;
}

int ei_signal_fft_auto_scale_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_fft_auto_scale_params, p, c, need);
  if (!ei_count_ok(p->count) || !ei_has_operand(need, p->shift, 1, 4, 1)) return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_signal_fft_auto_scale_scratch(const void *params) {
  (void)params;
  return 0;
}
