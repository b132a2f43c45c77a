/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the depthwise 3x3 convolution with vectors: VMLADAVA takes two columns of a window
 * at a time, four rows each.
 */
#ifndef EI_ISA_ARM_MVE_TILE_H
#define EI_ISA_ARM_MVE_TILE_H

/* Columns of four channels into the tile, `offset` added: rows[k] + i step for i < count. In a tile
 * for one row of outputs r3 is any number. */
EI_INLINE void ei_tile_put(int16_t *tile, const int8_t *const rows[4], int32_t step, int32_t count,
                           int32_t offset, int two_rows) {
  const int8_t *from = rows[0];
  const int32_t r1 = rows[1] - from, r2 = rows[2] - from, r3 = two_rows ? rows[3] - from : r2;
  if (r3 > UINT16_MAX - 1) { /* beyond the reach of 16-bit offsets */
    for (; count > 0; count--, from += step)
      for (int c = 0; c < EI_TILE_CHANNELS; c++, tile += 4) {
        tile[0] = (int16_t)(from[c] + offset), tile[1] = (int16_t)(from[c + r2] + offset);
        tile[2] = (int16_t)(from[c + r1] + offset), tile[3] = (int16_t)(from[c + r3] + offset);
      }
    return;
  }
  const uint16_t distances[8] = {0, (uint16_t)r2,       (uint16_t)r1,       (uint16_t)r3,
                                 1, (uint16_t)(r2 + 1), (uint16_t)(r1 + 1), (uint16_t)(r3 + 1)};
  const uint16x8_t at = vldrhq_u16(distances);
  for (; count > 0; count--, from += step, tile += EI_TILE_COLUMN) {
    vstrhq_s16(tile, vaddq_n_s16(vldrbq_gather_offset_s16(from, at), (int16_t)offset));
    vstrhq_s16(tile + 8, vaddq_n_s16(vldrbq_gather_offset_s16(from + 2, at), (int16_t)offset));
  }
}

/* A filter's weights, doubled for ei_output_twice, as they meet the numbers of two columns, and the
 * third one, for the upper and the lower output; where those columns are, in bytes. */
typedef struct {
  int16x8_t upper, upper2, lower, lower2;
  uint64x2_t at, at2;
} ei_tile_filter;

EI_INLINE ei_tile_filter ei_tile_filter_of(const ei_filter_3x3 *f) {
  /* Byte 7 is 0. */
  static const uint8_t order[4][8] = {{0, 2, 1, 7, 4, 6, 5, 7},
                                      {8, 10, 9, 7, 7, 7, 7, 7},
                                      {7, 1, 0, 2, 7, 5, 4, 6},
                                      {7, 9, 8, 10, 7, 7, 7, 7}};
  static const uint64_t columns[4] = {0, 2 * EI_TILE_COLUMN, 4 * EI_TILE_COLUMN,
                                      4 * EI_TILE_COLUMN};
  const int8_t *w = f->weights[0];
#define EI_ORDERED(i) vshlq_n_s16(vldrbq_gather_offset_s16(w, vldrbq_u16(order[i])), 1)
  const ei_tile_filter t = {
      EI_ORDERED(0),
      EI_ORDERED(1),
      EI_ORDERED(2),
      EI_ORDERED(3),
      vreinterpretq_u64_u32(vldrwq_u32((const uint32_t *)(const void *)columns)),
      vreinterpretq_u64_u32(vldrwq_u32((const uint32_t *)(const void *)(columns + 2)))};
#undef EI_ORDERED
  return t;
}

/* Adds twice the sums of the upper and, if there are two rows, the lower output whose window begins
 * at this column of a channel. */
EI_INLINE void ei_tile_sums(const int16_t *tile, const ei_tile_filter *f, int32_t *upper,
                            int32_t *lower, int two_rows) {
  const int64_t *from = (const void *)tile;
  int16x8_t x = vreinterpretq_s16_s64(vldrdq_gather_offset_s64(from, f->at));
  *upper = vmladavaq_s16(*upper, x, f->upper);
  if (two_rows) *lower = vmladavaq_s16(*lower, x, f->lower);
  x = vreinterpretq_s16_s64(vldrdq_gather_offset_s64(from, f->at2));
  *upper = vmladavaq_s16(*upper, x, f->upper2);
  if (two_rows) *lower = vmladavaq_s16(*lower, x, f->lower2);
}

#endif
