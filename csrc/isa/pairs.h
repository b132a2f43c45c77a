/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters in pairs: what fast convolutions and fully connected layers stream from flash. A record
 * of the stream is an ei_pair and the weights of two output channels, n rounded up to a multiple of
 * 4 inputs (zeros fill it). Per input the weights are the low and the high byte of the 16-bit
 * number w0 + 256 w1, so that one multiplication adds to the sums of both channels: x (w0 + 256
 * w1). With the sum of x w0 beside it, the sum of x w1 is the difference / 256, exact while it
 * stays below 2^23. Of four inputs the order is 0, 2, 1, 3, as SXTB16 widens them. The PC sees to
 * it that every w > -128, sum of |w| < 2^16 and |bias| + 128 sum of |w| < 2^30.
 */
#ifndef EI_ISA_PAIRS_H
#define EI_ISA_PAIRS_H

typedef struct {
  int32_t bias[2];  /* doubled, corrected for the input's zero point */
  int32_t mult[2];  /* Q31 */
  uint8_t shift[2]; /* to the right, 1..22 */
  uint16_t narrow;  /* 1 if for all filters of the stream |bias + sum| < 2^23 and shift <= 16 */
} ei_pair;

enum {
  EI_COLUMNS = 4,         /* windows of a block */
  EI_BLOCK_BYTES = 8,     /* of a block, per input */
  EI_MAX_RIGHT_SHIFT = 22 /* of ei_output_twice */
};

/* Inputs of a record, and its bytes. */
static inline int32_t ei_pair_inputs(int32_t n) { return (n + 3) & ~3; }

static inline int32_t ei_pair_bytes(int32_t n) {
  return (int32_t)sizeof(ei_pair) + 2 * ei_pair_inputs(n);
}

#endif
