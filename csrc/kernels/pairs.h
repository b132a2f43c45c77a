/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels over filters in pairs share (isa/pairs.h): outputs, and the stream's check.
 */
#ifndef EI_KERNEL_PAIRS_H
#define EI_KERNEL_PAIRS_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

/* Whether outputs may be rounded as ei_rectified_value does: an activation that begins at the zero
 * point follows, and sums are small. */
EI_INLINE int ei_pairs_rectified(const uint8_t *stream, int32_t zero, int32_t act_min) {
  return act_min >= zero && ((const ei_pair *)(const void *)stream)->narrow;
}

#ifdef EI_RECTIFIED_QUARTERS
#define EI_PAIR_OUTPUT EI_NOINLINE /* long, and flash is small */
#else
#define EI_PAIR_OUTPUT EI_INLINE
#endif

/* One output of a record's from twice its sum, and the place for the next. */
EI_PAIR_OUTPUT int8_t *ei_pair_output(int8_t *out, const ei_pair *pair, int which, int32_t twice,
                                      int32_t zero, int rectified) {
  const int right = pair->shift[which];
#ifdef EI_RECTIFIED_QUARTERS
  if (rectified) {
    const int32_t x4 = ei_shl_wrap(twice, 1), offset = 1 + ei_shl_wrap(2 * zero + 1, right);
    *out = (int8_t)ei_rectified_quarters(x4, (uint32_t)pair->mult[which], right, offset, zero);
    return out + 1;
  }
#endif
  (void)rectified;
  ei_output_twice(out, twice, pair->mult[which], right, ei_output_offset(right, zero));
  return out + 1;
}

/* All out_c channels of one vector of n bytes. */
#ifdef EI_PAIRS_SMALL
EI_NOINLINE void ei_pairs_vector(const int8_t *a, int32_t n, const uint8_t *stream, int8_t *out,
                                 int32_t out_c, int32_t zero, int rectified) {
  for (const int32_t bytes = ei_pair_bytes(n); out_c > 0; stream += bytes, out_c -= 2) {
    const ei_pair *pair = (const void *)stream;
    int32_t acc[2];
    ei_dot_pair(a, pair, n, acc);
    for (int i = 0; i < 2 && i < out_c; i++)
      out = ei_pair_output(out, pair, i, acc[i], zero, rectified);
  }
}
#else
EI_NOINLINE void ei_pairs_vector(const int8_t *a, int32_t n, const uint8_t *stream, int8_t *out,
                                 int32_t out_c, int32_t zero, int rectified) {
  const int32_t bytes = ei_pair_bytes(n);
  while (out_c > 0) {
    const ei_pair *pair = (const void *)stream, *next = pair;
    stream += bytes;
    if (out_c > 2) next = (const void *)stream;
    stream += bytes;
    int32_t acc[4];
    ei_dot_pairs(a, pair, next, n, acc);
    out = ei_pair_output(out, pair, 0, acc[0], zero, rectified);
    if (out_c > 1) out = ei_pair_output(out, pair, 1, acc[1], zero, rectified);
    if (out_c > 2) out = ei_pair_output(out, next, 0, acc[2], zero, rectified);
    if (out_c > 3) out = ei_pair_output(out, next, 1, acc[3], zero, rectified);
    out_c -= 4;
  }
}
#endif

/* Twice a sum with its bias, and the same of 256 times a sum. */
EI_INLINE int32_t ei_pair_first(int32_t bias, int32_t sum) {
  return (int32_t)((uint32_t)bias + 2 * (uint32_t)sum);
}

EI_INLINE int32_t ei_pair_second(int32_t bias, int32_t sum) { return ei_add_wrap(bias, sum >> 7); }

#ifndef EI_PAIRS_BLOCK
/* What becomes of the sums of one of a record's filters: outputs `pitch` bytes apart, or, where
 * `keep` is set, in the place of the sums. Unrolled, so that they stay in registers. */
EI_INLINE void ei_pair_outputs(int8_t *out, int32_t pitch, const ei_pair *pair, int which,
                               int32_t zero, int32_t (*twice)(int32_t bias, int32_t sum),
                               int32_t sum[EI_COLUMNS], int keep) {
  const int32_t m = pair->mult[which], right = pair->shift[which], bias = pair->bias[which];
  const int32_t offset = ei_output_offset(right, zero);
#define EI_COLUMN(j)                                                \
  if (keep)                                                         \
    sum[j] = ei_twice_value(twice(bias, sum[j]), m, right, offset); \
  else                                                              \
    ei_output_twice(out, twice(bias, sum[j]), m, right, offset), out += pitch
  EI_COLUMN(0);
  EI_COLUMN(1);
  EI_COLUMN(2);
  EI_COLUMN(3);
#undef EI_COLUMN
}

#ifdef EI_PAIRS_AT_ONCE
/* The same in the place of the sums, which are 256 times or, of filter 0, once what they are. */
EI_INLINE void ei_pair_rectified(const ei_pair *pair, int which, int32_t zero,
                                 int32_t sum[EI_COLUMNS]) {
  const int32_t m = pair->mult[which], right = pair->shift[which];
  const int32_t bias = ei_shl_wrap(pair->bias[which], 7);
  const int32_t offset = ei_rectified_offset(right, zero);
#define EI_COLUMN(j)                                                                         \
  sum[j] = ei_rectified_value(ei_add_wrap(bias, which ? sum[j] : ei_shl_wrap(sum[j], 8)), m, \
                              right, offset)
  EI_COLUMN(0);
  EI_COLUMN(1);
  EI_COLUMN(2);
  EI_COLUMN(3);
#undef EI_COLUMN
}

/* Stores outputs that are all computed. */
EI_INLINE void ei_pair_store(int8_t *out, int32_t pitch, const int32_t value[EI_COLUMNS]) {
  out[0] = (int8_t)value[0], out[pitch] = (int8_t)value[1];
  out[2 * pitch] = (int8_t)value[2], out[3 * pitch] = (int8_t)value[3];
}
#endif

/* All out_c channels of a block's columns, whose outputs lie out_c bytes apart. */
EI_INLINE void ei_pairs_channels(const void *block, int32_t n, const uint8_t *stream, int8_t *to,
                                 int32_t out_c, int32_t zero, int rectified) {
  const int32_t inputs = ei_pair_inputs(n), bytes = ei_pair_bytes(n);
  for (const int8_t *const end = to + out_c; to < end; stream += bytes) {
    const ei_pair *pair = (const void *)stream;
    int32_t sums[2 * EI_COLUMNS];
    /* Of an odd number of channels the last record has one. */
#ifdef EI_RECTIFIED_QUARTERS
    if (rectified) {
      ei_sums_of_pair(block, pair, inputs, sums);
      ei_pair_quarters(to, out_c, pair, end - to > 1 ? 2 : 1, zero, sums);
      to += 2;
      continue;
    }
#endif
    ei_dot_pair_block(block, pair, inputs, sums);
#ifdef EI_PAIRS_AT_ONCE
    /* Where registers hold all outputs, addresses are made when sums have left room for them; the
     * compiler has to forget that it can make them from others. */
    if (rectified) {
      ei_pair_rectified(pair, 0, zero, sums);
      ei_pair_rectified(pair, 1, zero, sums + EI_COLUMNS);
    } else {
      ei_pair_outputs(NULL, 0, pair, 0, zero, ei_pair_first, sums, 1);
      ei_pair_outputs(NULL, 0, pair, 1, zero, ei_pair_second, sums + EI_COLUMNS, 1);
    }
    int32_t pitch = out_c;
    __asm__ volatile("" : "+r"(pitch), "+r"(to));
    ei_pair_store(to++, pitch, sums);
    if (to == end) break;
    ei_pair_store(to++, pitch, sums + EI_COLUMNS);
#else
    (void)rectified;
    ei_pair_outputs(to++, out_c, pair, 0, zero, ei_pair_first, sums, 0);
    if (to != end)
      ei_pair_outputs(to++, out_c, pair, 1, zero, ei_pair_second, sums + EI_COLUMNS, 0);
#endif
  }
}

EI_NOINLINE void ei_pairs_block(const void *block, int32_t n, const uint8_t *stream, int8_t *to,
                                int32_t out_c, int32_t zero, int rectified) {
#ifdef EI_PAIRS_AT_ONCE
  if (rectified) { /* a loop of its own, which finds registers enough */
    ei_pairs_channels(block, n, stream, to, out_c, zero, 1);
    return;
  }
  rectified = 0;
#endif
  ei_pairs_channels(block, n, stream, to, out_c, zero, rectified);
}
#endif

/* Whether the stream lies within the image and its shifts are in range. */
static inline int ei_pairs_ok(const ei_call *c, const ei_need *need, uint32_t weights, uint32_t n,
                              uint32_t out_c) {
  const uint32_t pairs = (out_c + 1) / 2, bytes = (uint32_t)ei_pair_bytes((int32_t)n);
  if (weights % 4 != 0 || weights + (uint64_t)pairs * bytes > need->data_bytes) return 0;
  for (uint32_t i = 0; i < pairs; i++) {
    const ei_pair *pair = (const void *)(c->data + weights + i * bytes);
    for (int k = 0; k < 2; k++)
      if (pair->shift[k] < 1 || pair->shift[k] > EI_MAX_RIGHT_SHIFT) return 0;
  }
  return 1;
}

#endif
