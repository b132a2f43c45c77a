/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters in quads: what convolutions and fully connected layers stream on processors with wide
 * vectors (NEON, AVX2), which add four products of bytes to a 32-bit sum in an instruction (SDOT,
 * VPDPBUSD) or a few. A group of the stream is an ei_quad_group, then for each four inputs the four
 * weights of each of its 16 channels; zeros fill the last inputs and channels. The PC sees to it
 * that every w > -128 and |bias| + 128 sum of |w| < 2^30.
 */
#ifndef EI_ISA_QUADS_H
#define EI_ISA_QUADS_H

enum {
  EI_QUAD_CHANNELS = 16, /* of a group */
  EI_QUAD_BLOCK = 16,    /* vectors that are computed together, at most */
  EI_QUAD_PART = 16 /* bytes: each part of a vector is a multiple of it, if there are several */
};

typedef struct {
  int32_t bias[EI_QUAD_CHANNELS];  /* corrected for the input's zero point */
  int32_t mult[EI_QUAD_CHANNELS];  /* Q31 */
  int32_t shift[EI_QUAD_CHANNELS]; /* to the right, 1..22 */
} ei_quad_group;

typedef struct {
  const uint8_t *stream;
  int32_t n, out_c; /* inputs and outputs of a vector */
  int32_t zero;     /* zero point of the outputs */
} ei_quads;

/* Vectors of inputs, each of `parts` of `part` bytes. */
typedef struct {
  const int8_t *at;
  int32_t count;       /* 1..EI_QUAD_BLOCK */
  int32_t apart;       /* bytes from vector to vector */
  int32_t parts, part; /* parts * part = n */
  int32_t pitch;       /* bytes from part to part */
} ei_vectors;

/* Bytes of a group with n inputs. */
static inline int32_t ei_quad_bytes(int32_t n) {
  return (int32_t)sizeof(ei_quad_group) + EI_QUAD_CHANNELS * ((n + 3) & ~3);
}

#endif
