/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the depthwise 3x3 convolution for any C99 compiler.
 */
#ifndef EI_ISA_PORTABLE_TILE_H
#define EI_ISA_PORTABLE_TILE_H

/* Columns of four channels into the tile, `offset` added: rows[k] + i step for i < count. A tile
 * for one row of outputs leaves out r3. */
EI_INLINE void ei_tile_put(int16_t *tile, const int8_t *const rows[4], int32_t step, int32_t count,
                           int32_t offset, int two_rows) {
  static const uint8_t place[4] = {0, 2, 1, 3};
  for (int k = 0; k < (two_rows ? 4 : 3); k++) {
    const int8_t *from = rows[k];
    int16_t *to = tile + place[k];
    for (int32_t i = 0; i < count; i++, from += step, to += EI_TILE_COLUMN)
      for (int c = 0; c < EI_TILE_CHANNELS; c++) to[4 * c] = (int16_t)(from[c] + offset);
  }
}

typedef struct {
  int8_t weights[3][4];
  int times; /* log2 of what sums are multiplied by */
} ei_tile_filter;

/* Sums come twice as large. */
EI_INLINE ei_tile_filter ei_tile_filter_of(const ei_filter_3x3 *f) {
  ei_tile_filter t = {{{0}}, 1};
  memcpy(t.weights, f->weights, sizeof t.weights);
  return t;
}

/* 256 times as large. */
EI_INLINE ei_tile_filter ei_tile_filter_scaled(const ei_filter_scaled *f) {
  ei_tile_filter t = {{{0}}, 8};
  ei_filter_scaled_weights(f, t.weights);
  return t;
}

/* Adds the sums, multiplied, of the upper and, if there are two rows, the lower output whose window
 * begins at this column of a channel. */
EI_INLINE void ei_tile_sums(const int16_t *tile, const ei_tile_filter *f, int32_t *upper,
                            int32_t *lower, int two_rows) {
  int32_t s = 0, t = 0;
  for (int k = 0; k < 3; k++, tile += EI_TILE_COLUMN) {
    const int8_t *w = f->weights[k];
    s += (int32_t)tile[0] * w[0] + (int32_t)tile[2] * w[1] + (int32_t)tile[1] * w[2];
    if (two_rows) t += (int32_t)tile[2] * w[0] + (int32_t)tile[1] * w[1] + (int32_t)tile[3] * w[2];
  }
  *upper = (int32_t)((uint32_t)*upper + ((uint32_t)s << f->times));
  *lower = (int32_t)((uint32_t)*lower + ((uint32_t)t << f->times));
}

#endif
