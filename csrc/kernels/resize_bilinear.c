/* SPDX-License-Identifier: Apache-2.0
 *
 * out[b][y][x] = the four pixels around a position, weighted by nearness: of int8 and int16 in Q10,
 * of float32 and of uint8, which comes less 128, in float32.
 *
 * As ResizeBilinear and ResizeBilinearInteger in TFLite (kernels/internal/reference/
 * resize_bilinear.h).
 */
#include "element.h"
#include "float_functions.h"

enum { ONE = 1 << 10 };

typedef struct {
  uint32_t batch, channels;
  uint32_t in[2], out[2];            /* height and width */
  int32_t scale[2];                  /* input pixels for an output pixel, Q10 */
  float float_scale[2];              /* the same for float32 */
  uint16_t half_pixel_centers, type; /* type: enum ei_dtype: int8, int16, uint8 or float32 */
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

/* The same position in float32, and how far it is beyond `low`. */
static float around_float(const ei_resize_bilinear_params *p, int axis, uint32_t i,
                          between *found) {
  const float scale = p->float_scale[axis];
  const float at =
      p->half_pixel_centers ? ei_times((float)i + 0.5f, scale) - 0.5f : ei_times((float)i, scale);
  const int32_t last = (int32_t)p->in[axis] - 1;
  const int32_t low = (int32_t)floorf(at), high = (int32_t)ceilf(at);
  found->low = low < last ? low > 0 ? low : 0 : last;
  found->high = high < last ? high : last;
  return at - (float)found->low;
}

/* One output pixel from the pixels `at`: left above and below, right above and below. */
static void pixel_8(const int8_t *in, const uint32_t *at, uint32_t n, between y, between x,
                    int8_t *out) {
  for (uint32_t k = 0; k < n; k++, in++) {
    const int32_t sum = in[at[0]] * (y.near * x.near) + in[at[1]] * (y.far * x.near) +
                        in[at[2]] * (y.near * x.far) + in[at[3]] * (y.far * x.far);
    out[k] = (int8_t)((sum + (sum > 0 ? SQUARE / 2 : -SQUARE / 2)) / SQUARE);
  }
}

static void pixel_16(const int16_t *in, const uint32_t *at, uint32_t n, between y, between x,
                     int16_t *out) {
  for (uint32_t k = 0; k < n; k++, in++) {
    const int64_t sum =
        (int64_t)in[at[0]] * (y.near * x.near) + (int64_t)in[at[1]] * (y.far * x.near) +
        (int64_t)in[at[2]] * (y.near * x.far) + (int64_t)in[at[3]] * (y.far * x.far);
    out[k] = (int16_t)((sum + (sum > 0 ? SQUARE / 2 : -SQUARE / 2)) / SQUARE);
  }
}

/* The sum of a, b, c and d by their nearness, and `more`. */
static float weighted(float a, float b, float c, float d, float y, float x, float more) {
  const float sum = ei_times(ei_times(a, 1 - y), 1 - x) + ei_times(ei_times(b, y), 1 - x) +
                    ei_times(ei_times(c, 1 - y), x);
  return sum + ei_times(ei_times(d, y), x) + more;
}

static void pixel_float(const float *in, const uint32_t *at, uint32_t n, float y, float x,
                        float *out) {
  for (uint32_t k = 0; k < n; k++, in++)
    out[k] = weighted(in[at[0]], in[at[1]], in[at[2]], in[at[3]], y, x, 0);
}

/* A uint8 less 128 as float32. */
static float real(int8_t x) { return (float)(x + 128); }

static void pixel_unsigned(const int8_t *in, const uint32_t *at, uint32_t n, float y, float x,
                           int8_t *out) {
  for (uint32_t k = 0; k < n; k++, in++)
    out[k] = (int8_t)((int32_t)weighted(real(in[at[0]]), real(in[at[1]]), real(in[at[2]]),
                                        real(in[at[3]]), y, x, 0.5f) -
                      128);
}

void ei_resize_bilinear_run(const ei_call *c) {
  const ei_resize_bilinear_params *p = c->params;
  const uint32_t size = ei_size_of(p->type), n = p->channels, row = p->in[1] * n;
  const uint8_t *in = c->in[0];
  uint8_t *out = c->out;
  for (uint32_t b = 0; b < p->batch; b++, in += (size_t)p->in[0] * row * size)
    for (uint32_t i = 0; i < p->out[0]; i++)
      for (uint32_t j = 0; j < p->out[1]; j++, out += (size_t)n * size) {
        float far[2] = {0, 0};
        between y = {0, 0, 0, 0}, x = {0, 0, 0, 0};
        if (p->type == EI_FLOAT32 || p->type == EI_UINT8)
          far[0] = around_float(p, 0, i, &y), far[1] = around_float(p, 1, j, &x);
        else
          y = around(p, 0, i), x = around(p, 1, j);
        const uint32_t top = (uint32_t)y.low * row, bottom = (uint32_t)y.high * row;
        const uint32_t left = (uint32_t)x.low * n, right = (uint32_t)x.high * n;
        const uint32_t at[] = {top + left, bottom + left, top + right, bottom + right};
        if (p->type == EI_INT8)
          pixel_8((const void *)in, at, n, y, x, (void *)out);
        else if (p->type == EI_INT16)
          pixel_16((const void *)in, at, n, y, x, (void *)out);
        else if (p->type == EI_UINT8)
          pixel_unsigned((const void *)in, at, n, far[0], far[1], (void *)out);
        else
          pixel_float((const void *)in, at, n, far[0], far[1], (void *)out);
      }
}

int ei_resize_bilinear_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_resize_bilinear_params, p, c, need);
  uint64_t in = p->batch, out = p->batch;
  if (p->type != EI_INT8 && p->type != EI_INT16 && p->type != EI_UINT8 && p->type != EI_FLOAT32)
    return EI_ERR_PARAMS;
  if (p->channels == 0 || (in *= p->channels) > INT32_MAX) return EI_ERR_PARAMS;
  out = in;
  for (int d = 0; d < 2; d++) {
    if (p->in[d] == 0 || p->out[d] == 0 || p->in[d] > 65535 || p->out[d] > 65535 || p->scale[d] < 0)
      return EI_ERR_PARAMS;
    /* The last position lies less than a pixel beyond the input; then no weight leaves Q10. */
    int64_t last = (int64_t)(p->out[d] - 1) * p->scale[d];
    if (p->half_pixel_centers) last += p->scale[d] / 2 - ONE / 2;
    if (last >= (int64_t)p->in[d] * ONE || last + ONE > INT32_MAX) return EI_ERR_PARAMS;
    const float far = ((float)p->out[d] - 0.5f) * p->float_scale[d]; /* within int32 */
    if (!(p->float_scale[d] >= 0) || !(far < 2.0f * (float)p->in[d] + 1.0f)) return EI_ERR_PARAMS;
    if ((in *= p->in[d]) > INT32_MAX || (out *= p->out[d]) > INT32_MAX) return EI_ERR_BOUNDS;
  }
  need->in[0] = in * ei_size_of(p->type), need->out = out * ei_size_of(p->type);
  need->in_align = need->out_align = ei_align_of(p->type);
  return EI_OK;
}

uint32_t ei_resize_bilinear_scratch(const void *params) {
  (void)params;
  return 0;
}
