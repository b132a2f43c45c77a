/* SPDX-License-Identifier: Apache-2.0
 *
 * A sequence through an LSTM cell, for one sample of a batch. With x the input and h the output:
 *   i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of (requant(wx + b) + requant(rh + br))
 *   cell = clamp(round(f cell 2^-15) + round(i g 2^-(30 + cell_shift)))
 *   h = clamp(zh + requant(o tanh(cell)))
 *
 * int8 with gates in int16: Q3 before the functions, Q0 after them; as LstmStepInteger for 8x8_16
 * in TFLite (kernels/lstm_eval.cc). The weights of a cell's four gates lie together, in the order
 * i, f, g, o; zero points are folded into the biases on the PC.
 */
#include "functions16.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t weights;               /* data offset: int8 [cells][4][in_c] */
  uint32_t bias;                  /* data offset: int32 [cells][4] */
  uint32_t recurrent;             /* data offset: int8 [cells][4][cells] */
  uint32_t recurrent_bias;        /* data offset: int32 [cells][4] */
  uint32_t hidden;                /* operand: int8 [cells], h of the step before */
  uint32_t cell;                  /* operand: int16 [cells] */
  uint32_t steps, in_c, cells;    /* elements */
  uint32_t in_stride, out_stride; /* elements from one step to the next */
  int32_t mult[8];                /* Q31: of the four gates for x, then for h */
  int8_t shift[8];                /* -31..30 */
  int32_t hidden_mult;            /* Q31 */
  int8_t hidden_shift;            /* -31..30 */
  int8_t hidden_zero;             /* zero point of h */
  int8_t cell_shift;              /* log2 of the cell's scale, -15..-9 */
  int8_t reserved;                /* 0 */
  int32_t cell_clip;              /* 0: none */
} ei_lstm_params;

/* The four gates of one cell before their functions. */
static void gates(const ei_lstm_params *p, const ei_call *c, const int8_t *x, const int8_t *h,
                  uint32_t cell, int32_t gate[4]) {
  const int32_t in_c = (int32_t)p->in_c, cells = (int32_t)p->cells;
  const int8_t *w = (const int8_t *)c->data + p->weights + (size_t)cell * 4 * p->in_c;
  const int8_t *r = (const int8_t *)c->data + p->recurrent + (size_t)cell * 4 * p->cells;
  const int32_t *bias = (const int32_t *)(const void *)(c->data + p->bias) + 4 * cell;
  const int32_t *other = (const int32_t *)(const void *)(c->data + p->recurrent_bias) + 4 * cell;
  int32_t a[4] = {bias[0], bias[1], bias[2], bias[3]};
  int32_t b[4] = {other[0], other[1], other[2], other[3]};
  ei_dot_1x4(x, w, in_c, a);
  ei_dot_1x4(h, r, cells, b);
  for (int g = 0; g < 4; g++) {
    const int32_t first = ei_clamp16(ei_requantize(a[g], p->mult[g], p->shift[g]));
    gate[g] = ei_clamp16(ei_add_wrap(ei_requantize(b[g], p->mult[4 + g], p->shift[4 + g]), first));
  }
}

void ei_lstm_run(const ei_call *c) {
  const ei_lstm_params *p = c->params;
  int8_t *const hidden = ei_operand(c, p->hidden);
  int16_t *const state = ei_operand(c, p->cell);
  const int8_t *x = c->in[0];
  int8_t *out = c->out;
  for (uint32_t t = 0; t < p->steps; t++, x += p->in_stride, out += p->out_stride) {
    for (uint32_t i = 0; i < p->cells; i++) {
      int32_t g[4];
      gates(p, c, x, hidden, i, g);
      const int32_t kept = ei_div_pot(ei_logistic16(g[1]) * state[i], 15);
      const int32_t made = ei_logistic16(g[0]) * ei_tanh16(g[2], 3);
      int32_t cell = ei_clamp16(kept + (int16_t)ei_div_pot(made, 30 + p->cell_shift));
      if (p->cell_clip > 0) cell = ei_clamp(cell, -p->cell_clip, p->cell_clip);
      state[i] = (int16_t)cell;
      const int32_t shown = ei_logistic16(g[3]) * ei_tanh16(cell, 15 + p->cell_shift);
      ei_output_any(out + i, shown, p->hidden_mult, p->hidden_shift, p->hidden_zero);
    }
    memmove(hidden, out, (size_t)p->cells); /* an image may place them over each other */
  }
}

int ei_lstm_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_lstm_params, p, c, need);
  if (p->steps == 0 || p->in_c == 0 || p->cells == 0 || p->in_c > INT32_MAX / 32 ||
      p->cells > INT32_MAX / 32 || p->cell_shift < -15 || p->cell_shift > -9 || p->cell_clip < 0 ||
      p->cell_clip > INT16_MAX || p->out_stride < p->cells ||
      !ei_shifts_ok((const uint8_t *)p->shift, 8) ||
      !ei_shifts_ok((const uint8_t *)&p->hidden_shift, 1) ||
      !ei_has_data(need, p->weights, (uint64_t)p->cells * 4 * p->in_c, 1) ||
      !ei_has_data(need, p->recurrent, (uint64_t)p->cells * 4 * p->cells, 1) ||
      !ei_has_data(need, p->bias, (uint64_t)p->cells * 4, 4) ||
      !ei_has_data(need, p->recurrent_bias, (uint64_t)p->cells * 4, 4) ||
      !ei_has_operand(need, p->hidden, p->cells, 1, 1) ||
      !ei_has_operand(need, p->cell, p->cells, 2, 1))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(p->steps - 1) * p->in_stride + p->in_c;
  need->out = (uint64_t)(p->steps - 1) * p->out_stride + p->cells;
  return EI_OK;
}

uint32_t ei_lstm_scratch(const void *params) {
  (void)params;
  return 0;
}
