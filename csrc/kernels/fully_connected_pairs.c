/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED as fully_connected.c has it, for filters in pairs
 * (isa/pairs.h): four outputs share each input.
 */
#include "pairs.h"

typedef struct {
  uint32_t weights;         /* data offset: the stream of isa/pairs.h */
  uint32_t in_c, out_c;     /* elements */
  int16_t out_zero;         /* zero point, -128..127 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
  uint16_t reserved;        /* 0 */
} ei_fully_connected_pairs_params;

void ei_fully_connected_pairs_run(const ei_call *c) {
  const ei_fully_connected_pairs_params *p = c->params;
  const int32_t n = (int32_t)p->in_c, out_c = (int32_t)p->out_c;
  const int8_t *in = (const int8_t *)c->in[0] + (c->y0 - c->in_y0) * n;
  int8_t *out = c->out;
  const ei_pairs f = ei_pairs_at(c->data + p->weights, out_c, p->out_zero);
  for (int32_t y = c->y0; y < c->y1; y++, in += n, out += out_c) ei_pairs_vector(in, n, &f, out);
  ei_clamp_all(c->out, (c->y1 - c->y0) * out_c, p->act_min, p->act_max);
}

int ei_fully_connected_pairs_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_fully_connected_pairs_params, p, c, need);
  if (p->in_c == 0 || p->in_c > INT32_MAX / 8 || p->out_c == 0 || p->out_c > INT32_MAX / 8 ||
      c->in_y0 > c->y0 || !ei_pairs_ok(c, need, p->weights, p->in_c, p->out_c))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_c;
  return EI_OK;
}

uint32_t ei_fully_connected_pairs_scratch(const void *params) {
  (void)params;
  return 0;
}
