/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of the depthwise 3x3 convolutions (isa/tile.h): the part of the input under a row of
 * outputs, or two, four channels at a time, widened into the scratch with its padding.
 */
#ifndef EI_TILES_H
#define EI_TILES_H

#include "filters_3x3.h"

enum { K = 3 };

/* Columns of the tile for `outputs` columns of outputs. */
EI_INLINE int32_t ei_tile_columns(const ei_conv *p, int32_t outputs) {
  return (outputs - 1) * p->stride_w + K;
}

/* Columns of outputs that one tile makes, at most. */
EI_INLINE int32_t ei_tile_outputs(const ei_conv *p) {
  const int32_t most = (EI_TILE_COLUMNS - K) / p->stride_w + 1;
  return most < p->out_w ? most : p->out_w;
}

/* Bytes of scratch. */
static inline uint32_t ei_tile_scratch(const ei_conv *p) {
  return (uint32_t)ei_tile_columns(p, ei_tile_outputs(p)) * EI_TILE_COLUMN *
         (uint32_t)sizeof(int16_t);
}

/* Where flash is dearer than time, one loop makes one row or two. */
#ifdef EI_SMALL
#define EI_MAKE_ROWS EI_NOINLINE
#else
#define EI_MAKE_ROWS EI_INLINE
#endif

/* The part of a tile that lies inside the input; the rest stays 0. */
typedef struct {
  const int8_t *rows[K + 1]; /* its rows at the first column, or any for those outside */
  int16_t *first;            /* first column of the tile */
  int32_t columns;
  uint32_t outside; /* bit k: row k is in the padding */
  int32_t pitch;    /* bytes from one column of the input to the next */
  int32_t offset;   /* what is added: the zero point, negated */
} ei_tile_inside;

/* The tile for `columns` columns from the window of output (y, x) on; clears its padding. */
EI_INLINE ei_tile_inside ei_tile_place(const ei_conv *p, const ei_call *c, int32_t y, int32_t x,
                                       int32_t columns, int two_rows) {
  const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
  const int32_t before = left < 0 ? -left : 0, row = p->in_w * p->in_c;
  const int32_t after = left + columns > p->in_w ? left + columns - p->in_w : 0;
  int16_t *const tile = c->scratch, *const end = tile + columns * EI_TILE_COLUMN;
  ei_tile_inside t = {
      {0}, tile + before * EI_TILE_COLUMN, columns - before - after, 0, p->in_c, -p->in_zero};
  int32_t valid = top < 0 ? 0 : top;
  for (int k = 0; k < (two_rows ? K + 1 : K); k++) {
    if (top + k < 0 || top + k >= p->in_h)
      t.outside |= 1u << k;
    else
      valid = top + k;
    t.rows[k] = (const int8_t *)c->in[0] + (valid - c->in_y0) * row + (left + before) * p->in_c;
  }
  for (int16_t *to = tile; to != t.first; to++) *to = 0;
  for (int16_t *to = end - after * EI_TILE_COLUMN; to != end; to++) *to = 0;
  return t;
}

/* Put four channels into the tile, `step` further than the last ones. */
EI_INLINE void ei_tile_fill(ei_tile_inside *t, int32_t step, int two_rows) {
  t->rows[0] += step, t->rows[1] += step, t->rows[2] += step;
  if (two_rows) t->rows[3] += step;
  ei_tile_put(t->first, t->rows, t->pitch, t->columns, t->offset, two_rows);
  if (t->outside == 0) return;
  for (int k = 0; k < (two_rows ? K + 1 : K); k++)
    if (t->outside >> k & 1) {
      int16_t *to = t->first + (k >> 1 | (k << 1 & 2));
      for (int32_t i = t->columns; i > 0; i--, to += EI_TILE_COLUMN)
        to[0] = to[K + 1] = to[2 * (K + 1)] = to[3 * (K + 1)] = 0;
    }
}

/* What the outputs of a channel need besides it: in registers, since bytes may alias parameters. */
typedef struct {
  int32_t count; /* columns of outputs */
  int32_t pitch; /* bytes from one to the next, and to the next row */
  int32_t row;
  int32_t step;  /* numbers of the tile from one window to the next */
  int32_t zero;  /* zero point */
  int rectified; /* an activation begins there */
  int32_t more;  /* of ei_scaled_offset, if scaled */
#ifdef EI_TILE_THUMB
  ei_tile_frame frame;
#endif
} ei_tile_shape;

/* Outputs of the channels of a tile from channel `first` of `filters` and `out` on. */
typedef void ei_tile_channels(const int16_t *tile, const void *filters, int8_t *out,
                              ei_tile_shape *s, int32_t first, int two_rows);

/* One row of outputs, or two, of all channels, whose records have so many bytes. Where one tile has
 * all columns, four channels are read in all rows before they are written: outputs may lie over
 * rows that end here (Call.lanes). */
EI_INLINE void ei_tiles_run(const ei_conv *p, const ei_call *c, const uint8_t *filters,
                            uint32_t record, int32_t more, int32_t y, int8_t *out, int two_rows,
                            ei_tile_channels *channels) {
  const int32_t out_c = p->out_c, out_w = p->out_w, most = ei_tile_outputs(p);
  ei_tile_shape s = {.pitch = out_c,
                     .row = out_w * out_c,
                     .step = (two_rows ? 1 : p->stride_w) * EI_TILE_COLUMN,
                     .zero = p->out_zero,
                     .rectified = p->act_min >= p->out_zero,
                     .more = more};
  for (int32_t x = 0; x < out_w; x += most, out += most * out_c) {
    s.count = x + most < out_w ? most : out_w - x;
#ifdef EI_TILE_THUMB
    const ei_tile_frame frame = {ei_scaled_offset(s.zero, more),
                                 s.row,
                                 s.pitch,
                                 (s.count - 2) * s.pitch,
                                 EI_TILE_CHANNELS,
                                 s.count & 1,
                                 s.step * (int32_t)sizeof(int16_t)};
    s.frame = frame;
#endif
    ei_tile_inside t = ei_tile_place(p, c, y, x, ei_tile_columns(p, s.count), two_rows);
    const int16_t *tile = c->scratch;
    for (int32_t channel = 0, done = 0; done < out_c; done = channel + EI_TILE_CHANNELS) {
      /* The last four channels may be some of those before them again. */
      const int32_t last = out_c - EI_TILE_CHANNELS, from = done < last ? done : last;
      ei_tile_fill(&t, from - channel, two_rows);
      channel = from;
      channels(tile, filters + (uint32_t)channel * record, out + channel, &s, done - from,
               two_rows);
    }
  }
}

#endif
