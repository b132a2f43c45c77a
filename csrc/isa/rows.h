/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters as rows of bytes: what convolutions and fully connected layers read on cores with vector
 * instructions. Each filter has a bias, a multiplier and a shift of its own, in arrays, so that a
 * vector of neighbouring outputs is requantized at once.
 */
#ifndef EI_ISA_ROWS_H
#define EI_ISA_ROWS_H

typedef struct {
  const int8_t *weights; /* [out_c][n], followed by EI_ROWS_SPARE bytes that may be read */
  const int32_t *bias;   /* [out_c], corrected for the input's zero point */
  const int32_t *mult;   /* [out_c], Q31 */
  const int8_t *shift;   /* [out_c], -31..30 */
  int32_t n, out_c;
  int32_t zero; /* zero point of the outputs */
} ei_rows;

enum {
  EI_ROWS_SPARE = 16, /* bytes */
  EI_ROWS_BLOCK = 16, /* vectors that are computed together, at most */
  EI_ROWS_GATHER = 8  /* of windows that are gathered first: they need memory */
};

#endif
