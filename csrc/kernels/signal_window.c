/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][i] = clamp(in[y][i] window[i] >> shift), int16; ApplyWindow in TFLite Micro (signal/src).
 */
#include "fixed_point.h"
#include "signal.h"

typedef struct {
  uint32_t window; /* data offset: int16 [row] */
  uint32_t row;    /* elements */
  uint32_t shift;  /* 0..31 */
} ei_signal_window_params;

void ei_signal_window_run(const ei_call *c) {
  const ei_signal_window_params *p = c->params;
  const int16_t *window = (const void *)(c->data + p->window);
  const int16_t *in = (const int16_t *)c->in[0] + (size_t)(c->y0 - c->in_y0) * p->row;
  int16_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (uint32_t i = 0; i < p->row; i++)
      *out++ = (int16_t)ei_clamp((int32_t)*in++ * window[i] >> p->shift, INT16_MIN, INT16_MAX);
}

int ei_signal_window_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_signal_window_params, p, c, need);
  if (!ei_count_ok(p->row) || p->shift > 31 || c->in_y0 > c->y0 ||
      !ei_has_data(need, p->window, p->row, 2))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->row * 2;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->row * 2;
  need->in_align = need->out_align = 2;
  return EI_OK;
}

uint32_t ei_signal_window_scratch(const void *params) {
  (void)params;
  return 0;
}
