/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D as depthwise_conv_2d.c has it, for 3x3 windows without dilation, a depth
 * multiplier of 1 and at least four channels. Windows of stride 1 make two rows of outputs from a
 * tile.
 */
#include "tiles.h"

typedef struct {
  uint32_t weights; /* data offset: ei_filter_3x3 [out_c] */
  ei_conv conv;
} ei_depthwise_conv_3x3_params;

#ifdef EI_TILE_RUN
EI_MAKE_ROWS void make_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,
                            int8_t *out, int two_rows) {
  const ei_strip s = ei_strip_at(p, c, y, two_rows);
  ei_tile_run(&s, c->scratch, filters, out, two_rows);
}
#else
/* `count` outputs of one channel, and as many of the row below if there are two rows. */
EI_INLINE void one_channel(const int16_t *tile, const ei_filter_3x3 *filter, int8_t *out,
                           ei_tile_shape s, int two_rows) {
  const ei_tile_filter f = ei_tile_filter_of(filter);
  const int32_t bias = filter->bias, m = filter->mult;
  const int right = filter->weights[0][K];
  const int32_t offset = ei_output_offset(right, s.zero);
  const int8_t *const end = out + s.count * s.pitch;
  do {
    int32_t upper = bias, lower = bias;
    ei_tile_sums(tile, &f, &upper, &lower, two_rows);
    tile += s.step;
    ei_output_twice(out, upper, m, right, offset);
    if (two_rows) ei_output_twice(out + s.row, lower, m, right, offset);
    out += s.pitch;
  } while (out != end);
}

EI_INLINE void channels(const int16_t *tile, const void *filters, int8_t *out, ei_tile_shape *s,
                        int32_t first, int two_rows) {
  const ei_filter_3x3 *filter = filters;
  for (int32_t i = first; i < EI_TILE_CHANNELS; i++) {
#ifdef EI_TILE_THUMB
    if (s->rectified) {
      s->frame.channels = EI_TILE_CHANNELS - i;
      const int32_t left = (two_rows ? ei_tile_two_rows : ei_tile_one_row)(
          &s->frame, tile + i * (K + 1), out + i, filter + i);
      if (left == 0) break;
      i = EI_TILE_CHANNELS - left;
    }
#endif
    one_channel(tile + i * (K + 1), filter + i, out + i, *s, two_rows);
  }
}

EI_MAKE_ROWS void make_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,
                            int8_t *out, int two_rows) {
  ei_tiles_run(p, c, filters, sizeof(ei_filter_3x3), 0, y, out, two_rows, channels);
}
#endif

EI_ONE_AND_TWO_ROWS(EI_NOINLINE)

void ei_depthwise_conv_3x3_run(const ei_call *c) {
  const ei_depthwise_conv_3x3_params *p = c->params;
  ei_filters_3x3_run(c, &p->conv, p->weights, one_row, two_rows);
}

int ei_depthwise_conv_3x3_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_conv_3x3_params, p, c, need);
  return ei_shifted_3x3_check(c, &p->conv, p->weights, need);
}

uint32_t ei_depthwise_conv_3x3_scratch(const void *params) {
  return ei_tile_scratch(&((const ei_depthwise_conv_3x3_params *)params)->conv);
}
