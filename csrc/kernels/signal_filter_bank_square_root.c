/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = round(sqrt(in[i])) >> shift, uint32 of uint64; the shift is in[1], an int32.
 *
 * As FilterbankSqrt in TFLite Micro (signal/src): a number of 32 bits takes its Sqrt32, which stays
 * within 16 bits.
 */
#include "signal.h"

typedef struct {
  uint32_t count; /* elements */
} ei_signal_filter_bank_square_root_params;

/* Bit by bit, rounded; `most` is as far as rounding goes up. */
static uint32_t root(uint64_t x, uint32_t most) {
  uint64_t result = 0, bit = UINT64_C(1) << 62;
  while (bit > x) bit >>= 2;
  for (; bit != 0; bit >>= 2) {
    if (x >= result + bit) {
      x -= result + bit;
      result = (result >> 1) + bit;
    } else {
      result >>= 1;
    }
  }
  return (uint32_t)result + (x > result && result != most);
}

void ei_signal_filter_bank_square_root_run(const ei_call *c) {
  const ei_signal_filter_bank_square_root_params *p = c->params;
  const uint32_t *in = c->in[0];
  const uint32_t shift = *(const uint32_t *)c->in[1] & 31;
  uint32_t *out = c->out;
  for (uint32_t i = 0; i < p->count; i++, in += 2)
    out[i] = root(ei_load64(in), in[1] == 0 ? UINT16_MAX : UINT32_MAX) >> shift;
}

int ei_signal_filter_bank_square_root_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_filter_bank_square_root_params, p, c, need);
  if (!ei_count_ok(p->count)) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * 8;
  need->in[1] = 4;
  need->out = (uint64_t)p->count * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_signal_filter_bank_square_root_scratch(const void *params) {
  (void)params;
  return 0;
}
