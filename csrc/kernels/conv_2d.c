/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(zo + requant(bias[o] + sum over ky, kx, i of w[o][ky][kx][i] in[..][..][i]))
 *
 * in [in_h, in_w, in_c], w [out_c, k_h, k_w, in_c], out [out_h, out_w, out_c]; int8 with int32
 * sums, as ConvPerChannel in TFLite (kernels/internal/reference/integer_ops/conv.h). The input's
 * zero point is folded into the bias on the PC: bias[o] holds bias - zero_point * sum(w[o]), so
 * that kernels multiply raw bytes, and a tap in the padding counts as the zero point itself.
 */
#include "conv.h"
#include "rows.h"

typedef struct {
  uint32_t weights; /* data offset: int8 [out_c][k_h][k_w][in_c], and EI_ROWS_SPARE bytes */
  uint32_t bias;    /* data offset: int32 [out_c], corrected */
  uint32_t mult;    /* data offset: int32 [out_c], Q31 */
  uint32_t shift;   /* data offset: int8 [out_c], -31..30 */
  ei_conv conv;
} ei_conv_2d_params;

void ei_conv_2d_run(const ei_call *c) {
  const ei_conv_2d_params *params = c->params;
  const ei_conv *p = &params->conv;
  const int32_t n = p->k_h * p->k_w * p->in_c, out_c = p->out_c;
  const int32_t total = (c->y1 - c->y0) * p->out_w;
  const uint8_t *data = c->data;
  const ei_rows rows = {(const int8_t *)data + params->weights,
                        (const void *)(data + params->bias),
                        (const void *)(data + params->mult),
                        (const int8_t *)data + params->shift,
                        n,
                        out_c,
                        p->out_zero};
  int8_t *out = c->out;
  int32_t y = c->y0, x = 0;

  if (ei_conv_is_direct(p)) {
    ei_rows_blocks(&rows, ei_conv_direct(p, c), total, out);
  } else {
    for (int32_t left = total; left > 0; left -= EI_ROWS_GATHER, out += EI_ROWS_GATHER * out_c) {
      const int32_t count = left < EI_ROWS_GATHER ? left : EI_ROWS_GATHER;
      int8_t *to = c->scratch;
      for (int32_t i = count; i > 0; i--, to += n) {
        ei_conv_gather(p, c, y, x, to);
        if (++x == p->out_w) x = 0, y++;
      }
      ei_rows_run(&rows, c->scratch, count, out);
    }
  }
  ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
}

int ei_conv_2d_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_2d_params, p, c, need);
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  const uint64_t n = (uint64_t)p->conv.k_h * p->conv.k_w * p->conv.in_c;
  return ei_rows_ok(c, need, n, p->conv.out_c, p->weights, p->bias, p->mult, p->shift)
             ? EI_OK
             : EI_ERR_PARAMS;
}

uint32_t ei_conv_2d_scratch(const void *params) {
  const ei_conv *p = &((const ei_conv_2d_params *)params)->conv;
  const uint32_t n = (uint32_t)p->k_h * p->k_w * p->in_c, windows = (uint32_t)p->out_h * p->out_w;
  return ei_conv_is_direct(p) ? 0 : (windows < EI_ROWS_GATHER ? windows : EI_ROWS_GATHER) * n;
}
