/* SPDX-License-Identifier: Apache-2.0
 *
 * Strips of a depthwise 3x3 convolution with NEON, eight channels at a time. Each column of the
 * input is prepared once.
 */
#ifndef EI_ISA_ARM_NEON_STRIP_H
#define EI_ISA_ARM_NEON_STRIP_H

/* Of eight channels. */
typedef struct {
  int32x4_t low, high;
} ei_eight;

EI_INLINE ei_eight ei_eight_mac(ei_eight s, int16x8_t x, int16x8_t w) {
  s.low = vmlal_s16(s.low, vget_low_s16(x), vget_low_s16(w));
#ifdef __aarch64__
  s.high = vmlal_high_s16(s.high, x, w);
#else
  s.high = vmlal_s16(s.high, vget_high_s16(x), vget_high_s16(w));
#endif
  return s;
}

/* Four channels' records, one a lane. */
typedef struct {
  int32x4_t bias, mult, column0, column1, column2;
} ei_records;

EI_INLINE ei_records ei_records_at(const ei_filter_3x3 *f) {
  const int32_t *p = (const void *)f;
  const int32x4_t none = vdupq_n_s32(0);
  int32x4x4_t r = {{none, none, none, none}};
  r = vld4q_lane_s32(p, r, 0), r = vld4q_lane_s32(p + 5, r, 1);
  r = vld4q_lane_s32(p + 10, r, 2), r = vld4q_lane_s32(p + 15, r, 3);
  int32x4_t last = vld1q_dup_s32(p + 4);
  last = vld1q_lane_s32(p + 9, last, 1), last = vld1q_lane_s32(p + 14, last, 2);
  last = vld1q_lane_s32(p + 19, last, 3);
  const ei_records records = {r.val[0], r.val[1], r.val[2], r.val[3], last};
  return records;
}

#if defined(__ARM_FEATURE_DOTPROD) && defined(__aarch64__)
#include "isa/arm_neon/strip_dot.h"
#else
#include "isa/arm_neon/strip_mull.h"
#endif

/* Eight channels: two fours, of which the second begins `second` channels after the first. */
typedef struct {
  const int8_t *row[4];
  int32_t step[4]; /* bytes from column to column */
  int32_t second, in_w;
  int8x8_t zero;
} ei_strip_input;

EI_INLINE int8x8_t ei_strip_load(const int8_t *p, int32_t second, int whole) {
  if (whole) return vld1_s8(p);
  uint32_t low, high;
  memcpy(&low, p, 4), memcpy(&high, p + second, 4);
  return vreinterpret_s8_u32(vset_lane_u32(high, vdup_n_u32(low), 1));
}

/* Column ix of the input, of the first `rows` of its rows. */
EI_INLINE ei_strip_column ei_strip_column_at(const ei_strip_input *in, int32_t ix, int rows,
                                             int whole) {
  const int32_t s = in->second;
  if ((uint32_t)ix >= (uint32_t)in->in_w) return ei_strip_padding(in->zero);
  const int8x8_t r2 = ei_strip_load(in->row[2] + ix * in->step[2], s, whole);
  return ei_strip_column_of(ei_strip_load(in->row[0] + ix * in->step[0], s, whole),
                            ei_strip_load(in->row[1] + ix * in->step[1], s, whole), r2,
                            rows > 3 ? ei_strip_load(in->row[3] + ix * in->step[3], s, whole) : r2,
                            in->zero);
}

EI_INLINE void ei_strip_out(int8_t *out, ei_eight s, const ei_strip_filter *f, int16x8_t zero,
                            int32_t second, int whole) {
  const int32x4_t low = ei_four_scaled(s.low, f->mult.low, f->shift.low);
  const int32x4_t high = ei_four_scaled(s.high, f->mult.high, f->shift.high);
  const int8x8_t bytes = vqmovn_s16(vqaddq_s16(ei_narrow_32(low, high), zero));
  if (whole) {
    vst1_s8(out, bytes);
    return;
  }
  vst1_lane_u32((void *)out, vreinterpret_u32_s8(bytes), 0);
  vst1_lane_u32((void *)(out + second), vreinterpret_u32_s8(bytes), 1);
}

/* Sums of the upper and the lower row's output. */
typedef struct {
  ei_eight upper, lower;
} ei_strip_sums;

/* A column of the input is the last of the output in `done`, which is written, if there is one, and
 * becomes the one whose first column it is; and the middle of the output in `begun`. */
EI_INLINE void ei_strip_step(ei_strip_column x, const ei_strip_filter *f, ei_strip_sums *done,
                             ei_strip_sums *begun, int8_t *out, int32_t row, int16x8_t zero,
                             int32_t second, int whole) {
  if (out != NULL) {
    done->upper = EI_STRIP_UPPER(done->upper, x, f, 2);
    done->lower = EI_STRIP_LOWER(done->lower, x, f, 2);
    ei_strip_out(out, done->upper, f, zero, second, whole);
    ei_strip_out(out + row, done->lower, f, zero, second, whole);
  }
  begun->upper = EI_STRIP_UPPER(begun->upper, x, f, 1);
  begun->lower = EI_STRIP_LOWER(begun->lower, x, f, 1);
  done->upper = EI_STRIP_UPPER(f->bias, x, f, 0);
  done->lower = EI_STRIP_LOWER(f->bias, x, f, 0);
}

/* Two rows of eight channels, stride 1. */
EI_INLINE void ei_strip_two(const ei_strip *s, const ei_strip_input *input,
                            const ei_filter_3x3 *filters, int8_t *out, int whole) {
  const ei_strip_input in = *input;
  const ei_strip_filter f = ei_strip_filter_of(filters, in.second, in.zero);
  const int16x8_t zero = vdupq_n_s16((int16_t)s->out_zero);
  const int32_t pitch = s->channels, row = s->out_w * pitch, second = in.second;
  ei_strip_sums a = {f.bias, f.bias}, b = a;
  int32_t ix = -s->pad;
#define EI_STRIP_STEP(done, begun, to)                                                             \
  ei_strip_step(ei_strip_column_at(&in, ix++, 4, whole), &f, &done, &begun, to, row, zero, second, \
                whole)
  EI_STRIP_STEP(a, b, NULL);
  EI_STRIP_STEP(b, a, NULL);
  for (int32_t left = s->out_w;;) {
    EI_STRIP_STEP(a, b, out);
    if (--left == 0) break;
    out += pitch;
    EI_STRIP_STEP(b, a, out);
    if (--left == 0) break;
    out += pitch;
  }
#undef EI_STRIP_STEP
}

/* One row of eight channels, any stride. */
EI_INLINE void ei_strip_one(const ei_strip *s, const ei_strip_input *input,
                            const ei_filter_3x3 *filters, int8_t *out, int whole) {
  const ei_strip_input in = *input;
  const ei_strip_filter f = ei_strip_filter_of(filters, in.second, in.zero);
  const int16x8_t zero = vdupq_n_s16((int16_t)s->out_zero);
  const int32_t channels = s->channels, stride = s->stride;
  int32_t ix = -s->pad;
  for (int32_t x = s->out_w; x > 0; x--, out += channels, ix += stride) {
    ei_eight sum = EI_STRIP_UPPER(f.bias, ei_strip_column_at(&in, ix, 3, whole), &f, 0);
    sum = EI_STRIP_UPPER(sum, ei_strip_column_at(&in, ix + 1, 3, whole), &f, 1);
    sum = EI_STRIP_UPPER(sum, ei_strip_column_at(&in, ix + 2, 3, whole), &f, 2);
    ei_strip_out(out, sum, &f, zero, in.second, whole);
  }
}

#define EI_STRIP_EIGHT(name, strip, whole)                                                         \
  EI_NOINLINE void name(const ei_strip *s, const ei_strip_input *in, const ei_filter_3x3 *filters, \
                        int8_t *out) {                                                             \
    strip(s, in, filters, out, whole);                                                             \
  }
EI_STRIP_EIGHT(ei_strip_two_whole, ei_strip_two, 1)
EI_STRIP_EIGHT(ei_strip_two_some, ei_strip_two, 0)
EI_STRIP_EIGHT(ei_strip_one_whole, ei_strip_one, 1)
EI_STRIP_EIGHT(ei_strip_one_some, ei_strip_one, 0)

/* All channels of the strip; the last eight may be some of those before them again. */
EI_NOINLINE void ei_strip_run(const ei_strip *s, const ei_filter_3x3 *filters, int8_t *out,
                              int two_rows) {
  int8_t padding[8];
  const int8x8_t zero = vdup_n_s8((int8_t)s->in_zero);
  const int32_t channels = s->channels, last = channels - 4;
  vst1_s8(padding, zero);
  for (int32_t at = 0; at < channels; at += 8) {
    const int whole = at + 8 <= channels;
    if (at > last) at = last;
    ei_strip_input in = {{0}, {0}, whole ? 4 : last - at, s->in_w, zero};
    for (int k = 0; k < (two_rows ? 4 : 3); k++) {
      in.row[k] = s->rows[k] != NULL ? s->rows[k] + at : padding;
      in.step[k] = s->rows[k] != NULL ? channels : 0;
    }
    if (two_rows)
      (whole ? ei_strip_two_whole : ei_strip_two_some)(s, &in, filters + at, out + at);
    else
      (whole ? ei_strip_one_whole : ei_strip_one_some)(s, &in, filters + at, out + at);
  }
}

#endif
