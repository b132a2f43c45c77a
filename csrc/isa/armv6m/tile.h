/* SPDX-License-Identifier: Apache-2.0
 *
 * The depthwise 3x3 convolution on ARMv6-M, a channel at a time: two outputs share their sums'
 * words as two columns of a block do (pairs.h). Under a row of outputs and the one below it words
 * are x0 + 2^16 x1 of two rows of a column, three to a column; of a single row two neighbouring
 * outputs share nine words of their own. Either way a window is nine words, column by column.
 */
#ifndef EI_ISA_ARMV6M_TILE_H
#define EI_ISA_ARMV6M_TILE_H

#define EI_TILE_RUN
#define EI_TILE_RUN_SCALED

#include <stddef.h>

#include "isa/armv6m/windows.h"

/* The input of a channel at row k and a column; the zero point in the padding. */
EI_INLINE int32_t ei_tile_at(const ei_strip *s, int32_t k, int32_t column, int32_t channel) {
  const int8_t *const row = s->rows[k];
  if (row == NULL || column < 0 || column >= s->in_w) return s->in_zero;
  return row[column * s->channels + channel];
}

/* The word of column `column` of row k for the output there and another one: a row below, or `far`
 * columns further. */
EI_INLINE uint32_t ei_tile_word(const ei_strip *s, int32_t k, int32_t column, int32_t channel,
                                int32_t below, int32_t far) {
  return (uint32_t)ei_tile_at(s, k, column, channel) +
         ((uint32_t)ei_tile_at(s, k + below, column + far, channel) << 16);
}

/* Columns [from, end) of a channel for two rows of outputs, anywhere. */
EI_NOINLINE void ei_two_rows_any(const ei_strip *s, int32_t channel, int32_t from, int32_t end,
                                 uint32_t *to) {
  for (; from < end; from++)
    for (int32_t k = 0; k < 3; k++) *to++ = ei_tile_word(s, k, from, channel, 1, 0);
}

/* `count` windows of two outputs of one row, the first one at column `from`, anywhere. */
EI_NOINLINE void ei_one_row_any(const ei_strip *s, int32_t channel, int32_t from, int32_t count,
                                uint32_t *to) {
  for (; count > 0; count--, from += 2 * s->stride)
    for (int32_t t = 0; t < 3; t++)
      for (int32_t k = 0; k < 3; k++) *to++ = ei_tile_word(s, k, from + t, channel, 0, s->stride);
}

/* The same of columns that all lie inside the input. */
EI_INLINE void ei_two_rows_put(const ei_strip *s, int32_t channel, int32_t from, int32_t end,
                               int whole, uint32_t *to) {
  const int32_t first = from < 0 && from < end ? 0 : from, last = end < s->in_w ? end : s->in_w;
  if (!whole || first >= last) {
    ei_two_rows_any(s, channel, from, end, to);
    return;
  }
  const int32_t step = s->channels, at = first * step + channel;
  if (from < first) ei_two_rows_any(s, channel, from, first, to);
  ei_columns_widen(to + 3 * (first - from), s->rows, at, step, last - first);
  if (last < end) ei_two_rows_any(s, channel, last, end, to + 3 * (last - from));
}

EI_INLINE void ei_one_row_put(const ei_strip *s, int32_t channel, int32_t from, int32_t count,
                              int whole, uint32_t *to) {
  if (from < 0) {
    ei_one_row_any(s, channel, from, 1, to);
    from += 2 * s->stride, count--, to += 9;
  }
  /* Windows of stride 2 that lie inside. */
  int32_t inside =
      s->stride == 2 && whole && s->in_w >= from + 5 ? (s->in_w - 5 - from) / 4 + 1 : 0;
  if (inside > count) inside = count;
  if (inside > 0)
    for (int k = 0; k < 3; k++)
      ei_windows_widen(to + k, s->rows[k] + from * s->channels + channel, s->channels, inside);
  if (inside < count)
    ei_one_row_any(s, channel, from + 4 * inside, count - inside, to + 9 * inside);
}

/* Outputs that a tile makes, at most: the scratch has 16-bit numbers of four channels for so many
 * columns as it has elsewhere, and here words of one channel. */
EI_INLINE int32_t ei_tile_most(const ei_strip *s, int two_rows) {
  int32_t outputs = (EI_TILE_COLUMNS - 3) / s->stride + 1;
  if (outputs > s->out_w) outputs = s->out_w;
  const int32_t columns = (outputs - 1) * s->stride + 3;
  const int32_t words = columns * EI_TILE_COLUMN / 2;
  return two_rows ? words / 3 - 2 : words / 9 * 2;
}

/* All channels of a strip; `filters` are ei_filter_3x3, or an ei_filters_scaled_head and
 * ei_filter_scaled. */
EI_INLINE void ei_tiles_at(const ei_strip *s, void *scratch, const void *filters, int8_t *out,
                           int two_rows, int scaled) {
  const int32_t channels = s->channels, stride = s->stride;
  const int32_t most = ei_tile_most(s, two_rows);
  uint32_t *const tile = scratch;
  const ei_filters_scaled_head *const head = filters;
  const ei_filter_scaled *const records = (const void *)(head + 1);
  const int whole = s->rows[0] != NULL && s->rows[1] != NULL && s->rows[2] != NULL &&
                    (!two_rows || s->rows[3] != NULL);
  ei_windows w;
  w.step = (two_rows ? 3 : 9) * (int32_t)sizeof(uint32_t);
  w.far = two_rows ? s->out_w * channels : channels;
  w.pitch = two_rows ? channels : 2 * channels;
  for (int32_t x = 0; x < s->out_w; x += most, out += most * channels) {
    const int32_t outputs = s->out_w - x < most ? s->out_w - x : most;
    const int32_t left = x * stride - s->pad, windows = two_rows ? outputs : (outputs + 1) / 2;
    w.end = tile + windows * (w.step / (int32_t)sizeof(uint32_t));
    for (int32_t c = 0; c < channels; c++) {
      if (two_rows)
        ei_two_rows_put(s, c, left, left + outputs + 2, whole, tile);
      else
        ei_one_row_put(s, c, left, windows, whole, tile);
      if (scaled)
        ei_windows_filter_scaled(&w, records + c, head->more, s);
      else
        ei_windows_filter(&w, (const ei_filter_3x3 *)filters + c, s);
      ei_windows_run(&w, tile, out + c, !two_rows && (outputs & 1), scaled);
    }
  }
}

EI_INLINE void ei_tile_run(const ei_strip *s, void *scratch, const ei_filter_3x3 *filters,
                           int8_t *out, int two_rows) {
  ei_tiles_at(s, scratch, filters, out, two_rows, 0);
}

EI_INLINE void ei_tile_run_scaled(const ei_strip *s, void *scratch, const void *filters,
                                  int8_t *out, int two_rows) {
  ei_tiles_at(s, scratch, filters, out, two_rows, 1);
}

#endif
