/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D as depthwise_conv_3x3.c has it, where an activation begins at the zero point
 * and one shift serves all filters (ei_scaled_value).
 */
#include "tiles.h"

typedef struct {
  uint32_t weights; /* data offset: ei_filters_scaled_head, ei_filter_scaled [out_c] */
  ei_conv conv;
} ei_depthwise_conv_3x3_scaled_params;

#ifdef EI_TILE_RUN_SCALED
EI_MAKE_ROWS void make_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,
                            int8_t *out, int two_rows) {
  const ei_strip s = ei_strip_at(p, c, y, two_rows);
  ei_tile_run_scaled(&s, c->scratch, filters, out, two_rows);
}
#else
#ifdef EI_TILE_THUMB
EI_INLINE void channels(const int16_t *tile, const void *filters, int8_t *out, ei_tile_shape *s,
                        int32_t first, int two_rows) {
  const ei_filter_scaled *filter = filters;
  s->frame.channels = EI_TILE_CHANNELS - first;
  (two_rows ? ei_tile_two_rows_scaled : ei_tile_one_row_scaled)(&s->frame, tile + first * (K + 1),
                                                                out + first, filter + first);
}
#else
/* `count` outputs of one channel, and as many of the row below if there are two rows. */
EI_INLINE void one_channel(const int16_t *tile, const ei_filter_scaled *filter, int8_t *out,
                           ei_tile_shape s, int two_rows) {
  const ei_tile_filter f = ei_tile_filter_scaled(filter);
  const int32_t bias = ei_filter_scaled_bias(filter), m = filter->mult;
  const int32_t offset = ei_scaled_offset(s.zero, s.more);
  const int8_t *const end = out + s.count * s.pitch;
  do {
    int32_t upper = bias, lower = bias;
    ei_tile_sums(tile, &f, &upper, &lower, two_rows);
    tile += s.step;
    *out = (int8_t)ei_scaled_value(upper, m, offset);
    if (two_rows) out[s.row] = (int8_t)ei_scaled_value(lower, m, offset);
    out += s.pitch;
  } while (out != end);
}

EI_INLINE void channels(const int16_t *tile, const void *filters, int8_t *out, ei_tile_shape *s,
                        int32_t first, int two_rows) {
  const ei_filter_scaled *filter = filters;
  for (int32_t i = first; i < EI_TILE_CHANNELS; i++)
    one_channel(tile + i * (K + 1), filter + i, out + i, *s, two_rows);
}
#endif

EI_MAKE_ROWS void make_rows(const ei_conv *p, const ei_call *c, const void *filters, int32_t y,
                            int8_t *out, int two_rows) {
  const ei_filters_scaled_head *head = filters;
  ei_tiles_run(p, c, (const void *)(head + 1), sizeof(ei_filter_scaled), head->more, y, out,
               two_rows, channels);
}
#endif

EI_ONE_AND_TWO_ROWS(EI_NOINLINE)

void ei_depthwise_conv_3x3_scaled_run(const ei_call *c) {
  const ei_depthwise_conv_3x3_scaled_params *p = c->params;
  ei_filters_3x3_run(c, &p->conv, p->weights, one_row, two_rows);
}

int ei_depthwise_conv_3x3_scaled_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_conv_3x3_scaled_params, p, c, need);
  return ei_filters_3x3_check(c, &p->conv, p->weights, sizeof(ei_filters_scaled_head),
                              sizeof(ei_filter_scaled), need);
}

uint32_t ei_depthwise_conv_3x3_scaled_scratch(const void *params) {
  return ei_tile_scratch(&((const ei_depthwise_conv_3x3_scaled_params *)params)->conv);
}
