/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise windows of any kind with AVX2, eight neighbouring channels at a time: a 32-bit word
 * holds two taps of a channel, which VPMADDWD multiplies and adds.
 */
#ifndef EI_ISA_X86_AVX2_TAPS_H
#define EI_ISA_X86_AVX2_TAPS_H

/* Two taps of eight channels, widened. */
EI_INLINE __m256i ei_two_taps(const int8_t *first, __m128i second) {
  return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(_mm_loadl_epi64((const void *)first), second));
}

/* out[i] for i < channels: as ei_taps_x1, each with its bias, multiplier and shift. Returns how
 * many of them are done: whole eights. */
EI_NOINLINE int32_t ei_taps_many(const ei_taps *taps, const int8_t *a, const int8_t *w,
                                 const int32_t *bias, const int32_t *mult, const int8_t *shift,
                                 int32_t zero, int8_t *out, int32_t channels) {
  const ei_taps t = *taps;
  const __m256i offset = _mm256_set1_epi16((int16_t)t.offset), z = _mm256_set1_epi32(zero);
  const __m128i none = _mm_setzero_si128();
  int32_t o = 0;
  for (; o + 8 <= channels; o += 8) {
    __m256i s = ei_load_8(bias + o);
    const int8_t *b = a + o, *v = w + o;
    for (int32_t h = t.h; h > 0; h--, b += t.a_row, v += t.w_row) {
      const int8_t *from = b, *by = v;
      for (int32_t i = t.w; i > 0; i -= 2, from += 2 * t.a_col, by += 2 * t.w_col) {
        const int two = i > 1; /* else the second is none */
        const __m128i x = two ? _mm_loadl_epi64((const void *)(from + t.a_col)) : none;
        const __m128i y = two ? _mm_loadl_epi64((const void *)(by + t.w_col)) : none;
        s = _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_add_epi16(ei_two_taps(from, x), offset),
                                                  ei_two_taps(by, y)));
      }
    }
    const __m256i left = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(shift + o)));
    s = ei_scaled_any(s, ei_load_8(mult + o), left);
    _mm_storel_epi64((void *)(out + o), ei_bytes_8(_mm256_add_epi32(s, z)));
  }
  return o;
}

#endif
