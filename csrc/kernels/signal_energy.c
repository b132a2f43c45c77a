/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = re[i]^2 + im[i]^2 for first <= i < last, uint32 of int16; 0 elsewhere, where TFLite
 * Micro (SpectrumToEnergy, signal/src) leaves what was there.
 */
#include "signal.h"

typedef struct {
  uint32_t count;       /* pairs of the input */
  uint32_t first, last; /* at most count */
} ei_signal_energy_params;

void ei_signal_energy_run(const ei_call *c) {
  const ei_signal_energy_params *p = c->params;
  const int16_t *in = c->in[0];
  uint32_t *out = c->out;
  for (uint32_t i = 0; i < p->count; i++) {
    const int32_t re = in[2 * i], im = in[2 * i + 1];
    out[i] = i >= p->first && i < p->last ? (uint32_t)(re * re) + (uint32_t)(im * im) : 0;
  }
}

int ei_signal_energy_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_energy_params, p, c, need);
  if (!ei_count_ok(p->count)) return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 4;
  need->in_align = 2, need->out_align = 4;
  return EI_OK;
}

uint32_t ei_signal_energy_scratch(const void *params) {
  (void)params;
  return 0;
}
