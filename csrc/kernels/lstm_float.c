/* SPDX-License-Identifier: Apache-2.0
 *
 * A sequence through an LSTM cell of float32, for one sample of a batch. With x the input and h the
 * output:
 *   i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of ((b + wx) + rh)
 *   cell = clamp(f cell + g i)
 *   h = o tanh(cell)
 *
 * As LstmStep in TensorFlow Lite Micro (micro/kernels/lstm_eval.h), in its order; TFLite itself
 * adds products up in lanes. The functions are those of float_functions.h. The weights of a cell's
 * four gates lie together, in the order i, f, g, o.
 */
#include "float_functions.h"

#include "kernel.h"

typedef struct {
  uint32_t weights;               /* data offset: float [cells][4][in_c] */
  uint32_t bias;                  /* data offset: float [cells][4] */
  uint32_t recurrent;             /* data offset: float [cells][4][cells] */
  uint32_t hidden;                /* operand: float [cells], h of the step before */
  uint32_t cell;                  /* operand: float [cells] */
  uint32_t steps, in_c, cells;    /* elements */
  uint32_t in_stride, out_stride; /* elements from one step to the next */
  float cell_clip;                /* 0: none */
} ei_lstm_float_params;

static float dot(const float *a, const float *w, uint32_t n) {
  float sum = 0;
  for (; n > 0; n--) sum += *a++ * *w++;
  return sum;
}

void ei_lstm_float_run(const ei_call *c) {
  const ei_lstm_float_params *p = c->params;
  const float *const bias = (const void *)(c->data + p->bias);
  float *const hidden = ei_operand(c, p->hidden);
  float *const state = ei_operand(c, p->cell);
  const float *x = c->in[0];
  float *out = c->out;
  for (uint32_t t = 0; t < p->steps; t++, x += p->in_stride, out += p->out_stride) {
    const float *w = (const void *)(c->data + p->weights);
    const float *r = (const void *)(c->data + p->recurrent);
    for (uint32_t i = 0; i < p->cells; i++) {
      float g[4];
      for (uint32_t k = 0; k < 4; k++, w += p->in_c, r += p->cells) {
        const float sum = bias[4 * i + k] + dot(x, w, p->in_c) + dot(hidden, r, p->cells);
        g[k] = k == 2 ? ei_tanh(sum) : ei_logistic(sum);
      }
      float cell = ei_times(g[1], state[i]) + ei_times(g[2], g[0]);
      if (p->cell_clip > 0) cell = ei_clamp_float(cell, -p->cell_clip, p->cell_clip);
      state[i] = cell;
      out[i] = g[3] * ei_tanh(cell);
    }
    memmove(hidden, out, (size_t)p->cells * 4); /* an image may place them over each other */
  }
}

int ei_lstm_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_lstm_float_params, p, c, need);
  if (p->steps == 0 || p->in_c == 0 || p->cells == 0 || p->in_c > INT32_MAX / 32 ||
      p->cells > INT32_MAX / 32 || p->out_stride < p->cells ||
      !ei_has_data(need, p->weights, (uint64_t)p->cells * 4 * p->in_c, 4) ||
      !ei_has_data(need, p->recurrent, (uint64_t)p->cells * 4 * p->cells, 4) ||
      !ei_has_data(need, p->bias, (uint64_t)p->cells * 4, 4) ||
      !ei_has_operand(need, p->hidden, p->cells, 4, 1) ||
      !ei_has_operand(need, p->cell, p->cells, 4, 1))
    return EI_ERR_PARAMS;
  need->in[0] = ((uint64_t)(p->steps - 1) * p->in_stride + p->in_c) * 4;
  need->out = ((uint64_t)(p->steps - 1) * p->out_stride + p->cells) * 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_lstm_float_scratch(const void *params) {
  (void)params;
  return 0;
}
