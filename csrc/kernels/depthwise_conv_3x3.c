/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D as depthwise_conv_2d.c has it, for 3x3 windows without dilation, a depth
 * multiplier of 1 and at least four channels. A tile of the input is widened into the scratch,
 * padding included, for each four channels; windows of stride 1 make two rows of outputs from it.
 */
#include "filters_3x3.h"

typedef struct {
  uint32_t weights; /* data offset: ei_filter_3x3 [out_c] */
  ei_conv conv;
} ei_depthwise_conv_3x3_params;

enum { K = 3 };

/* Columns of the tile for `outputs` columns of outputs. */
EI_INLINE int32_t tile_columns(const ei_conv *p, int32_t outputs) {
  return (outputs - 1) * p->stride_w + K;
}

/* Columns of outputs that one tile makes, at most. */
EI_INLINE int32_t tile_outputs(const ei_conv *p) {
  const int32_t most = (EI_TILE_COLUMNS - K) / p->stride_w + 1;
  return most < p->out_w ? most : p->out_w;
}

/* Where flash is dearer than time, one loop makes one row or two. */
#ifdef EI_SMALL
#define EI_MAKE_ROWS EI_NOINLINE
#else
#define EI_MAKE_ROWS EI_INLINE
#endif

#ifdef EI_TILE_RUN
EI_MAKE_ROWS void make_rows(const ei_conv *p, const ei_call *c, const ei_filter_3x3 *filters,
                            int32_t y, int8_t *out, int two_rows) {
  const ei_strip s = ei_strip_at(p, c, y, two_rows);
  ei_tile_run(&s, c->scratch, filters, out, two_rows);
}
#else
/* The part of a tile that lies inside the input; the rest stays 0. */
typedef struct {
  const int8_t *rows[K + 1]; /* its rows at the first column, or any for those outside */
  int16_t *first;            /* first column of the tile */
  int32_t columns;
  uint32_t outside; /* bit k: row k is in the padding */
} inside;

/* The tile for `columns` columns from the window of output (y, x) on; clears its padding. */
EI_INLINE inside place_tile(const ei_conv *p, const ei_call *c, int32_t y, int32_t x,
                            int32_t columns, int two_rows) {
  const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
  const int32_t before = left < 0 ? -left : 0, row = p->in_w * p->in_c;
  const int32_t after = left + columns > p->in_w ? left + columns - p->in_w : 0;
  int16_t *const tile = c->scratch, *const end = tile + columns * EI_TILE_COLUMN;
  inside t = {{0}, tile + before * EI_TILE_COLUMN, columns - before - after, 0};
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
EI_INLINE void fill_tile(const ei_conv *p, inside *t, int32_t step, int two_rows) {
  t->rows[0] += step, t->rows[1] += step, t->rows[2] += step;
  if (two_rows) t->rows[3] += step;
  ei_tile_put(t->first, t->rows, p->in_c, t->columns, -p->in_zero, two_rows);
  if (t->outside == 0) return;
  for (int k = 0; k < (two_rows ? K + 1 : K); k++)
    if (t->outside >> k & 1) {
      int16_t *to = t->first + (k >> 1 | (k << 1 & 2));
      for (int32_t i = t->columns; i > 0; i--, to += EI_TILE_COLUMN)
        to[0] = to[K + 1] = to[2 * (K + 1)] = to[3 * (K + 1)] = 0;
    }
}

/* What one_channel needs besides its channel: in registers, since bytes may alias parameters. */
typedef struct {
  int32_t count; /* columns of outputs */
  int32_t pitch; /* bytes from one to the next, and to the next row */
  int32_t row;
  int32_t step;  /* numbers of the tile from one window to the next */
  int32_t zero;  /* zero point */
  int rectified; /* an activation begins there */
} shape;

/* `count` outputs of one channel, and as many of the row below if there are two rows. */
EI_INLINE void one_channel(const int16_t *tile, const ei_filter_3x3 *filter, int8_t *out, shape s,
                           int two_rows) {
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

/* The channels of a tile from channel `first` of `filters` and `out` on. */
EI_INLINE void channels(const int16_t *tile, const ei_filter_3x3 *filters, int8_t *out, shape s,
                        int32_t first, int two_rows) {
  for (int32_t i = first; i < EI_TILE_CHANNELS; i++) {
#ifdef EI_TILE_RECTIFIED
    if (s.rectified) {
      const ei_tile_frame frame = {s.row,
                                   s.pitch,
                                   out + i + (s.count - 2) * s.pitch,
                                   EI_TILE_CHANNELS - i,
                                   ei_shl_wrap(2 * s.zero + 1, 11),
                                   tile + i * (K + 1),
                                   out + i,
                                   filters + i,
                                   s.count & 1,
                                   s.step * (int32_t)sizeof(int16_t)};
      const int32_t left = two_rows ? ei_tile_two_rows(&frame) : ei_tile_one_row(&frame);
      if (left == 0) break;
      i = EI_TILE_CHANNELS - left;
    }
#endif
    one_channel(tile + i * (K + 1), filters + i, out + i, s, two_rows);
  }
}

/* One row of outputs, or two, of all channels. Where one tile has all columns, four channels are
 * read in all rows before they are written: outputs may lie over rows that end here (Call.lanes).
 */
EI_MAKE_ROWS void make_rows(const ei_conv *p, const ei_call *c, const ei_filter_3x3 *filters,
                            int32_t y, int8_t *out, int two_rows) {
  const int32_t out_c = p->out_c, out_w = p->out_w, most = tile_outputs(p);
  shape s = {0,
             out_c,
             out_w * out_c,
             (two_rows ? 1 : p->stride_w) * EI_TILE_COLUMN,
             p->out_zero,
             p->act_min >= p->out_zero};
  for (int32_t x = 0; x < out_w; x += most, out += most * out_c) {
    s.count = x + most < out_w ? most : out_w - x;
    inside t = place_tile(p, c, y, x, tile_columns(p, s.count), two_rows);
    const int16_t *tile = c->scratch;
    for (int32_t channel = 0, done = 0; done < out_c; done = channel + EI_TILE_CHANNELS) {
      /* The last four channels may be some of those before them again. */
      const int32_t last = out_c - EI_TILE_CHANNELS, from = done < last ? done : last;
      fill_tile(p, &t, from - channel, two_rows);
      channel = from;
      channels(tile, filters + channel, out + channel, s, done - from, two_rows);
    }
  }
}

#endif

EI_NOINLINE void one_row(const ei_conv *p, const ei_call *c, const ei_filter_3x3 *filters,
                         int32_t y, int8_t *out) {
  make_rows(p, c, filters, y, out, 0);
}

EI_NOINLINE void two_rows(const ei_conv *p, const ei_call *c, const ei_filter_3x3 *filters,
                          int32_t y, int8_t *out) {
  make_rows(p, c, filters, y, out, 1);
}

void ei_depthwise_conv_3x3_run(const ei_call *c) {
  const ei_depthwise_conv_3x3_params *p = c->params;
  ei_filters_3x3_run(c, &p->conv, p->weights, one_row, two_rows);
}

int ei_depthwise_conv_3x3_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_depthwise_conv_3x3_params, p, c, need);
  return ei_filters_3x3_check(c, &p->conv, p->weights, need);
}

uint32_t ei_depthwise_conv_3x3_scratch(const void *params) {
  const ei_conv *p = &((const ei_depthwise_conv_3x3_params *)params)->conv;
  return (uint32_t)tile_columns(p, tile_outputs(p)) * EI_TILE_COLUMN * (uint32_t)sizeof(int16_t);
}
