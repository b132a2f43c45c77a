/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D as depthwise_conv_2d.c has it, along one axis: the window is one wide, and so
 * is the input across it. Stride and depth multiplier are 1, there is no dilation, and there are at
 * least four channels. Of each four channels a line of the input is widened into the scratch,
 * padding included.
 */
#include "conv.h"

typedef struct {
  uint32_t weights; /* data offset: ei_filter_line [out_c], each with its further weights */
  ei_conv conv;
} ei_depthwise_conv_line_params;

EI_INLINE int32_t taps_of(const ei_conv *p) { return p->k_h * p->k_w; }

/* What lies under the windows of some outputs. */
typedef struct {
  const int8_t *from;     /* the first input */
  int32_t before, inside; /* places of padding, and then of inputs */
  int32_t numbers, tile;  /* of a line, and of all */
} place;

/* For `count` outputs from `first` on. */
EI_INLINE place place_line(const ei_conv *p, const ei_call *c, int32_t first, int32_t count) {
  const int32_t in = p->in_h * p->in_w, taps = taps_of(p);
  const int32_t start = first - (p->pad_top + p->pad_left), end = start + count + taps - 1;
  const int32_t before = start < 0 ? -start : 0, stop = end < in ? end : in;
  const int32_t from = start + before;
  const place t = {(const int8_t *)c->in[0] + (from - c->in_y0) * p->in_c, before,
                   stop > from ? stop - from : 0, ei_line_numbers(count, taps),
                   ei_line_tile(count, taps)};
  return t;
}

#ifdef EI_LINE_RUN
EI_INLINE void four_channels(const ei_conv *p, const ei_call *c, const place *t, int32_t channel,
                             int32_t skip, const uint8_t *filters, int8_t *out, int32_t count) {
  ei_line_run(c->scratch, t->from + channel, t->before, t->inside, filters, taps_of(p), out, count,
              p->out_c, p->in_zero, p->out_zero, skip);
}
#else
/* Padding, and what else is read that is no input: 0 for all channels. */
EI_NOINLINE void clear_lines(int16_t *line, const place *t) {
  const int16_t *const end = line + t->tile;
  for (int i = 0; i < EI_LINE_CHANNELS; i++, line += t->numbers) {
    for (int32_t k = 0; k < t->before; k++) line[k] = 0;
    for (int32_t k = t->before + t->inside; k < t->numbers; k++) line[k] = 0;
  }
  while (line != end) *line++ = 0;
}

/* `count` outputs of one channel, `pitch` bytes apart. */
EI_NOINLINE void one_channel(const int16_t *line, const ei_filter_line *f, int8_t *out,
                             int32_t count, int32_t taps, int32_t pitch, int32_t zero) {
  const int32_t bias = f->bias, m = f->mult, right = f->right;
  const int32_t offset = ei_output_offset(right, zero);
  ei_line_filter w;
  ei_line_filter_of(f->weights, taps, &w);
  int32_t sum[4];
  for (; count >= 4; count -= 4, line += 4, out += pitch) {
    ei_line_sums(line, &w, taps, bias, sum);
    ei_output_twice(out, sum[0], m, right, offset), out += pitch;
    ei_output_twice(out, sum[1], m, right, offset), out += pitch;
    ei_output_twice(out, sum[2], m, right, offset), out += pitch;
    ei_output_twice(out, sum[3], m, right, offset);
  }
  if (count == 0) return;
  ei_line_sums(line, &w, taps, bias, sum);
  for (int i = 0; i < count; i++, out += pitch) ei_output_twice(out, sum[i], m, right, offset);
}

/* Outputs of four channels from `channel` on, without the first `skip` of them. */
EI_INLINE void four_channels(const ei_conv *p, const ei_call *c, const place *t, int32_t channel,
                             int32_t skip, const uint8_t *filters, int8_t *out, int32_t count) {
  const int32_t taps = taps_of(p), bytes = ei_line_bytes(taps);
  int16_t *line = c->scratch;
  ei_line_put(line + t->before, t->numbers, t->from + channel, p->in_c, t->inside, -p->in_zero);
  for (int32_t i = 0; i < EI_LINE_CHANNELS; i++, line += t->numbers, filters += bytes)
    if (i >= skip)
      one_channel(line, (const void *)filters, out + i, count, taps, p->out_c, p->out_zero);
}
#endif

void ei_depthwise_conv_line_run(const ei_call *c) {
  const ei_depthwise_conv_line_params *params = c->params;
  const ei_conv *p = &params->conv;
  const uint8_t *filters = c->data + params->weights;
  const int32_t out_c = p->out_c, bytes = ei_line_bytes(taps_of(p));
  const int32_t first = p->out_w == 1 ? c->y0 : 0, end = p->out_w == 1 ? c->y1 : p->out_w;
  int8_t *out = c->out;
  for (int32_t x = first, count; x < end; x += count, out += count * out_c) {
    count = end - x < EI_LINE_OUTPUTS ? end - x : EI_LINE_OUTPUTS;
    const place t = place_line(p, c, x, count);
#ifndef EI_LINE_RUN
    clear_lines(c->scratch, &t);
#endif
    for (int32_t done = 0; done < out_c; done += EI_LINE_CHANNELS) {
      /* The last four channels may be some of those before them again. */
      const int32_t last = out_c - EI_LINE_CHANNELS, channel = done < last ? done : last;
      four_channels(p, c, &t, channel, done - channel, filters + channel * bytes, out + channel,
                    count);
    }
  }
  ei_clamp_all(c->out, (end - first) * out_c, p->act_min, p->act_max);
}

int ei_depthwise_conv_line_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_conv_line_params, params, c, need);
  const ei_conv *p = &params->conv;
  const int result = ei_conv_check(c, p, need);
  if (result != EI_OK) return result;
  const int upright = p->in_w == 1 && p->out_w == 1 && p->k_w == 1 && p->pad_left == 0;
  const int lying = p->in_h == 1 && p->out_h == 1 && p->k_h == 1 && p->pad_top == 0;
  const uint32_t taps = (uint32_t)p->k_h * p->k_w;
  if (!(upright || lying) || p->stride_h != 1 || p->stride_w != 1 || p->dil_h != 1 ||
      p->dil_w != 1 || p->in_c != p->out_c || p->out_c < EI_LINE_CHANNELS || taps > EI_LINE_TAPS ||
      (uint32_t)p->out_h * p->out_w < EI_LINE_LEAST || params->weights % 4 != 0 ||
      params->weights + (uint64_t)p->out_c * (uint32_t)ei_line_bytes((int32_t)taps) >
          need->data_bytes)
    return EI_ERR_PARAMS;
  const uint8_t *filter = c->data + params->weights;
  for (int32_t i = p->out_c; i > 0; i--, filter += ei_line_bytes((int32_t)taps)) {
    const int8_t right = ((const ei_filter_line *)(const void *)filter)->right;
    if (right < 1 || right > EI_MAX_RIGHT_SHIFT) return EI_ERR_PARAMS;
  }
  return EI_OK;
}

uint32_t ei_depthwise_conv_line_scratch(const void *params) {
  const ei_conv *p = &((const ei_depthwise_conv_line_params *)params)->conv;
  const int32_t outputs = p->out_h * p->out_w;
  const int32_t count = outputs < EI_LINE_OUTPUTS ? outputs : EI_LINE_OUTPUTS;
  return (uint32_t)ei_line_tile(count, taps_of(p)) * (uint32_t)sizeof(int16_t);
}
