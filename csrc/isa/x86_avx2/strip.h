/* SPDX-License-Identifier: Apache-2.0
 *
 * Strips of a depthwise 3x3 convolution with AVX2, eight channels at a time: a 32-bit word holds
 * two rows of a channel, which VPMADDWD multiplies and adds.
 */
#ifndef EI_ISA_X86_AVX2_STRIP_H
#define EI_ISA_X86_AVX2_STRIP_H

/* Of a column of the window: the weights that meet rows 0 and 1, 2 and 3. Doubled. */
typedef struct {
  __m256i upper01, upper23, lower01, lower23;
} ei_strip_weights;

typedef struct {
  ei_strip_weights w0, w1, w2;
  __m256i bias; /* doubled */
  ei_scale scale;
} ei_strip_filter;

/* Eight channels: two fours, of which the second begins `second` channels after the first. */
typedef struct {
  const int8_t *row[4];
  int32_t step[4]; /* bytes from column to column */
  int32_t second, in_w;
  __m256i zero;
} ei_strip_input;

typedef struct {
  __m256i r01, r23;
} ei_strip_column;

/* Words are three bytes, one for each row. */
EI_INLINE ei_strip_weights ei_strip_weights_of(__m256i words) {
  const __m256i low = _mm256_set1_epi32(0xFFFF);
  const __m256i a2 = _mm256_srai_epi32(_mm256_slli_epi32(words, 24), 23);
  const __m256i b = _mm256_srai_epi32(_mm256_slli_epi32(words, 16), 24);
  const __m256i c = _mm256_srai_epi32(_mm256_slli_epi32(words, 8), 24);
  const __m256i b2 = _mm256_add_epi32(b, b), c2 = _mm256_add_epi32(c, c);
  const ei_strip_weights w = {
      _mm256_or_si256(_mm256_and_si256(a2, low), _mm256_slli_epi32(b2, 16)),
      _mm256_and_si256(c2, low), _mm256_slli_epi32(a2, 16),
      _mm256_or_si256(_mm256_and_si256(b2, low), _mm256_slli_epi32(c2, 16))};
  return w;
}

EI_INLINE ei_strip_filter ei_strip_filter_of(const ei_filter_3x3 *filters, int32_t second,
                                             int32_t zero) {
  enum { RECORD = sizeof(ei_filter_3x3) / 4 };
  const int *p = (const void *)filters;
  const int32_t s = second * RECORD;
  const __m256i at = _mm256_setr_epi32(0, RECORD, 2 * RECORD, 3 * RECORD, s, s + RECORD,
                                       s + 2 * RECORD, s + 3 * RECORD);
  const __m256i first = _mm256_i32gather_epi32(p + 2, at, 4);
  const ei_strip_filter f = {
      ei_strip_weights_of(first), ei_strip_weights_of(_mm256_i32gather_epi32(p + 3, at, 4)),
      ei_strip_weights_of(_mm256_i32gather_epi32(p + 4, at, 4)), _mm256_i32gather_epi32(p, at, 4),
      ei_scale_of(_mm256_i32gather_epi32(p + 1, at, 4), _mm256_srli_epi32(first, 24), zero)};
  return f;
}

EI_INLINE __m128i ei_strip_load(const ei_strip_input *in, int k, int32_t ix, int whole) {
  const int8_t *p = in->row[k] + ix * in->step[k];
  if (whole) return _mm_loadl_epi64((const void *)p);
  return _mm_insert_epi32(_mm_cvtsi32_si128(ei_load_word(p)), ei_load_word(p + in->second), 1);
}

/* Column ix of the input, of the first `rows` of its rows. */
EI_INLINE ei_strip_column ei_strip_column_at(const ei_strip_input *in, int32_t ix, int rows,
                                             int whole) {
  ei_strip_column c = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  if ((uint32_t)ix >= (uint32_t)in->in_w) return c;
  const __m128i r2 = ei_strip_load(in, 2, ix, whole);
  const __m128i r01 =
      _mm_unpacklo_epi8(ei_strip_load(in, 0, ix, whole), ei_strip_load(in, 1, ix, whole));
  const __m128i r23 = _mm_unpacklo_epi8(r2, rows > 3 ? ei_strip_load(in, 3, ix, whole) : r2);
  c.r01 = _mm256_sub_epi16(_mm256_cvtepi8_epi16(r01), in->zero);
  c.r23 = _mm256_sub_epi16(_mm256_cvtepi8_epi16(r23), in->zero);
  return c;
}

EI_INLINE __m256i ei_strip_mac(__m256i s, ei_strip_column x, __m256i w01, __m256i w23) {
  return _mm256_add_epi32(
      s, _mm256_add_epi32(_mm256_madd_epi16(x.r01, w01), _mm256_madd_epi16(x.r23, w23)));
}

EI_INLINE void ei_strip_out(int8_t *out, __m256i sum, const ei_strip_filter *f, int32_t second,
                            int whole) {
  const __m128i bytes = ei_bytes_8(ei_scaled(sum, &f->scale));
  if (whole) {
    _mm_storel_epi64((void *)out, bytes);
    return;
  }
  const int32_t low = _mm_cvtsi128_si32(bytes), high = _mm_extract_epi32(bytes, 1);
  memcpy(out, &low, 4), memcpy(out + second, &high, 4);
}

/* Sums of the upper and the lower row's output. */
typedef struct {
  __m256i upper, lower;
} ei_strip_sums;

/* A column of the input is the last of the output in `done`, which is written, if there is one, and
 * becomes the one whose first column it is; and the middle of the output in `begun`. */
EI_INLINE void ei_strip_step(ei_strip_column x, const ei_strip_filter *f, ei_strip_sums *done,
                             ei_strip_sums *begun, int8_t *out, int32_t row, int32_t second,
                             int whole) {
  if (out != NULL) {
    done->upper = ei_strip_mac(done->upper, x, f->w2.upper01, f->w2.upper23);
    done->lower = ei_strip_mac(done->lower, x, f->w2.lower01, f->w2.lower23);
    ei_strip_out(out, done->upper, f, second, whole);
    ei_strip_out(out + row, done->lower, f, second, whole);
  }
  begun->upper = ei_strip_mac(begun->upper, x, f->w1.upper01, f->w1.upper23);
  begun->lower = ei_strip_mac(begun->lower, x, f->w1.lower01, f->w1.lower23);
  done->upper = ei_strip_mac(f->bias, x, f->w0.upper01, f->w0.upper23);
  done->lower = ei_strip_mac(f->bias, x, f->w0.lower01, f->w0.lower23);
}

EI_INLINE void ei_strip_eight(const ei_strip *s, const ei_strip_input *input,
                              const ei_filter_3x3 *filters, int8_t *out, int two_rows, int whole) {
  const ei_strip_input in = *input;
  const ei_strip_filter f = ei_strip_filter_of(filters, in.second, s->out_zero);
  const int32_t pitch = s->channels, row = s->out_w * pitch, second = in.second;
  int32_t ix = -s->pad;
  if (!two_rows) {
    for (int32_t x = s->out_w; x > 0; x--, out += pitch, ix += s->stride) {
      const ei_strip_column a = ei_strip_column_at(&in, ix, 3, whole);
      const ei_strip_column b = ei_strip_column_at(&in, ix + 1, 3, whole);
      const ei_strip_column c = ei_strip_column_at(&in, ix + 2, 3, whole);
      __m256i sum = ei_strip_mac(f.bias, a, f.w0.upper01, f.w0.upper23);
      sum = ei_strip_mac(sum, b, f.w1.upper01, f.w1.upper23);
      ei_strip_out(out, ei_strip_mac(sum, c, f.w2.upper01, f.w2.upper23), &f, second, whole);
    }
    return;
  }
  ei_strip_sums a = {f.bias, f.bias}, b = a;
  ei_strip_step(ei_strip_column_at(&in, ix++, 4, whole), &f, &a, &b, NULL, row, second, whole);
  ei_strip_step(ei_strip_column_at(&in, ix++, 4, whole), &f, &b, &a, NULL, row, second, whole);
  for (int32_t x = s->out_w; x > 0; x--, out += pitch) {
    ei_strip_step(ei_strip_column_at(&in, ix++, 4, whole), &f, &a, &b, out, row, second, whole);
    const ei_strip_sums swapped = a;
    a = b, b = swapped;
  }
}

/* All channels of the strip; the last eight may be some of those before them again. */
EI_NOINLINE void ei_strip_run(const ei_strip *s, const ei_filter_3x3 *filters, int8_t *out,
                              int two_rows) {
  int8_t padding[8];
  const int32_t channels = s->channels, last = channels - 4;
  memset(padding, s->in_zero, sizeof padding);
  for (int32_t at = 0; at < channels; at += 8) {
    const int whole = at + 8 <= channels;
    if (at > last) at = last;
    ei_strip_input in = {
        {0}, {0}, whole ? 4 : last - at, s->in_w, _mm256_set1_epi16((int16_t)s->in_zero)};
    for (int k = 0; k < (two_rows ? 4 : 3); k++) {
      in.row[k] = s->rows[k] != NULL ? s->rows[k] + at : padding;
      in.step[k] = s->rows[k] != NULL ? channels : 0;
    }
    if (two_rows && whole)
      ei_strip_eight(s, &in, filters + at, out + at, 1, 1);
    else if (two_rows)
      ei_strip_eight(s, &in, filters + at, out + at, 1, 0);
    else if (whole)
      ei_strip_eight(s, &in, filters + at, out + at, 0, 1);
    else
      ei_strip_eight(s, &in, filters + at, out + at, 0, 0);
  }
}

#endif
