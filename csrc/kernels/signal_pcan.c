/* SPDX-License-Identifier: Apache-2.0
 *
 * Per-channel automatic gain: out[i] = shrink(in[0][i] gain(in[1][i]) >> shift); uint32, the gain
 * by a table of parabolas, four numbers for each power of two.
 *
 * As ApplyPcanAutoGainControlFixed in TFLite Micro (signal/src/pcan_argc_fixed.cc).
 */
#include "signal.h"

enum { SNR_BITS = 12, OUT_BITS = 6, TABLE = 125 /* 4 * 32 - 6 + 3 */ };

typedef struct {
  uint32_t table; /* data offset: int16 [125] */
  uint32_t count; /* elements */
  uint32_t shift; /* 0..63 */
} ei_signal_pcan_params;

static uint32_t gain(uint32_t x, const int16_t *table) {
  if (x <= 2) return (uint32_t)(int32_t)table[x];
  const int bits = ei_bits32(x);
  table += 4 * bits - 6;
  const int32_t part = (int32_t)((bits < 11 ? x << (11 - bits) : x >> (bits - 11)) & 0x3FF);
  int32_t result = (table[2] * part >> 5) + table[1] * INT32_C(32);
  result = (int32_t)((uint32_t)result * (uint32_t)part + (1u << 14)) >> 15;
  return (uint32_t)(int32_t)(int16_t)(result + table[0]);
}

/* x^2 / 4 below 2, x - 1 above. */
static uint32_t shrink(uint32_t x) {
  if (x < 2u << SNR_BITS) return x * x >> (2 + 2 * SNR_BITS - OUT_BITS);
  return (x >> (SNR_BITS - OUT_BITS)) - (1u << OUT_BITS);
}

void ei_signal_pcan_run(const ei_call *c) {
  const ei_signal_pcan_params *p = c->params;
  const int16_t *table = (const void *)(c->data + p->table);
  const uint32_t *in = c->in[0], *noise = c->in[1];
  uint32_t *out = c->out;
  for (uint32_t i = 0; i < p->count; i++)
    out[i] = shrink((uint32_t)((uint64_t)in[i] * gain(noise[i], table) >> p->shift));
}

int ei_signal_pcan_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_pcan_params, p, c, need);
  if (!ei_count_ok(p->count) || p->shift > 63 || !ei_has_data(need, p->table, TABLE, 2))
    return EI_ERR_PARAMS;
  need->in[0] = need->in[1] = need->out = (uint64_t)p->count * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_signal_pcan_scratch(const void *params) {
  (void)params;
  return 0;
}
