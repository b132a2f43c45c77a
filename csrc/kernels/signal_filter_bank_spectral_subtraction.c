/* SPDX-License-Identifier: Apache-2.0
 *
 * Take an estimate of the noise, a slow mean of each channel, off the channel; uint32.
 *
 * As FilterbankSpectralSubtraction in TFLite Micro (signal/src): odd channels have smoothing of
 * their own, and a part of the signal always stays.
 */
#include "signal.h"

typedef struct {
  uint32_t estimate;     /* operand: uint32 [count], the mean; kept between inferences */
  uint32_t shown;        /* operand: uint32 [count], a copy of it */
  uint32_t count;        /* elements */
  uint32_t smoothing[2]; /* of even and odd channels, with `bits` fractional bits */
  uint32_t keeping[2];   /* 1 - smoothing */
  uint32_t least;        /* part of the signal that stays, with `bits` fractional bits */
  uint32_t bits;         /* 0..31 */
  uint32_t extra;        /* fractional bits of the mean, 0..31 */
  uint32_t clamping;     /* 1: the mean never exceeds the signal */
} ei_signal_filter_bank_spectral_subtraction_params;

void ei_signal_filter_bank_spectral_subtraction_run(const ei_call *c) {
  const ei_signal_filter_bank_spectral_subtraction_params *p = c->params;
  const uint32_t *in = c->in[0];
  uint32_t *out = c->out, *estimate = ei_operand(c, p->estimate), *shown = ei_operand(c, p->shown);
  for (uint32_t i = 0; i < p->count; i++) {
    const uint32_t scaled = in[i] << p->extra;
    const uint64_t mean =
        (uint64_t)scaled * p->smoothing[i & 1] + (uint64_t)estimate[i] * p->keeping[i & 1];
    estimate[i] = (uint32_t)(mean >> p->bits);
    uint32_t noise = estimate[i];
    if (noise > scaled) {
      noise = scaled;
      if (p->clamping) estimate[i] = noise;
    }
    const uint32_t least = (uint32_t)((uint64_t)in[i] * p->least >> p->bits);
    const uint32_t rest = (scaled - noise) >> p->extra;
    out[i] = rest > least ? rest : least;
    shown[i] = estimate[i];
  }
}

int ei_signal_filter_bank_spectral_subtraction_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_filter_bank_spectral_subtraction_params, p, c, need);
  if (!ei_count_ok(p->count) || p->bits > 31 || p->extra > 31 ||
      !ei_has_operand(need, p->estimate, p->count, 4, 1) ||
      !ei_has_operand(need, p->shown, p->count, 4, 1))
    return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_signal_filter_bank_spectral_subtraction_scratch(const void *params) {
  (void)params;
  return 0;
}
