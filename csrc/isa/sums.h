/* SPDX-License-Identifier: Apache-2.0
 *
 * The usual sum of two tensors, for cores with wide vectors: one input has the larger scale, so
 * that its factor is just 1/2, and the other shifts are to the right.
 */
#ifndef EI_ISA_SUMS_H
#define EI_ISA_SUMS_H

/* out = out_zero + requant((a - zero[0]) 2^19 + requant((b - zero[1]) 2^left)). */
typedef struct {
  int32_t zero[2], left;
  int32_t mult, right;         /* of b: Q31, 1..22 */
  int32_t out_mult, out_right; /* likewise */
  int32_t out_zero;
} ei_sums;

#endif
