/* SPDX-License-Identifier: Apache-2.0
 *
 * out[y][x][o] = clamp(bias[o] + sum over ky, kx, i of w[o][ky][kx][i] in[iy][ix][i]), float32
 *
 * CONV_2D, with groups of channels too, and FULLY_CONNECTED, as one tap over rows of one pixel. The
 * sums are made in the order of the filter, without its taps in the padding, as Conv and
 * FullyConnected in TFLite (kernels/internal/reference/conv.h, fully_connected.h).
 *
 * The filters of a group come in blocks of 4, the last of fewer: [blocks][k_h][k_w][group_in][4].
 * So each input is read once for 4 sums, which are made side by side, each in its order.
 */
#include "float_math.h"

#include "conv.h"

enum { BLOCK = 4 };

typedef struct {
  uint32_t weights;             /* data offset: float [out_c k_h k_w group_in] */
  uint32_t bias;                /* data offset: float [out_c] */
  ei_conv conv;                 /* without zero points and clamp */
  uint16_t group_in, group_out; /* channels of a group */
  float act_min, act_max;       /* of the fused activation */
} ei_conv_float_params;

/* sum[o] += x[i] w[i][o] over n inputs. */
static void add_block(float *sum, const float *x, const float *w, int32_t n) {
  float a = sum[0], b = sum[1], c = sum[2], d = sum[3];
  for (; n > 0; n--, w += BLOCK) {
    const float value = *x++;
    a += value * w[0];
    b += value * w[1];
    c += value * w[2];
    d += value * w[3];
  }
  sum[0] = a, sum[1] = b, sum[2] = c, sum[3] = d;
}

static void add_rest(float *sum, const float *x, const float *w, int32_t n, int32_t width) {
  for (; n > 0; n--, x++)
    for (int32_t o = 0; o < width; o++) sum[o] += *x * *w++;
}

void ei_conv_float_run(const ei_call *c) {
  const ei_conv_float_params *params = c->params;
  const ei_conv *p = &params->conv;
  const float *const bias = (const void *)(c->data + params->bias);
  const int32_t group_in = params->group_in, group_out = params->group_out;
  const int32_t n = p->k_h * p->k_w * group_in;
  float *out = c->out;
  for (int32_t y = c->y0; y < c->y1; y++)
    for (int32_t x = 0; x < p->out_w; x++) {
      const float *w = (const void *)(c->data + params->weights);
      for (int32_t o = 0, width; o < p->out_c; o += width, w += n * width) {
        const float *in = (const float *)c->in[0] + o / group_out * group_in;
        const int32_t left = group_out - o % group_out;
        float sum[BLOCK] = {0};
        width = left < BLOCK ? left : BLOCK;
        if (width == BLOCK)
          EI_CONV_TAPS(p, c, y, x,
                       add_block(sum, in + in_at, w + tap * group_in * BLOCK, group_in));
        else
          EI_CONV_TAPS(p, c, y, x,
                       add_rest(sum, in + in_at, w + tap * group_in * width, group_in, width));
        for (int32_t i = 0; i < width; i++)
          *out++ = ei_clamp_float(sum[i] + bias[o + i], params->act_min, params->act_max);
      }
    }
}

int ei_conv_float_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_float_params, p, c, need);
  const uint32_t out_c = p->conv.out_c;
  const uint64_t n = (uint64_t)p->conv.k_h * p->conv.k_w * p->group_in;
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  if (p->group_in == 0 || p->group_out == 0 || out_c % p->group_out != 0 ||
      out_c / p->group_out * p->group_in != p->conv.in_c ||
      !ei_has_data(need, p->weights, n * out_c, 4) || !ei_has_data(need, p->bias, out_c, 4))
    return EI_ERR_PARAMS;
  need->in[0] *= 4, need->out *= 4;
  need->in_align = need->out_align = 4;
  return EI_OK;
}

uint32_t ei_conv_float_scratch(const void *params) {
  (void)params;
  return 0;
}
