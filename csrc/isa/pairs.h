/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters in pairs: what fast convolutions and fully connected layers stream from flash: an
 * ei_pairs_head and a record for each two output channels. A record is the second filter's bias,
 * the weights of both, n rounded up to a multiple of 4 inputs (zeros fill it), and an ei_pair. Per
 * input the weights are the low and the high byte of the 16-bit number w0 + 256 w1, so that one
 * multiplication adds to the sums of both channels: x (w0 + 256 w1). With the sum of x w0 beside
 * it, the sum of x w1 is the difference / 256, exact while it stays below 2^23. Of four inputs the
 * order is 0, 2, 1, 3, as SXTB16 widens them. The PC sees to it that every w > -128, sum of
 * |w| < 2^16 and |bias| + 128 sum of |w| < 2^30.
 */
#ifndef EI_ISA_PAIRS_H
#define EI_ISA_PAIRS_H

#include <stddef.h>

typedef struct {
  uint8_t scaled; /* 1: outputs are those of ei_scaled_value, and no ei_pair has shifts */
  uint8_t more;   /* of ei_scaled_offset */
  uint16_t reserved;
} ei_pairs_head;

/* Biases are corrected for the input's zero point, and doubled; if scaled, 256 times as large, with
 * a fraction. */
typedef struct {
  int32_t bias; /* of the first filter */
  int32_t mult[2];
  uint8_t shift[2]; /* to the right, 1..22 */
  uint16_t reserved;
} ei_pair;

enum {
  EI_COLUMNS = 4,         /* windows of a block */
  EI_BLOCK_BYTES = 8,     /* of a block, per input */
  EI_SCALED_SHIFT = 12,   /* to the right, of ei_scaled_value */
  EI_MAX_RIGHT_SHIFT = 22 /* of ei_output_twice */
};

#ifdef EI_PAIRS_FRAME
/* What the loop of arm_dsp/pairs_block.h keeps on its stack, at offsets 0, 4, … 32; then where it
 * begins. */
typedef struct {
  const uint32_t *columns, *end;
  int32_t enter; /* bytes of the loop to skip at first */
  int8_t *to;
  int32_t pitch;
  const int8_t *stop;
  int32_t offset; /* if not scaled, but for the filter's shift */
  int scaled;
  int32_t back; /* bytes from a record to what follows its weights */
  const uint8_t *records;
} ei_pairs_frame;
#endif

typedef struct {
  const uint8_t *records;
  int32_t out_c, zero; /* channels; zero point of the outputs */
  int scaled;
  int32_t offset; /* ei_scaled_offset, if scaled */
#ifdef EI_PAIRS_FRAME
  ei_pairs_frame frame;
#endif
} ei_pairs;

/* Inputs of a record, and its bytes. */
static inline int32_t ei_pair_inputs(int32_t n) { return (n + 3) & ~3; }

static inline int32_t ei_pair_bytes(int32_t n, int scaled) {
  return (int32_t)(scaled ? offsetof(ei_pair, shift) : sizeof(ei_pair)) + 4 + 2 * ei_pair_inputs(n);
}

/* A record's weights, and what follows them. */
static inline const int16_t *ei_pair_weights(const uint8_t *record) {
  return (const void *)(record + 4);
}

static inline const ei_pair *ei_pair_of(const uint8_t *record, int32_t n) {
  return (const void *)(record + 4 + 2 * ei_pair_inputs(n));
}

static inline int32_t ei_pair_bias(const uint8_t *record, const ei_pair *pair, int which) {
  return which ? *(const int32_t *)(const void *)record : pair->bias;
}

#endif
