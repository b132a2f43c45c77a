/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = in[y][i], i < chunk: rows of bytes, with a stride on either side.
 * CONCATENATION and copies of whole tensors.
 */
#include "kernel.h"

typedef struct {
  uint32_t chunk;      /* bytes of a row */
  uint32_t in_stride;  /* bytes from one input row to the next */
  uint32_t out_stride; /* bytes from one output row to the next */
} ei_copy_params;

void ei_copy_run(const ei_call *c) {
  const ei_copy_params *p = c->params;
  const uint8_t *in = (const uint8_t *)c->in[0] + (uint32_t)(c->y0 - c->in_y0) * p->in_stride;
  uint8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, in += p->in_stride, out += p->out_stride)
    memmove(out, in, p->chunk);
}

int ei_copy_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_copy_params, p, c, need);
  if (c->in_y0 > c->y0) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - 1 - c->in_y0) * p->in_stride + p->chunk;
  need->out = (uint64_t)(uint32_t)(c->y1 - 1 - c->y0) * p->out_stride + p->chunk;
  return EI_OK;
}

uint32_t ei_copy_scratch(const void *params) {
  (void)params;
  return 0;
}
