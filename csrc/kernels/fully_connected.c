/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][o] = clamp(zo + requant(bias[o] + sum over i of w[o][i] in[y][i]))
 *
 * in [rows, in_c], w [out_c, in_c], out [rows, out_c]; as FullyConnected and
 * FullyConnectedPerChannel in TFLite (kernels/internal/reference/integer_ops/fully_connected.h).
 * The input's zero point is folded into the bias on the PC.
 */
#include "rows.h"

typedef struct {
  uint32_t weights;         /* data offset: int8 [out_c][in_c], and EI_ROWS_SPARE bytes */
  uint32_t bias;            /* data offset: int32 [out_c], corrected */
  uint32_t mult;            /* data offset: int32 [out_c], Q31 */
  uint32_t shift;           /* data offset: int8 [out_c], -31..30 */
  uint32_t in_c, out_c;     /* elements */
  int16_t out_zero;         /* zero point, -128..127 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
  uint16_t reserved;        /* 0 */
} ei_fully_connected_params;

void ei_fully_connected_run(const ei_call *c) {
  const ei_fully_connected_params *p = c->params;
  const int32_t n = (int32_t)p->in_c, out_c = (int32_t)p->out_c, count = c->y1 - c->y0;
  const uint8_t *data = c->data;
  const ei_rows rows = {(const int8_t *)data + p->weights,
                        (const void *)(data + p->bias),
                        (const void *)(data + p->mult),
                        (const int8_t *)data + p->shift,
                        n,
                        out_c,
                        p->out_zero};
  ei_rows_blocks(&rows, (const int8_t *)c->in[0] + (c->y0 - c->in_y0) * n, count, c->out);
  ei_clamp_all(c->out, count * out_c, p->act_min, p->act_max);
}

int ei_fully_connected_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_fully_connected_params, p, c, need);
  if (p->in_c == 0 || p->in_c > INT32_MAX / 8 || p->out_c == 0 || p->out_c > INT32_MAX / 8 ||
      c->in_y0 > c->y0 ||
      !ei_rows_ok(c, need, p->in_c, p->out_c, p->weights, p->bias, p->mult, p->shift))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->out_c;
  return EI_OK;
}

uint32_t ei_fully_connected_scratch(const void *params) {
  (void)params;
  return 0;
}
