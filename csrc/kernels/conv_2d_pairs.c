/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D as conv_2d.c has it, for filters in pairs (isa/pairs.h): four pixels by two channels at a
 * time. The windows of the four are widened into the scratch once for all channels.
 */
#include "conv.h"
#include "pairs.h"

typedef struct {
  uint32_t weights; /* data offset: ei_pair records, (out_c + 1) / 2 of them */
  ei_conv conv;
} ei_conv_2d_pairs_params;

EI_INLINE int32_t window_bytes(const ei_conv *p) { return p->k_h * p->k_w * p->in_c; }

/* The window of output (y, x) as column j of the block; `row` takes what must be gathered. */
EI_NOINLINE void put_window(const ei_conv *p, const ei_call *c, int32_t y, int32_t x, int32_t j,
                            int8_t *row) {
  const int32_t n = p->k_w * p->in_c, total = p->k_h * n, inputs = ei_pair_inputs(total);
  if (n % 4 != 0) {
    ei_conv_gather(p, c, y, x, row);
    ei_column_put(c->scratch, inputs, j, 0, row, inputs);
    return;
  }
  const int8_t *from = ei_conv_inside(p, c, y, x);
  const int32_t apart = p->in_w * p->in_c * p->dil_h;
  for (int32_t at = 0, ky = 0; at != total; at += n, ky++) {
    if (from == NULL) ei_conv_gather_row(p, c, y, x, ky, row);
    ei_column_put(c->scratch, inputs, j, at, from == NULL ? row : from, n);
    if (from != NULL) from += apart;
  }
}

void ei_conv_2d_pairs_run(const ei_call *c) {
  const ei_conv_2d_pairs_params *params = c->params;
  const ei_conv *p = &params->conv;
  const uint8_t *stream = c->data + params->weights;
  const int32_t n = window_bytes(p), inputs = ei_pair_inputs(n), out_c = p->out_c;
  const int32_t total = (c->y1 - c->y0) * p->out_w;
  int8_t *const row = (int8_t *)c->scratch + EI_BLOCK_BYTES * inputs;
  const int8_t *a = ei_conv_is_direct(p) ? ei_conv_direct(p, c) : NULL;
  int8_t *out = c->out;
  int32_t y = c->y0, x = 0, left = total;

  for (; left >= EI_COLUMNS; left -= EI_COLUMNS, out += EI_COLUMNS * out_c) {
    for (int32_t j = 0; j < EI_COLUMNS; j++) {
      if (a == NULL) {
        put_window(p, c, y, x, j, row);
        if (++x == p->out_w) x = 0, y++;
        continue;
      }
      if (n % 4 != 0) ei_conv_copy(row, a, n);
      ei_column_put(c->scratch, inputs, j, 0, n % 4 != 0 ? row : a, inputs);
      a += n;
    }
    ei_pairs_block(c->scratch, n, stream, out, out_c, p->out_zero);
  }
  for (; left > 0; left--, out += out_c) {
    const int8_t *vector = a;
    if (a == NULL) {
      ei_conv_gather(p, c, y, x, c->scratch);
      vector = c->scratch;
      if (++x == p->out_w) x = 0, y++;
    } else {
      a += n;
    }
    ei_pairs_vector(vector, n, stream, out, out_c, p->out_zero);
  }
  ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
}

int ei_conv_2d_pairs_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_2d_pairs_params, p, c, need);
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  const uint32_t n = (uint32_t)window_bytes(&p->conv);
  return ei_pairs_ok(c, need, p->weights, n, p->conv.out_c) ? EI_OK : EI_ERR_PARAMS;
}

uint32_t ei_conv_2d_pairs_scratch(const void *params) {
  const ei_conv *p = &((const ei_conv_2d_pairs_params *)params)->conv;
  const uint32_t n = (uint32_t)window_bytes(p), inputs = (uint32_t)ei_pair_inputs((int32_t)n);
  const uint32_t row = (uint32_t)p->k_w * p->in_c;
  const int direct = ei_conv_is_direct(p);
  if ((uint32_t)p->out_h * p->out_w < EI_COLUMNS) return direct ? 0 : inputs;
  if (direct) return EI_BLOCK_BYTES * inputs + (n % 4 != 0 ? inputs : 0);
  return EI_BLOCK_BYTES * inputs + (row % 4 != 0 ? inputs : row);
}
