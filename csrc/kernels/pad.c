/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = in[i - before] inside, value outside; four dimensions, the first of them the rows.
 *
 * As PadImpl in TFLite (kernels/internal/reference/pad.h).
 */
#include "kernel.h"

typedef struct {
  uint32_t in[4];     /* elements, outermost first */
  uint32_t out[4];    /* elements */
  uint32_t before[4]; /* elements put before the input along each dimension */
  int32_t value;      /* -128..127: the zero point */
} ei_pad_params;

void ei_pad_run(const ei_call *c) {
  const ei_pad_params *p = c->params;
  int8_t *out = c->out;
  for (uint32_t y = (uint32_t)c->y0; y < (uint32_t)c->y1; y++)
    for (uint32_t i = 0; i < p->out[1]; i++)
      for (uint32_t j = 0; j < p->out[2]; j++, out += p->out[3]) {
        /* Unsigned: an index before the input wraps to a large one. */
        const uint32_t iy = y - p->before[0], ii = i - p->before[1], ij = j - p->before[2];
        if (iy >= p->in[0] || ii >= p->in[1] || ij >= p->in[2]) {
          memset(out, (int)p->value, (size_t)p->out[3]);
          continue;
        }
        const uint32_t at = ((iy - (uint32_t)c->in_y0) * p->in[1] + ii) * p->in[2] + ij;
        memset(out, (int)p->value, (size_t)p->before[3]);
        memmove(out + p->before[3], (const int8_t *)c->in[0] + at * p->in[3], (size_t)p->in[3]);
        memset(out + p->before[3] + p->in[3], (int)p->value,
               (size_t)(p->out[3] - p->before[3] - p->in[3]));
      }
}

int ei_pad_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_pad_params, p, c, need);
  need->in[0] = 1, need->out = 1;
  if (c->y1 > (int64_t)p->out[0]) return EI_ERR_PARAMS;
  for (int d = 0; d < 4; d++) {
    if (p->in[d] == 0 || p->out[d] > INT32_MAX || (uint64_t)p->before[d] + p->in[d] > p->out[d])
      return EI_ERR_PARAMS;
    need->in[0] *= d > 0 ? p->in[d] : 1;
    need->out *= d > 0 ? p->out[d] : 1;
    if (need->in[0] > INT32_MAX || need->out > INT32_MAX) return EI_ERR_BOUNDS;
  }
  const int64_t before = p->before[0], rows = p->in[0];
  const int64_t first = c->y0 > before ? c->y0 - before : 0, last = c->y1 - before;
  const int64_t end = last < rows ? last : rows;
  if (first < end && first < c->in_y0) return EI_ERR_PARAMS;
  need->in[0] *= first < end ? (uint64_t)(end - c->in_y0) : 0;
  need->out *= (uint64_t)(c->y1 - c->y0);
  return EI_OK;
}

uint32_t ei_pad_scratch(const void *params) {
  (void)params;
  return 0;
}
