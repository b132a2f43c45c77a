/* SPDX-License-Identifier: Apache-2.0
 *
 * Eight outputs requantized at once, as ei_output_twice does.
 */
#ifndef EI_ISA_X86_AVX2_SCALED_H
#define EI_ISA_X86_AVX2_SCALED_H

typedef struct {
  __m256i mult, right, offset;
} ei_scale;

/* The offset holds the outputs' zero point: ei_output_offset. */
EI_INLINE ei_scale ei_scale_of(__m256i mult, __m256i right, int32_t zero) {
  const __m256i one = _mm256_set1_epi32(1);
  const ei_scale s = {
      mult, right,
      _mm256_sllv_epi32(_mm256_set1_epi32(2 * zero + 1), _mm256_sub_epi32(right, one))};
  return s;
}

/* From twice the sums. */
EI_INLINE __m256i ei_scaled(__m256i x2, const ei_scale *s) {
  const __m256i half = _mm256_set1_epi64x(INT64_C(1) << 31);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x2, s->mult), half);
  const __m256i odd = _mm256_add_epi64(
      _mm256_mul_epi32(_mm256_srli_epi64(x2, 32), _mm256_srli_epi64(s->mult, 32)), half);
  __m256i q = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
  q = _mm256_add_epi32(q, _mm256_add_epi32(s->offset, _mm256_srai_epi32(x2, 31)));
  return _mm256_srav_epi32(q, s->right);
}

/* As ei_requantize, for any shifts. */
EI_INLINE __m256i ei_scaled_any(__m256i x, __m256i mult, __m256i shift) {
  const __m256i none = _mm256_setzero_si256(), one = _mm256_set1_epi32(1);
  const __m256i right = _mm256_max_epi32(_mm256_sub_epi32(none, shift), none);
  const __m256i half = _mm256_set1_epi64x(INT64_C(1) << 30);
  x = _mm256_sllv_epi32(x, _mm256_max_epi32(shift, none));
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, mult), half);
  const __m256i odd = _mm256_add_epi64(
      _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(mult, 32)), half);
  x = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
  const __m256i low = _mm256_add_epi32(x, _mm256_srai_epi32(x, 31));
  const __m256i q = _mm256_add_epi32(_mm256_srav_epi32(low, _mm256_sub_epi32(right, one)), one);
  return _mm256_blendv_epi8(_mm256_srai_epi32(q, 1), x, _mm256_cmpeq_epi32(right, none));
}

/* Saturated to bytes, in the low half. */
EI_INLINE __m128i ei_bytes_8(__m256i x) {
  const __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  return _mm_packs_epi16(w, w);
}

EI_INLINE int32_t ei_load_word(const int8_t *p) {
  int32_t x;
  memcpy(&x, p, 4);
  return x;
}

EI_INLINE __m256i ei_load_8(const int32_t *p) { return _mm256_loadu_si256((const void *)p); }

#endif
