/* SPDX-License-Identifier: Apache-2.0
 *
 * Energies into overlapping channels: each bin counts with its weight for one channel and with its
 * unweight for the next. out: uint64 [channels]; in: uint32.
 *
 * As FilterbankAccumulateChannels in TFLite Micro (signal/src/filter_bank.cc). A channel more than
 * there are comes first and only hands its unweights on.
 */
#include "signal.h"

typedef struct {
  uint32_t weights, unweights;   /* data offsets: int16 [taps] */
  uint32_t starts;               /* data offset: int16 [channels + 1], first bin */
  uint32_t taps_starts;          /* data offset: int16 [channels + 1], first weight */
  uint32_t widths;               /* data offset: int16 [channels + 1], bins */
  uint32_t channels, bins, taps; /* elements */
} ei_signal_filter_bank_params;

void ei_signal_filter_bank_run(const ei_call *c) {
  const ei_signal_filter_bank_params *p = c->params;
  const int16_t *weights = (const void *)(c->data + p->weights);
  const int16_t *unweights = (const void *)(c->data + p->unweights);
  const int16_t *starts = (const void *)(c->data + p->starts);
  const int16_t *taps = (const void *)(c->data + p->taps_starts);
  const int16_t *widths = (const void *)(c->data + p->widths);
  const uint32_t *in = c->in[0];
  uint32_t *out = c->out;
  uint64_t next = 0;
  for (uint32_t i = 0; i <= p->channels; i++) {
    uint64_t sum = next;
    next = 0;
    for (int j = 0; j < widths[i]; j++) {
      const uint64_t energy = in[starts[i] + j];
      sum += (uint64_t)(int64_t)weights[taps[i] + j] * energy;
      next += (uint64_t)(int64_t)unweights[taps[i] + j] * energy;
    }
    if (i > 0) ei_store64(out + 2 * (i - 1), sum);
  }
}

int ei_signal_filter_bank_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_filter_bank_params, p, c, need);
  const uint64_t n = (uint64_t)p->channels + 1;
  if (!ei_count_ok(p->channels) || p->bins > INT16_MAX || p->taps > INT16_MAX ||
      !ei_has_data(need, p->weights, p->taps, 2) || !ei_has_data(need, p->unweights, p->taps, 2) ||
      !ei_has_data(need, p->starts, n, 2) || !ei_has_data(need, p->taps_starts, n, 2) ||
      !ei_has_data(need, p->widths, n, 2))
    return EI_ERR_PARAMS;
  const int16_t *starts = (const void *)(c->data + p->starts);
  const int16_t *taps = (const void *)(c->data + p->taps_starts);
  const int16_t *widths = (const void *)(c->data + p->widths);
  for (uint64_t i = 0; i < n; i++)
    if (starts[i] < 0 || taps[i] < 0 || widths[i] < 0 ||
        (uint32_t)(starts[i] + widths[i]) > p->bins || (uint32_t)(taps[i] + widths[i]) > p->taps)
      return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->bins * 4;
  need->out = (uint64_t)p->channels * 8;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_signal_filter_bank_scratch(const void *params) {
  (void)params;
  return 0;
}
