/* SPDX-License-Identifier: Apache-2.0
 *
 * out[b][o][n] = in[b][o][place(indices[b][n])], chunks of bytes: GATHER, GATHER_ND and
 * EMBEDDING_LOOKUP. An index has `depth` numbers, which come at run time: one out of range is
 * brought to the nearest, so that nothing outside of the input is read.
 */
#include "element.h"

enum { DEPTH = 6 };

typedef struct {
  uint32_t index_type;   /* enum ei_dtype: int16, int32 or int64 */
  uint32_t batch, outer; /* indices are of their own for each batch */
  uint32_t count;        /* indices of a batch */
  uint32_t depth;        /* numbers of an index, 1..6 */
  uint32_t sizes[6];     /* elements along each indexed dimension, >= 1 */
  uint32_t chunk;        /* bytes */
} ei_gather_params;

static uint32_t place(const ei_gather_params *p, const void *indices, uint32_t n) {
  uint32_t at = 0;
  for (uint32_t d = 0; d < p->depth; d++) {
    const int64_t i = ei_load(indices, p->index_type, n * p->depth + d), last = p->sizes[d] - 1;
    at = at * p->sizes[d] + (uint32_t)(i < 0 ? 0 : i > last ? last : i);
  }
  return at;
}

void ei_gather_run(const ei_call *c) {
  const ei_gather_params *p = c->params;
  const uint8_t *in = c->in[0];
  uint8_t *out = c->out;
  uint32_t slice = p->chunk;
  for (uint32_t d = 0; d < p->depth; d++) slice *= p->sizes[d];
  for (uint32_t b = 0; b < p->batch; b++)
    for (uint32_t o = 0; o < p->outer; o++, in += slice)
      for (uint32_t n = 0; n < p->count; n++, out += p->chunk)
        memmove(out, in + (size_t)place(p, c->in[1], b * p->count + n) * p->chunk,
                (size_t)p->chunk);
}

int ei_gather_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_gather_params, p, c, need);
  if ((p->index_type != EI_INT16 && p->index_type != EI_INT32 && p->index_type != EI_INT64) ||
      p->depth == 0 || p->depth > DEPTH || p->chunk == 0)
    return EI_ERR_PARAMS;
  uint64_t slice = p->chunk, parts = p->batch, indices = p->batch;
  for (uint32_t d = 0; d < p->depth; d++)
    if (p->sizes[d] == 0 || (slice *= p->sizes[d]) > INT32_MAX) return EI_ERR_BOUNDS;
  if ((parts *= p->outer) > INT32_MAX || (indices *= p->count) > INT32_MAX) return EI_ERR_BOUNDS;
  /* Without indices there would be loops that write nothing. */
  if (p->count == 0 || parts * p->count > INT32_MAX) return EI_ERR_PARAMS;
  need->in[0] = parts * slice;
  need->in[1] = indices * p->depth * ei_size_of(p->index_type);
  need->out = parts * p->count * p->chunk;
  /* The input's chunks need none, but the indices, which are the other input, do. */
  need->in_align = 4;
  return EI_OK;
}

uint32_t ei_gather_scratch(const void *params) {
  (void)params;
  return 0;
}
