/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels over filters in pairs share (isa/pairs.h): outputs, and the stream's check.
 */
#ifndef EI_KERNEL_PAIRS_H
#define EI_KERNEL_PAIRS_H

#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

EI_INLINE ei_pairs ei_pairs_at(const uint8_t *stream, int32_t out_c, int32_t zero) {
  const ei_pairs_head *head = (const void *)stream;
  ei_pairs f; /* a frame is prepared apart */
  f.records = stream + sizeof *head, f.out_c = out_c, f.zero = zero, f.scaled = head->scaled;
  f.offset = head->scaled ? ei_scaled_offset(zero, head->more) : 0;
  return f;
}

/* What ei_twice_value or ei_scaled_value take: a sum with its bias, from a sum by the first filter
 * of a record, or 256 times a sum by the second one. */
EI_INLINE int32_t ei_pair_biased(int32_t bias, int32_t sum, int which, int scaled) {
  if (scaled) return ei_add_wrap(bias, which ? sum : ei_shl_wrap(sum, 8));
  return ei_add_wrap(bias, which ? sum >> 7 : ei_shl_wrap(sum, 1));
}

#if defined(EI_PAIRS_AT_ONCE) && !defined(EI_SMALL)
#define EI_PAIR_OUTPUT EI_INLINE
#else
#define EI_PAIR_OUTPUT EI_NOINLINE /* long, and flash is small */
#endif

/* One output of a record's from its sum, and the place for the next. */
EI_PAIR_OUTPUT int8_t *ei_pair_output(int8_t *out, const ei_pairs *f, const ei_pair *pair,
                                      int which, int32_t bias, int32_t sum, int scaled) {
  const int32_t m = pair->mult[which];
  sum = ei_pair_biased(bias, sum, which, scaled);
  if (scaled) {
    *out = (int8_t)ei_scaled_value(sum, m, f->offset);
  } else {
    const int right = pair->shift[which];
    ei_output_twice(out, sum, m, right, ei_output_offset(right, f->zero));
  }
  return out + 1;
}

/* The outputs of a record, of which `left` are left. */
EI_INLINE int8_t *ei_pair_both(int8_t *out, const ei_pairs *f, const uint8_t *record,
                               const ei_pair *pair, const int32_t sums[2], int32_t left,
                               int scaled) {
  out = ei_pair_output(out, f, pair, 0, ei_pair_bias(record, pair, 0), sums[0], scaled);
  if (left < 2) return out;
  return ei_pair_output(out, f, pair, 1, ei_pair_bias(record, pair, 1), sums[1], scaled);
}

/* All channels of one vector of n bytes. */
#ifdef EI_PAIRS_SMALL
EI_NOINLINE void ei_pairs_vector(const int8_t *a, int32_t n, const ei_pairs *f, int8_t *out) {
  const uint8_t *record = f->records;
  const int32_t bytes = ei_pair_bytes(n, f->scaled);
  for (int32_t left = f->out_c; left > 0; record += bytes, left -= 2) {
    int32_t sums[2];
    ei_dot_pair(a, ei_pair_weights(record), n, sums);
    out = ei_pair_both(out, f, record, ei_pair_of(record, n), sums, left, f->scaled);
  }
}
#else
/* Those of two records. */
EI_INLINE int8_t *ei_pair_four(int8_t *out, const ei_pairs *f, const uint8_t *record,
                               const uint8_t *next, const ei_pair *first, const ei_pair *second,
                               const int32_t sums[4], int32_t left, int scaled) {
  out = ei_pair_both(out, f, record, first, sums, left, scaled);
  return left > 2 ? ei_pair_both(out, f, next, second, sums + 2, left - 2, scaled) : out;
}

EI_NOINLINE void ei_pairs_vector(const int8_t *a, int32_t n, const ei_pairs *f, int8_t *out) {
  const uint8_t *record = f->records;
  const int32_t bytes = ei_pair_bytes(n, f->scaled);
  for (int32_t left = f->out_c; left > 0; left -= 4) {
    const uint8_t *const next = left > 2 ? record + bytes : record;
    const int16_t *first = ei_pair_weights(record), *second = ei_pair_weights(next);
    int32_t sums[4];
    ei_dot_pairs(a, &first, &second, n, sums);
    const ei_pair *const one = (const void *)first, *const two = (const void *)second;
#ifdef EI_PAIRS_AT_ONCE
    if (f->scaled)
      out = ei_pair_four(out, f, record, next, one, two, sums, left, 1);
    else
      out = ei_pair_four(out, f, record, next, one, two, sums, left, 0);
#else
    out = ei_pair_four(out, f, record, next, one, two, sums, left, f->scaled);
#endif
    record = next + bytes;
  }
}
#endif

#ifndef EI_PAIRS_FRAME
EI_INLINE void ei_pairs_prepare(ei_pairs *f, const void *block, int32_t n) {
  (void)f, (void)block, (void)n;
}
#endif

#ifndef EI_PAIRS_BLOCK
/* What becomes of the sums of one of a record's filters: outputs `pitch` bytes apart, or, where
 * `keep` is set, in the place of the sums. Unrolled, so that they stay in registers. */
EI_INLINE void ei_pair_outputs(int8_t *out, int32_t pitch, const ei_pairs *f, const ei_pair *pair,
                               int which, int32_t bias, int32_t sum[EI_COLUMNS], int scaled,
                               int keep) {
  const int32_t m = pair->mult[which], right = scaled ? 1 : pair->shift[which];
  const int32_t offset = scaled ? f->offset : ei_output_offset(right, f->zero);
#define EI_COLUMN(j)                                                                               \
  sum[j] = ei_pair_biased(bias, sum[j], which, scaled);                                            \
  sum[j] = scaled ? ei_scaled_value(sum[j], m, offset) : ei_twice_value(sum[j], m, right, offset); \
  if (!keep) *out = (int8_t)sum[j], out += pitch
  EI_COLUMN(0);
  EI_COLUMN(1);
  EI_COLUMN(2);
  EI_COLUMN(3);
#undef EI_COLUMN
}

#ifdef EI_PAIRS_AT_ONCE
/* Stores outputs that are all computed. */
EI_INLINE void ei_pair_store(int8_t *out, int32_t pitch, const int32_t value[EI_COLUMNS]) {
  out[0] = (int8_t)value[0], out[pitch] = (int8_t)value[1];
  out[2 * pitch] = (int8_t)value[2], out[3 * pitch] = (int8_t)value[3];
}
#endif

/* All channels of a block's columns, whose outputs lie out_c bytes apart. */
EI_INLINE void ei_pairs_channels(const void *block, int32_t n, const ei_pairs *f, int8_t *to,
                                 int scaled) {
  const int32_t inputs = ei_pair_inputs(n), bytes = ei_pair_bytes(n, scaled), out_c = f->out_c;
  const uint8_t *record = f->records;
  for (const int8_t *const end = to + out_c; to < end; record += bytes) {
    const ei_pair *pair = ei_pair_of(record, n);
    int32_t sums[2 * EI_COLUMNS];
    /* Of an odd number of channels the last record has one. */
#ifdef EI_SCALED_VALUE
    if (scaled) {
      ei_sums_of_pair(block, ei_pair_weights(record), inputs, sums);
      ei_pair_scaled(to, f, record, pair, end - to > 1 ? 2 : 1, sums);
      to += 2;
      continue;
    }
#endif
    ei_dot_pair_block(block, ei_pair_weights(record), inputs, sums);
    const int32_t first = ei_pair_bias(record, pair, 0), second = ei_pair_bias(record, pair, 1);
#ifdef EI_PAIRS_AT_ONCE
    /* Where registers hold all outputs, addresses are made when sums have left room for them; the
     * compiler has to forget that it can make them from others. */
    ei_pair_outputs(NULL, 0, f, pair, 0, first, sums, scaled, 1);
    ei_pair_outputs(NULL, 0, f, pair, 1, second, sums + EI_COLUMNS, scaled, 1);
    int32_t pitch = out_c;
    __asm__ volatile("" : "+r"(pitch), "+r"(to));
    ei_pair_store(to++, pitch, sums);
    if (to == end) break;
    ei_pair_store(to++, pitch, sums + EI_COLUMNS);
#else
    ei_pair_outputs(to++, out_c, f, pair, 0, first, sums, scaled, 0);
    if (to != end) ei_pair_outputs(to++, out_c, f, pair, 1, second, sums + EI_COLUMNS, scaled, 0);
#endif
  }
}

/* Two loops, each of which finds registers enough and keeps little on the stack. */
EI_NOINLINE void ei_pairs_scaled(const void *block, int32_t n, const ei_pairs *f, int8_t *to) {
  ei_pairs_channels(block, n, f, to, 1);
}

EI_NOINLINE void ei_pairs_usual(const void *block, int32_t n, const ei_pairs *f, int8_t *to) {
  ei_pairs_channels(block, n, f, to, 0);
}

EI_NOINLINE void ei_pairs_block(const void *block, int32_t n, const ei_pairs *f, int8_t *to) {
  if (f->scaled)
    ei_pairs_scaled(block, n, f, to);
  else
    ei_pairs_usual(block, n, f, to);
}
#endif

/* Whether the stream lies within the image and its shifts are in range. */
static inline int ei_pairs_ok(const ei_call *c, const ei_need *need, uint32_t weights, uint32_t n,
                              uint32_t out_c) {
  if (weights % 4 != 0 || weights + (uint64_t)sizeof(ei_pairs_head) > need->data_bytes) return 0;
  const ei_pairs f = ei_pairs_at(c->data + weights, (int32_t)out_c, 0);
  const uint32_t bytes = (uint32_t)ei_pair_bytes((int32_t)n, f.scaled), pairs = (out_c + 1) / 2;
  if (weights + sizeof(ei_pairs_head) + (uint64_t)pairs * bytes > need->data_bytes) return 0;
  for (uint32_t i = 0; i < pairs && !f.scaled; i++) {
    const ei_pair *pair = ei_pair_of(f.records + i * bytes, (int32_t)n);
    for (int k = 0; k < 2; k++)
      if (pair->shift[k] < 1 || pair->shift[k] > EI_MAX_RIGHT_SHIFT) return 0;
  }
  return 1;
}

#endif
