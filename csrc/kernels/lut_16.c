/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = f(in[i]) for int16, between the 513 points of a table that is made on the PC.
 */
#include "kernel.h"
#include "wide.h"

typedef struct {
  uint32_t table; /* data offset: int16 [513] */
  uint32_t count; /* elements */
} ei_lut_16_params;

void ei_lut_16_run(const ei_call *c) {
  const ei_lut_16_params *p = c->params;
  const int16_t *table = (const void *)(c->data + p->table), *in = c->in[0];
  int16_t *out = c->out;
  for (uint32_t n = p->count; n > 0; n--) *out++ = (int16_t)ei_lookup_16(table, *in++);
}

int ei_lut_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_lut_16_params, p, c, need);
  if (!ei_has_data(need, p->table, 513, 2)) return EI_ERR_PARAMS;
  need->in[0] = need->out = (uint64_t)p->count * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_lut_16_scratch(const void *params) {
  (void)params;
  return 0;
}
