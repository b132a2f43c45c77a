/* SPDX-License-Identifier: Apache-2.0
 *
 * A strip of a depthwise 3x3 convolution: one row of outputs, or two when the stride is 1, which
 * cores with wide vectors make from the input as it lies, without a tile.
 */
#ifndef EI_ISA_STRIP_H
#define EI_ISA_STRIP_H

typedef struct {
  const int8_t *rows[4]; /* of the input, from column 0; NULL: in the padding */
  int32_t in_w, out_w;   /* columns */
  int32_t channels;      /* at least 4 */
  int32_t stride, pad;   /* of the columns */
  int32_t in_zero, out_zero;
#ifdef EI_STRIP_RECTIFIED
  int rectified; /* an activation begins at the zero point */
#endif
} ei_strip;

#endif
