/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = table[in[y][i] + 128]: every element-wise function of one int8 tensor. The table is
 * made on the PC with TFLite's arithmetic of that function.
 */
#include "kernel.h"

typedef struct {
  uint32_t table; /* data offset: int8 [256] */
  uint32_t row;   /* elements of a row */
} ei_lut_params;

void ei_lut_run(const ei_call *c) {
  const ei_lut_params *p = c->params;
  const int8_t *table = (const int8_t *)c->data + p->table + 128;
  const int8_t *in = (const int8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->row;
  int8_t *out = c->out;
  for (uint32_t n = (uint32_t)(c->y1 - c->y0) * p->row; n > 0; n--) *out++ = table[*in++];
}

int ei_lut_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_lut_params, p, c, need);
  if (c->in_y0 > c->y0 || !ei_has_data(need, p->table, 256, 1)) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row;
  return EI_OK;
}

uint32_t ei_lut_scratch(const void *params) {
  (void)params;
  return 0;
}
