/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED as fully_connected.c has it, for filters in quads (isa/quads.h).
 */
#include "quads.h"

typedef struct {
  uint32_t weights;         /* data offset: ei_quad_group and weights, for each 16 channels */
  uint32_t in_c, out_c;     /* elements */
  int16_t out_zero;         /* zero point, -128..127 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
  uint16_t reserved;        /* 0 */
} ei_fully_connected_quads_params;

void ei_fully_connected_quads_run(const ei_call *c) {
  const ei_fully_connected_quads_params *p = c->params;
  const int32_t n = (int32_t)p->in_c, out_c = (int32_t)p->out_c;
  const ei_quads quads = {c->data + p->weights, n, out_c, p->out_zero};
  const int8_t *in = (const int8_t *)c->in[0] + (c->y0 - c->in_y0) * n;
  ei_quads_all(&quads, in, c->y1 - c->y0, c->out);
  ei_clamp_all(c->out, (c->y1 - c->y0) * out_c, p->act_min, p->act_max);
}

int ei_fully_connected_quads_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_fully_connected_quads_params, p, c, need);
  if (p->in_c == 0 || p->in_c > INT32_MAX / 32 || p->out_c == 0 || p->out_c > INT32_MAX / 8 ||
      c->in_y0 > c->y0 || !ei_quads_ok(c, need, p->weights, p->in_c, p->out_c))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_c;
  return EI_OK;
}

uint32_t ei_fully_connected_quads_scratch(const void *params) {
  (void)params;
  return 0;
}
