/* SPDX-License-Identifier: Apache-2.0
 *
 * What a depthwise 3x3 convolution works on: a tile of widened inputs, four channels wide, and one
 * record for each channel's filter. Of the tile's up to four rows r0..r3, a channel of a column is
 * the 16-bit numbers r0, r2, r1, r3, so that the outer taps of a column of weights meet two rows in
 * one word: rows 0 and 2 for the upper row of outputs, rows 1 and 3 for the lower one.
 *
 * Where one shift serves all filters (ei_scaled_value), a record is 16 bytes: what the bias has
 * beyond its last 4 bits shares a word with the ninth weight, and those 4 bits are the multiplier's
 * last ones, too, as the PC chooses the two together (edgeinfer/ops/scaled.py). Weights lie such
 * that a mask and a shift make pairs of them, times 256.
 */
#ifndef EI_ISA_TILE_H
#define EI_ISA_TILE_H

typedef struct {
  int32_t bias;         /* doubled */
  int32_t mult;         /* Q31 */
  int8_t weights[3][4]; /* [k_w][k_h]; then shift to the right, 1..22, and zeros */
} ei_filter_3x3;

typedef struct {
  int32_t mult;      /* its last 4 bits are the bias's, too */
  int8_t weights[8]; /* as ei_filter_scaled_weights takes them apart */
  int32_t last; /* the ninth weight; above it 24 bits of the bias, which is 256 times as large */
} ei_filter_scaled;

/* What is before the records: `more` of ei_scaled_offset. */
typedef struct {
  uint16_t more, reserved;
} ei_filters_scaled_head;

static inline int32_t ei_filter_scaled_bias(const ei_filter_scaled *f) {
  return (f->last >> 4 & ~INT32_C(15)) | (f->mult & 15);
}

/* To w[column][row]. */
static inline void ei_filter_scaled_weights(const ei_filter_scaled *f, int8_t w[3][4]) {
  const int8_t *v = f->weights;
  w[0][0] = v[1], w[0][1] = v[4], w[0][2] = v[3];
  w[1][0] = v[0], w[1][1] = v[6], w[1][2] = v[2];
  w[2][0] = v[5], w[2][1] = (int8_t)(f->last & 0xFF), w[2][2] = v[7];
}

enum {
  EI_TILE_COLUMNS = 18,    /* at most */
  EI_TILE_CHANNELS = 4,    /* of a tile */
  EI_TILE_COLUMN = 4 * 4,  /* 16-bit numbers of a column */
  EI_TILE_LEAST_RIGHT = 11 /* up to this shift |bias + sum| < 2^22, which the PC sees to */
};

#endif
