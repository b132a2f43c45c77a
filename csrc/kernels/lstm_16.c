/* SPDX-License-Identifier: Apache-2.0
 *
 * A sequence through an LSTM cell of int16 with int8 weights, for one sample of a batch. With x the
 * input and h the output:
 *   i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of (requant(wx + b) + requant(rh))
 *   cell = clamp(requant(f cell) + requant(i g))
 *   h = requant(o tanh(cell))
 *
 * As LstmStep in TFLite Micro (micro/kernels/lstm_eval.h): Q3 before the functions, Q0 after them,
 * and every result saturates at 16 bits. The weights of a cell's four gates lie together, in the
 * order i, f, g, o.
 */
#include "curve.h"
#include "fixed_point.h"
#include "kernel.h"
#include "wide.h"

typedef struct {
  uint32_t weights;               /* data offset: int8 [cells][4][in_c] */
  uint32_t bias;                  /* data offset: int64 [cells][4] */
  uint32_t recurrent;             /* data offset: int8 [cells][4][cells] */
  uint32_t table;                 /* data offset: of ei_curve_16 */
  uint32_t hidden;                /* operand: int16 [cells], h of the step before */
  uint32_t cell;                  /* operand: int16 [cells] */
  uint32_t steps, in_c, cells;    /* elements */
  uint32_t in_stride, out_stride; /* elements from one step to the next */
  int32_t mult[8];                /* Q31: of the four gates for x, then for h */
  int8_t shift[8];                /* -31..14 */
  int32_t product_mult[3];        /* Q31: of f cell, i g, o tanh(cell) */
  int8_t product_shift[3];        /* -31..30 */
  int8_t tanh_shift;              /* of the cell to Q3.12 for tanh, -3..3 */
  int32_t cell_clip;              /* 0: none */
} ei_lstm_16_params;

static int32_t saturated(int32_t x) { return ei_clamp(x, INT16_MIN, INT16_MAX); }

/* The four gates of one cell before their functions. */
static void gates(const ei_lstm_16_params *p, const ei_call *c, const int16_t *x, const int16_t *h,
                  uint32_t cell, int32_t gate[4]) {
  const int32_t in_c = (int32_t)p->in_c, cells = (int32_t)p->cells;
  const int8_t *w = (const int8_t *)c->data + p->weights + (size_t)cell * 4 * p->in_c;
  const int8_t *r = (const int8_t *)c->data + p->recurrent + (size_t)cell * 4 * p->cells;
  const int64_t *bias = (const int64_t *)(const void *)(c->data + p->bias) + 4 * cell;
  for (int g = 0; g < 4; g++, w += in_c, r += cells) {
    const int64_t a = (int64_t)((uint64_t)ei_dot_wide(x, w, in_c) + (uint64_t)bias[g]);
    const int64_t b = ei_dot_wide(h, r, cells);
    gate[g] = saturated(ei_requantize_wide(a, p->mult[g], p->shift[g]));
    gate[g] += saturated(ei_requantize_wide(b, p->mult[4 + g], p->shift[4 + g]));
    gate[g] = saturated(gate[g]);
  }
}

static int32_t product(const ei_lstm_16_params *p, int which, int32_t a, int32_t b) {
  return saturated(ei_requantize(a * b, p->product_mult[which], p->product_shift[which]));
}

void ei_lstm_16_run(const ei_call *c) {
  const ei_lstm_16_params *p = c->params;
  const uint16_t *table = (const void *)(c->data + p->table);
  int16_t *const hidden = ei_operand(c, p->hidden);
  int16_t *const state = ei_operand(c, p->cell);
  const int16_t *x = c->in[0];
  int16_t *out = c->out;
  for (uint32_t t = 0; t < p->steps; t++, x += p->in_stride, out += p->out_stride) {
    for (uint32_t i = 0; i < p->cells; i++) {
      int32_t g[4];
      gates(p, c, x, hidden, i, g);
      for (int k = 0; k < 4; k++) g[k] = ei_curve_16(table, g[k] * 3, k == 2);
      int32_t cell = saturated(product(p, 0, g[1], state[i]) + product(p, 1, g[0], g[2]));
      if (p->cell_clip > 0) cell = ei_clamp(cell, -p->cell_clip, p->cell_clip);
      state[i] = (int16_t)cell;
      cell = p->tanh_shift < 0 ? cell >> -p->tanh_shift : cell * (INT32_C(1) << p->tanh_shift);
      out[i] = (int16_t)product(p, 2, ei_curve_16(table, cell * 3, 1), g[3]);
    }
    memmove(hidden, out, (size_t)p->cells * 2); /* an image may place them over each other */
  }
}

int ei_lstm_16_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_lstm_16_params, p, c, need);
  if (p->steps == 0 || p->in_c == 0 || p->cells == 0 || p->in_c > INT32_MAX / 32 ||
      p->cells > INT32_MAX / 32 || p->tanh_shift < -3 || p->tanh_shift > 3 || p->cell_clip < 0 ||
      p->cell_clip > INT16_MAX || p->out_stride < p->cells ||
      !ei_wide_shifts_ok((const uint8_t *)p->shift, 8) ||
      !ei_shifts_ok((const uint8_t *)p->product_shift, 3) || !ei_has_data(need, p->table, 256, 2) ||
      !ei_has_data(need, p->weights, (uint64_t)p->cells * 4 * p->in_c, 1) ||
      !ei_has_data(need, p->recurrent, (uint64_t)p->cells * 4 * p->cells, 1) ||
      !ei_has_data(need, p->bias, (uint64_t)p->cells * 4, 8) ||
      !ei_has_operand(need, p->hidden, p->cells, 2, 1) ||
      !ei_has_operand(need, p->cell, p->cells, 2, 1))
    return EI_ERR_PARAMS;
  need->in[0] = ((uint64_t)(p->steps - 1) * p->in_stride + p->in_c) * 2;
  need->out = ((uint64_t)(p->steps - 1) * p->out_stride + p->cells) * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_lstm_16_scratch(const void *params) {
  (void)params;
  return 0;
}
