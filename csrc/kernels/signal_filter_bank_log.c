/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = min(scale log(in[i] 2^shift), 32767), int16 of uint32; 0 for 0 and 1.
 *
 * As FilterbankLog in TFLite Micro (signal/src/filter_bank_log.cc, log.cc): the logarithm to base 2
 * by a table that is linear in 128 segments, then by log(2) and the scale, with 16 fractional bits.
 */
#include "signal.h"

typedef struct {
  uint32_t table; /* data offset: uint16 [130], log2(1 + k / 128) - k / 128 in Q16 */
  uint32_t count; /* elements */
  uint32_t shift; /* 0..31 */
  uint32_t scale;
} ei_signal_filter_bank_log_params;

static uint32_t logarithm(uint32_t x, uint32_t scale, const uint16_t *table) {
  const uint32_t log2e = 45426; /* log(2) in Q16 */
  const int whole = ei_bits32(x) - 1;
  const uint32_t above = x - (UINT32_C(1) << whole);
  const uint32_t part = whole < 16 ? above << (16 - whole) : above >> (whole - 16);
  const uint32_t segment = part >> 9;
  const int32_t slope = (int32_t)table[segment + 1] - table[segment];
  const uint32_t log2 = ((uint32_t)whole << 16) + part + table[segment] +
                        (uint32_t)(slope * (int32_t)(part & 0x1FF) >> 16);
  const uint32_t log = (uint32_t)(((uint64_t)log2e * log2 + (1u << 15)) >> 16);
  return (scale * log + (1u << 15)) >> 16;
}

void ei_signal_filter_bank_log_run(const ei_call *c) {
  const ei_signal_filter_bank_log_params *p = c->params;
  const uint16_t *table = (const void *)(c->data + p->table);
  const uint32_t *in = c->in[0];
  int16_t *out = c->out;
  for (uint32_t i = 0; i < p->count; i++) {
    const uint32_t x = in[i] << p->shift;
    const uint32_t log = x > 1 ? logarithm(x, p->scale, table) : 0;
    out[i] = (int16_t)(log < INT16_MAX ? log : INT16_MAX);
  }
}

int ei_signal_filter_bank_log_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_filter_bank_log_params, p, c, need);
  if (!ei_count_ok(p->count) || p->shift > 31 || !ei_has_data(need, p->table, 130, 2))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * 4;
  need->out = (uint64_t)p->count * 2;
  need->in_align = 4, need->out_align = 2;
  return EI_OK;
}

uint32_t ei_signal_filter_bank_log_scratch(const void *params) {
  (void)params;
  return 0;
}
