/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns of depthwise windows with SDOT: a word holds four rows of one channel, raw as they lie in
 * the input. The zero point is in the bias.
 */
#ifndef EI_ISA_ARM_NEON_STRIP_DOT_H
#define EI_ISA_ARM_NEON_STRIP_DOT_H

/* A word for each of eight channels. */
typedef struct {
  int8x16_t low, high;
} ei_strip_words;

typedef ei_strip_words ei_strip_column;

/* The filters of eight channels, by columns: for the upper row of outputs and for the lower one. */
typedef struct {
  ei_strip_words upper0, upper1, upper2, lower0, lower1, lower2;
  ei_eight bias, mult, shift;
} ei_strip_filter;

EI_INLINE ei_strip_column ei_strip_column_of(int8x8_t r0, int8x8_t r1, int8x8_t r2, int8x8_t r3,
                                             int8x8_t zero) {
  const int8x16_t none = vdupq_n_s8(0);
  const int8x16_t a = vzip1q_s8(vcombine_s8(r0, vget_low_s8(none)), vcombine_s8(r1, r1));
  const int8x16_t b = vzip1q_s8(vcombine_s8(r2, vget_low_s8(none)), vcombine_s8(r3, r3));
  const int16x8_t even = vreinterpretq_s16_s8(a), odd = vreinterpretq_s16_s8(b);
  (void)zero;
  const ei_strip_column c = {vreinterpretq_s8_s16(vzip1q_s16(even, odd)),
                             vreinterpretq_s8_s16(vzip2q_s16(even, odd))};
  return c;
}

EI_INLINE ei_strip_column ei_strip_padding(int8x8_t zero) {
  const int8x16_t both = vcombine_s8(zero, zero);
  const ei_strip_column c = {both, both};
  return c;
}

EI_INLINE ei_eight ei_strip_mac(ei_eight s, ei_strip_column x, ei_strip_words w) {
  s.low = vdotq_s32(s.low, x.low, w.low), s.high = vdotq_s32(s.high, x.high, w.high);
  return s;
}

/* The sums of the upper and the lower outputs with column k of their windows. */
#define EI_STRIP_UPPER(s, x, f, k) ei_strip_mac(s, x, (f)->upper##k)
#define EI_STRIP_LOWER(s, x, f, k) ei_strip_mac(s, x, (f)->lower##k)

/* A column's weights; its fourth byte is none. */
EI_INLINE ei_strip_words ei_strip_upper(int32x4_t low, int32x4_t high) {
  const int32x4_t mask = vdupq_n_s32(0xFFFFFF);
  const ei_strip_words w = {vreinterpretq_s8_s32(vandq_s32(low, mask)),
                            vreinterpretq_s8_s32(vandq_s32(high, mask))};
  return w;
}

EI_INLINE ei_strip_words ei_strip_lower(ei_strip_words w) {
  w.low = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(w.low), 8));
  w.high = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(w.high), 8));
  return w;
}

EI_INLINE ei_strip_filter ei_strip_filter_of(const ei_filter_3x3 *f, int32_t second,
                                             int8x8_t zero) {
  const ei_records low = ei_records_at(f), high = ei_records_at(f + second);
  const ei_strip_column padding = ei_strip_padding(zero);
  ei_strip_filter r;
  r.upper0 = ei_strip_upper(low.column0, high.column0), r.lower0 = ei_strip_lower(r.upper0);
  r.upper1 = ei_strip_upper(low.column1, high.column1), r.lower1 = ei_strip_lower(r.upper1);
  r.upper2 = ei_strip_upper(low.column2, high.column2), r.lower2 = ei_strip_lower(r.upper2);
  const int32x4_t none = vdupq_n_s32(0);
  ei_eight zeros = {none, none};
  zeros = ei_strip_mac(ei_strip_mac(zeros, padding, r.upper0), padding, r.upper1);
  zeros = ei_strip_mac(zeros, padding, r.upper2);
  r.bias.low = vsubq_s32(vshrq_n_s32(low.bias, 1), zeros.low); /* not doubled */
  r.bias.high = vsubq_s32(vshrq_n_s32(high.bias, 1), zeros.high);
  r.mult.low = low.mult, r.mult.high = high.mult;
  r.shift.low = vnegq_s32(vshrq_n_s32(low.column0, 24));
  r.shift.high = vnegq_s32(vshrq_n_s32(high.column0, 24));
  return r;
}

#endif
