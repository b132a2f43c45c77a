/* SPDX-License-Identifier: Apache-2.0
 *
 * out[b][y][x] = in[b][rows[y]][columns[x]], pixels of bytes: the nearest ones, found on the PC.
 */
#include "kernel.h"

typedef struct {
  uint32_t rows, columns; /* data offsets: uint16 [out_h], [out_w] */
  uint32_t batch, in_h, in_w, out_h, out_w;
  uint32_t pixel; /* bytes */
} ei_resize_nearest_params;

void ei_resize_nearest_run(const ei_call *c) {
  const ei_resize_nearest_params *p = c->params;
  const uint16_t *rows = (const uint16_t *)(const void *)(c->data + p->rows);
  const uint16_t *columns = (const uint16_t *)(const void *)(c->data + p->columns);
  uint8_t *out = c->out;
  for (uint32_t b = 0; b < p->batch; b++)
    for (uint32_t y = 0; y < p->out_h; y++) {
      const uint8_t *in = c->in[0];
      in += (size_t)(b * p->in_h + rows[y]) * p->in_w * p->pixel;
      for (uint32_t x = 0; x < p->out_w; x++, out += p->pixel)
        memmove(out, in + (size_t)columns[x] * p->pixel, (size_t)p->pixel);
    }
}

/* Whether all of n table entries are below a limit. */
static int below(const uint8_t *table, uint32_t n, uint32_t limit) {
  for (uint32_t i = 0; i < n; i++)
    if (((const uint16_t *)(const void *)table)[i] >= limit) return 0;
  return 1;
}

int ei_resize_nearest_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_resize_nearest_params, p, c, need);
  if (!ei_has_data(need, p->rows, p->out_h, 2) || !ei_has_data(need, p->columns, p->out_w, 2))
    return EI_ERR_BOUNDS;
  if (!below(c->data + p->rows, p->out_h, p->in_h) ||
      !below(c->data + p->columns, p->out_w, p->in_w))
    return EI_ERR_PARAMS;
  if (p->in_h > UINT16_MAX || p->in_w > UINT16_MAX || p->out_h > UINT16_MAX ||
      p->out_w > UINT16_MAX || p->out_h == 0 || p->out_w == 0)
    return EI_ERR_PARAMS;
  const uint64_t in = (uint64_t)p->in_h * p->in_w, out = (uint64_t)p->out_h * p->out_w;
  const uint64_t bytes = (uint64_t)p->batch * p->pixel;
  if (p->pixel == 0 || bytes > INT32_MAX || bytes * in > INT32_MAX || bytes * out > INT32_MAX)
    return EI_ERR_BOUNDS;
  need->in[0] = bytes * in, need->out = bytes * out;
  return EI_OK;
}

uint32_t ei_resize_nearest_scratch(const void *params) {
  (void)params;
  return 0;
}
