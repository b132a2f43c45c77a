/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of two tensors with AVX2, eight at a time.
 */
#ifndef EI_ISA_X86_AVX2_SUMS_H
#define EI_ISA_X86_AVX2_SUMS_H

EI_INLINE __m256i ei_widened_8(const int8_t *p, int32_t zero) {
  return _mm256_sub_epi32(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)),
                          _mm256_set1_epi32(zero));
}

/* The first of n elements, as many as there are whole eights; returns how many. */
EI_NOINLINE int32_t ei_sums_many(const ei_sums *sums, const int8_t *a, const int8_t *b, int8_t *out,
                                 int32_t n) {
  const ei_sums k = *sums;
  const ei_scale scale = ei_scale_of(_mm256_set1_epi32(k.mult), _mm256_set1_epi32(k.right), 0);
  const ei_scale out_scale =
      ei_scale_of(_mm256_set1_epi32(k.out_mult), _mm256_set1_epi32(k.out_right), k.out_zero);
  const __m128i left = _mm_cvtsi32_si128(k.left + 1);
  const int8_t *const end = a + (n & ~7);
  for (; a != end; a += 8, b += 8, out += 8) {
    const __m256i x2 = _mm256_slli_epi32(ei_widened_8(a, k.zero[0]), 20);
    const __m256i y = ei_scaled(_mm256_sll_epi32(ei_widened_8(b, k.zero[1]), left), &scale);
    const __m256i sum2 = _mm256_add_epi32(x2, _mm256_add_epi32(y, y));
    _mm_storel_epi64((void *)out, ei_bytes_8(ei_scaled(sum2, &out_scale)));
  }
  return n & ~7;
}

#endif
