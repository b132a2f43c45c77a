/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns of depthwise windows with SMLAL: four rows of eight channels, the zero point subtracted.
 */
#ifndef EI_ISA_ARM_NEON_STRIP_MULL_H
#define EI_ISA_ARM_NEON_STRIP_MULL_H

typedef struct {
  int16x8_t r0, r1, r2, r3;
} ei_strip_column;

/* The filters of eight channels: w<column><row>. */
typedef struct {
  int16x8_t w00, w01, w02, w10, w11, w12, w20, w21, w22;
  ei_eight bias, mult, shift;
} ei_strip_filter;

EI_INLINE ei_strip_column ei_strip_column_of(int8x8_t r0, int8x8_t r1, int8x8_t r2, int8x8_t r3,
                                             int8x8_t zero) {
  const ei_strip_column c = {vsubl_s8(r0, zero), vsubl_s8(r1, zero), vsubl_s8(r2, zero),
                             vsubl_s8(r3, zero)};
  return c;
}

EI_INLINE ei_strip_column ei_strip_padding(int8x8_t zero) {
  const int16x8_t none = vdupq_n_s16(0);
  const ei_strip_column c = {none, none, none, none};
  (void)zero;
  return c;
}

EI_INLINE ei_eight ei_strip_mac(ei_eight s, int16x8_t x0, int16x8_t x1, int16x8_t x2, int16x8_t w0,
                                int16x8_t w1, int16x8_t w2) {
  return ei_eight_mac(ei_eight_mac(ei_eight_mac(s, x0, w0), x1, w1), x2, w2);
}

/* The sums of the upper and the lower outputs with column k of their windows. */
#define EI_STRIP_UPPER(s, x, f, k) \
  ei_strip_mac(s, (x).r0, (x).r1, (x).r2, (f)->w##k##0, (f)->w##k##1, (f)->w##k##2)
#define EI_STRIP_LOWER(s, x, f, k) \
  ei_strip_mac(s, (x).r1, (x).r2, (x).r3, (f)->w##k##0, (f)->w##k##1, (f)->w##k##2)

/* Byte k of eight words, widened. */
typedef struct {
  int16x8_t b0, b1, b2, b3;
} ei_bytes_of_words;

EI_INLINE ei_bytes_of_words ei_split_words(int32x4_t low, int32x4_t high) {
  const int8x16x2_t halves = vuzpq_s8(vreinterpretq_s8_s32(low), vreinterpretq_s8_s32(high));
  const int8x8x2_t even = vuzp_s8(vget_low_s8(halves.val[0]), vget_high_s8(halves.val[0]));
  const int8x8x2_t odd = vuzp_s8(vget_low_s8(halves.val[1]), vget_high_s8(halves.val[1]));
  const ei_bytes_of_words b = {vmovl_s8(even.val[0]), vmovl_s8(odd.val[0]), vmovl_s8(even.val[1]),
                               vmovl_s8(odd.val[1])};
  return b;
}

EI_INLINE ei_strip_filter ei_strip_filter_of(const ei_filter_3x3 *f, int32_t second,
                                             int8x8_t zero) {
  const ei_records low = ei_records_at(f), high = ei_records_at(f + second);
  const ei_bytes_of_words x = ei_split_words(low.column0, high.column0);
  const ei_bytes_of_words y = ei_split_words(low.column1, high.column1);
  const ei_bytes_of_words z = ei_split_words(low.column2, high.column2);
  ei_strip_filter r;
  (void)zero;
  r.w00 = x.b0, r.w01 = x.b1, r.w02 = x.b2;
  r.w10 = y.b0, r.w11 = y.b1, r.w12 = y.b2;
  r.w20 = z.b0, r.w21 = z.b1, r.w22 = z.b2;
  r.bias.low = vshrq_n_s32(low.bias, 1), r.bias.high = vshrq_n_s32(high.bias, 1); /* not doubled */
  r.mult.low = low.mult, r.mult.high = high.mult;
  r.shift.low = vnegq_s32(vmovl_s16(vget_low_s16(x.b3)));
  r.shift.high = vnegq_s32(vmovl_s16(vget_high_s16(x.b3)));
  return r;
}

#endif
