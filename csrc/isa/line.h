/* SPDX-License-Identifier: Apache-2.0
 *
 * What a depthwise convolution along one axis works on: four channels of widened inputs, each a
 * line of 16-bit numbers, and one record for each channel's filter.
 */
#ifndef EI_ISA_LINE_H
#define EI_ISA_LINE_H

typedef struct {
  int32_t bias;      /* doubled */
  int32_t mult;      /* Q31 */
  int8_t right;      /* shift to the right, 1..22 */
  int8_t weights[3]; /* the first of the filter's; further ones follow the record, in whole words */
} ei_filter_line;

enum {
  EI_LINE_CHANNELS = 4, /* of a tile */
  EI_LINE_OUTPUTS = 32, /* that one tile makes, at most; a multiple of 4 */
  EI_LINE_LEAST = 8,    /* outputs of a convolution */
  EI_LINE_TAPS = 16     /* at most */
};

/* Bytes of a record with its weights. */
static inline int32_t ei_line_bytes(int32_t taps) {
  return (int32_t)sizeof(ei_filter_line) + (taps > 3 ? taps & ~3 : 0);
}

/* Pairs of taps that cover a filter, also one that begins at an odd number. */
static inline int32_t ei_line_pairs(int32_t taps) { return taps / 2 + 1; }

/* Numbers of a line: those under the windows of so many outputs, in whole words. */
static inline int32_t ei_line_numbers(int32_t outputs, int32_t taps) {
  return (outputs + taps) & ~1;
}

/* Numbers of four lines. Outputs are made four at a time, from pairs: what that reads behind a line
 * belongs to the next one. */
static inline int32_t ei_line_tile(int32_t outputs, int32_t taps) {
  return (EI_LINE_CHANNELS - 1) * ei_line_numbers(outputs, taps) + ((outputs + 3) & ~3) +
         2 * ei_line_pairs(taps);
}

#endif
