/* SPDX-License-Identifier: Apache-2.0
 *
 * out[b][y][x] = the four pixels of int8 around a position, weighted by nearness in Q10.
 *
 * As ResizeBilinearInteger in TFLite (kernels/internal/reference/resize_bilinear.h).
 */
#include "kernel.h"

enum { ONE = 1 << 10 };

typedef struct {
  uint32_t batch, channels;
  uint32_t in[2], out[2]; /* height and width */
  int32_t scale[2];       /* input pixels for an output pixel, Q10 */
  uint32_t half_pixel_centers;
} ei_resize_bilinear_params;

typedef struct {
  int32_t low, high; /* the input pixels around */
  int32_t near, far; /* the weights of low and high, Q10 */
} between;

#define SQUARE ((int32_t)ONE * ONE)

static between around(const ei_resize_bilinear_params *p, int axis, uint32_t i) {
  int32_t at = (int32_t)i * p->scale[axis];
  if (p->half_pixel_centers) at += p->scale[axis] / 2 - ONE / 2;
  const int32_t last = (int32_t)p->in[axis] - 1, next = (at + ONE - 1) / ONE;
  between found;
  found.low = at / ONE > 0 ? at / ONE : 0;
  found.high = next < last ? next : last;
  found.far = at - ONE * found.low;
  found.near = ONE - found.far;
  return found;
}

void ei_resize_bilinear_run(const ei_call *c) {
  const ei_resize_bilinear_params *p = c->params;
  const int8_t *in = c->in[0];
  int8_t *out = c->out;
  const uint32_t row = p->in[1] * p->channels;
  for (uint32_t b = 0; b < p->batch; b++, in += p->in[0] * row)
    for (uint32_t i = 0; i < p->out[0]; i++) {
      const between y = around(p, 0, i);
      for (uint32_t j = 0; j < p->out[1]; j++) {
        const between x = around(p, 1, j);
        const int8_t *top = in + (uint32_t)y.low * row, *bottom = in + (uint32_t)y.high * row;
        const uint32_t left = (uint32_t)x.low * p->channels, right = (uint32_t)x.high * p->channels;
        for (uint32_t k = 0; k < p->channels; k++) {
          const int32_t sum =
              top[left + k] * (y.near * x.near) + bottom[left + k] * (y.far * x.near) +
              top[right + k] * (y.near * x.far) + bottom[right + k] * (y.far * x.far);
          *out++ = (int8_t)((sum + (sum > 0 ? SQUARE / 2 : -SQUARE / 2)) / SQUARE);
        }
      }
    }
}

int ei_resize_bilinear_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_resize_bilinear_params, p, c, need);
  uint64_t in = p->batch, out = p->batch;
  if (p->channels == 0 || (in *= p->channels) > INT32_MAX) return EI_ERR_PARAMS;
  out = in;
  for (int d = 0; d < 2; d++) {
    if (p->in[d] == 0 || p->out[d] == 0 || p->in[d] > 65535 || p->out[d] > 65535 || p->scale[d] < 0)
      return EI_ERR_PARAMS;
    /* The last position lies less than a pixel beyond the input; then no weight leaves Q10. */
    int64_t last = (int64_t)(p->out[d] - 1) * p->scale[d];
    if (p->half_pixel_centers) last += p->scale[d] / 2 - ONE / 2;
    if (last >= (int64_t)p->in[d] * ONE || last + ONE > INT32_MAX) return EI_ERR_PARAMS;
    if ((in *= p->in[d]) > INT32_MAX || (out *= p->out[d]) > INT32_MAX) return EI_ERR_BOUNDS;
  }
  need->in[0] = in, need->out = out;
  return EI_OK;
}

uint32_t ei_resize_bilinear_scratch(const void *params) {
  (void)params;
  return 0;
}
