/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(zo + requant(bias[o] + sum over ky, kx, i of w[o][ky][kx][i] in[iy][ix][i]))
 * where iy stride_h + ky = y + pad_top and ix stride_w + kx = x + pad_left
 *
 * in [in_h, in_w, in_c], out [out_h, out_w, out_c]; int8 with int32 sums, as TransposeConv in
 * TFLite (kernels/internal/reference/integer_ops/transpose_conv.h). As in conv_2d.c the input's
 * zero point is folded into the bias, of which each phase has its own: int32
 * [stride_h][stride_w][out_c].
 */
#include "rows.h"
#include "transposed.h"

typedef ei_transposed ei_transpose_conv_params;

/* The input under the taps, in one piece: where it lies, or gathered. */
EI_INLINE const int8_t *seen(const ei_conv *p, const ei_call *c, ei_phase down, ei_phase across) {
  const int32_t in_w = p->in_w, in_c = p->in_c, zero = p->in_zero, ix = across.in;
  const int inside = ix >= 0 && ix + across.taps <= in_w;
  int8_t *to = c->scratch;
  for (int32_t iy = down.in; iy < down.in + down.taps; iy++) {
    if (iy < 0 || iy >= p->in_h) {
      to = ei_conv_fill(to, zero, across.taps * in_c);
      continue;
    }
    const int8_t *row = (const int8_t *)c->in[0] + (iy - c->in_y0) * in_w * in_c;
    if (inside && down.taps == 1) return row + ix * in_c;
    if (inside)
      to = ei_conv_copy(to, row + ix * in_c, across.taps * in_c);
    else
      for (int32_t i = ix; i < ix + across.taps; i++)
        to = i < 0 || i >= in_w ? ei_conv_fill(to, zero, in_c)
                                : ei_conv_copy(to, row + i * in_c, in_c);
  }
  return c->scratch;
}

void ei_transpose_conv_run(const ei_call *c) {
  const ei_transpose_conv_params *params = c->params;
  const ei_conv *p = &params->conv;
  const int32_t out_c = p->out_c, out_w = p->out_w, stride_w = p->stride_w;
  const int32_t *bias = (const void *)(c->data + params->bias);
  ei_rows rows = {NULL,
                  NULL,
                  (const void *)(c->data + params->mult),
                  (const int8_t *)c->data + params->shift,
                  0,
                  out_c,
                  p->out_zero};
  int8_t *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++, out += out_w * out_c) {
    const ei_phase down = ei_phase_at(y + p->pad_top, p->k_h, p->stride_h);
    for (int32_t first = 0; first < stride_w && first < out_w; first++) {
      ei_phase across = ei_phase_at(first + p->pad_left, p->k_w, stride_w);
      rows.n = down.taps * across.taps * p->in_c;
      rows.weights = (const int8_t *)c->data + params->weights + ei_phase_weights(p, down, across);
      rows.bias = bias + (down.phase * stride_w + across.phase) * out_c;
      for (int32_t x = first; x < out_w; x += stride_w, across.in++) {
        int8_t *to = out + x * out_c;
        if (rows.n > 0)
          ei_rows_run(&rows, seen(p, c, down, across), 1, to);
        else /* a stride larger than the filter */
          for (int32_t o = 0; o < out_c; o++)
            ei_output_any(to + o, rows.bias[o], rows.mult[o], rows.shift[o], rows.zero);
      }
    }
  }
  ei_clamp_all(c->out, (c->y1 - c->y0) * out_w * out_c, p->act_min, p->act_max);
}

int ei_transpose_conv_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_transpose_conv_params, p, c, need);
  const uint64_t phases = (uint64_t)p->conv.stride_h * p->conv.stride_w;
  return ei_transposed_check(c, need, 1, phases * p->conv.out_c, 4);
}

uint32_t ei_transpose_conv_scratch(const void *params) {
  const ei_conv *p = &((const ei_transpose_conv_params *)params)->conv;
  if (p->stride_h == 0 || p->stride_w == 0) return 0;
  const uint32_t down = (p->k_h - UINT32_C(1)) / p->stride_h + 1;
  return down * ((p->k_w - UINT32_C(1)) / p->stride_w + 1) * p->in_c;
}
