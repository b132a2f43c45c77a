/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i0 .. i4] = in[i0 .. i4], with strides of its own on either side: all operators that only
 * move bytes. Index 0 counts the rows.
 */
#include "kernel.h"

enum { DIMS = 5 };

typedef struct {
  uint32_t chunk;        /* bytes that lie together on both sides */
  uint32_t base;         /* bytes from the start of the input to the first chunk of row 0 */
  uint32_t dims[5];      /* chunks along each dimension, >= 1; dims[0] is not read */
  int32_t in_stride[5];  /* bytes; negative ones run backwards */
  int32_t out_stride[5]; /* bytes, >= 0 */
} ei_copy_params;

static void move(uint8_t *out, const uint8_t *in, uint32_t chunk) {
  switch (chunk) {
    case 1: *out = *in; break;
    case 2: memmove(out, in, 2); break;
    case 4: memmove(out, in, 4); break;
    default: memmove(out, in, (size_t)chunk);
  }
}

void ei_copy_run(const ei_call *c) {
  const ei_copy_params *p = c->params;
  const uint8_t *in =
      (const uint8_t *)c->in[0] + p->base + (ptrdiff_t)(c->y0 - c->in_y0) * p->in_stride[0];
  uint8_t *out = c->out;
  const uint32_t n = p->dims[4], chunk = p->chunk;
  const ptrdiff_t in_step = (ptrdiff_t)p->in_stride[4], out_step = (ptrdiff_t)p->out_stride[4];
  uint32_t at[DIMS] = {0};
  const uint32_t rows = (uint32_t)(c->y1 - c->y0);
  while (at[0] < rows) {
    const uint8_t *from = in;
    uint8_t *to = out;
    for (uint32_t i = 0; i < n; i++, from += in_step, to += out_step) move(to, from, chunk);
    for (int d = DIMS - 2; d >= 0; d--) {
      in += p->in_stride[d];
      out += p->out_stride[d];
      if (++at[d] < p->dims[d] || d == 0) break;
      in -= (ptrdiff_t)p->dims[d] * p->in_stride[d];
      out -= (ptrdiff_t)p->dims[d] * p->out_stride[d];
      at[d] = 0;
    }
  }
}

int ei_copy_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_copy_params, p, c, need);
  if (c->in_y0 > c->y0 || p->chunk == 0) return EI_ERR_PARAMS;
  /* The dimensions' product stays below 2^31 and so does their sum: nothing overflows. */
  int64_t first = p->base + (int64_t)(c->y0 - c->in_y0) * p->in_stride[0], last = first;
  int64_t end = 0;
  uint64_t chunks = 1;
  for (int d = 0; d < DIMS; d++) {
    const uint32_t n = d == 0 ? (uint32_t)(c->y1 - c->y0) : p->dims[d];
    if (n == 0 || n > INT32_MAX || p->out_stride[d] < 0) return EI_ERR_PARAMS;
    if ((chunks *= n) > INT32_MAX) return EI_ERR_PARAMS;
    const int64_t reach = (int64_t)(n - 1) * p->in_stride[d];
    if (reach < 0) first += reach;
    if (reach > 0) last += reach;
    end += (int64_t)(n - 1) * p->out_stride[d];
  }
  if (first < 0) return EI_ERR_BOUNDS;
  /* No byte is written twice; so the arena's size bounds the time as well. */
  if (chunks * p->chunk > (uint64_t)end + p->chunk) return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)last + p->chunk;
  need->out = (uint64_t)end + p->chunk;
  return EI_OK;
}

uint32_t ei_copy_scratch(const void *params) {
  (void)params;
  return 0;
}
