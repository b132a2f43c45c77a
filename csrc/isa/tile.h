/* SPDX-License-Identifier: Apache-2.0
 *
 * What a depthwise 3x3 convolution works on: a tile of widened inputs, four channels wide, and one
 * record for each channel's filter. Of the tile's up to four rows r0..r3, a channel of a column is
 * the 16-bit numbers r0, r2, r1, r3, so that the outer taps of a column of weights meet two rows in
 * one word: rows 0 and 2 for the upper row of outputs, rows 1 and 3 for the lower one.
 */
#ifndef EI_ISA_TILE_H
#define EI_ISA_TILE_H

typedef struct {
  int32_t bias;         /* doubled */
  int32_t mult;         /* Q31 */
  int8_t weights[3][4]; /* [k_w][k_h]; then shift to the right, 1..22, and zeros */
} ei_filter_3x3;

enum {
  EI_TILE_COLUMNS = 18,    /* at most */
  EI_TILE_CHANNELS = 4,    /* of a tile */
  EI_TILE_COLUMN = 4 * 4,  /* 16-bit numbers of a column */
  EI_TILE_LEAST_RIGHT = 11 /* up to this shift |bias + sum| < 2^22, which the PC sees to */
};

#endif
