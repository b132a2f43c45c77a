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

/* Outputs of a row whose windows lie inside the input's columns, these being neighbours. */
typedef struct {
  int32_t first, end;
} inside;

EI_INLINE inside columns_inside(const ei_conv *p) {
  const int32_t room = p->in_w - p->k_w + p->pad_left;
  const inside none = {0, 0};
  if (p->dil_w != 1 || room < 0) return none;
  const inside all = {(p->pad_left + p->stride_w - 1) / p->stride_w, room / p->stride_w + 1};
  return all;
}

/* `count` windows, k_h rows of n bytes each, one after the other; the first ones at `from`. */
EI_NOINLINE int8_t *copy_windows(const ei_conv *p, const int8_t *from, int32_t count, int8_t *to) {
  const int32_t n = p->k_w * p->in_c, apart = p->in_w * p->in_c * p->dil_h, k_h = p->k_h;
  const int32_t step = p->stride_w * p->in_c;
  for (; count > 0; count--, from += step) {
    const int8_t *row = from;
    for (int32_t ky = k_h; ky > 0; ky--, row += apart) to = ei_conv_copy(to, row, n);
  }
  return to;
}

/* `count` windows from that of output (y, x) on. */
EI_INLINE void gather(const ei_conv *p, const ei_call *c, inside columns, int32_t y, int32_t x,
                      int32_t count, int8_t *to) {
  const int32_t rows = (p->k_h - INT32_C(1)) * p->dil_h;
  while (count > 0) {
    const int32_t top = y * p->stride_h - p->pad_top;
    int32_t some = 1;
    if (x >= columns.first && x < columns.end && top >= 0 && top + rows < p->in_h) {
      const int32_t left = x * p->stride_w - p->pad_left;
      some = columns.end < p->out_w ? columns.end - x : p->out_w - x;
      some = some < count ? some : count;
      to = copy_windows(p, (const int8_t *)c->in[0] + ((top - c->in_y0) * p->in_w + left) * p->in_c,
                        some, to);
    } else {
      for (int32_t ky = 0; ky < p->k_h; ky++) to = ei_conv_gather_row(p, c, y, x, ky, to);
    }
    x += some, count -= some;
    if (x == p->out_w) x = 0, y++;
  }
}

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
    const inside columns = columns_inside(p);
    for (int32_t left = total; left > 0; left -= EI_ROWS_GATHER, out += EI_ROWS_GATHER * out_c) {
      const int32_t count = left < EI_ROWS_GATHER ? left : EI_ROWS_GATHER;
      gather(p, c, columns, y, x, count, c->scratch);
      for (x += count; x >= p->out_w; x -= p->out_w) y++;
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
