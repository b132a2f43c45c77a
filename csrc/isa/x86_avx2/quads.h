/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters in quads with AVX2: bytes widened to 16 bits, two halves of the sums of four channels in
 * each of four vectors.
 */
#ifndef EI_ISA_X86_AVX2_QUADS_H
#define EI_ISA_X86_AVX2_QUADS_H

typedef struct {
  __m256i c0, c1, c2, c3;
} ei_quad_sums;

/* The weights of four inputs by those inputs. */
EI_INLINE ei_quad_sums ei_quad_mac(ei_quad_sums s, const __m256i w[4], int32_t quad) {
  const __m256i x = _mm256_cvtepi8_epi16(_mm_set1_epi32(quad));
  s.c0 = _mm256_add_epi32(s.c0, _mm256_madd_epi16(w[0], x));
  s.c1 = _mm256_add_epi32(s.c1, _mm256_madd_epi16(w[1], x));
  s.c2 = _mm256_add_epi32(s.c2, _mm256_madd_epi16(w[2], x));
  s.c3 = _mm256_add_epi32(s.c3, _mm256_madd_epi16(w[3], x));
  return s;
}

EI_INLINE void ei_quad_weights(const int8_t *weights, __m256i w[4]) {
  const __m128i *p = (const void *)weights;
  w[0] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p));
  w[1] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p + 1));
  w[2] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p + 2));
  w[3] = _mm256_cvtepi8_epi16(_mm_loadu_si128(p + 3));
}

/* Twice the whole sums of eight channels. */
EI_INLINE __m256i ei_quad_twice(__m256i a, __m256i b, const int32_t *bias) {
  const __m256i sums = _mm256_permute4x64_epi64(_mm256_hadd_epi32(a, b), 0xD8);
  const __m256i x = _mm256_add_epi32(sums, ei_load_8(bias));
  return _mm256_add_epi32(x, x);
}

EI_INLINE void ei_quad_outputs(int8_t *out, ei_quad_sums s, const ei_quad_group *g, int32_t zero,
                               int32_t left) {
  const ei_scale low = ei_scale_of(ei_load_8(g->mult), ei_load_8(g->shift), zero);
  const ei_scale high = ei_scale_of(ei_load_8(g->mult + 8), ei_load_8(g->shift + 8), zero);
  const __m128i x = ei_bytes_8(ei_scaled(ei_quad_twice(s.c0, s.c1, g->bias), &low));
  const __m128i y = ei_bytes_8(ei_scaled(ei_quad_twice(s.c2, s.c3, g->bias + 8), &high));
  int8_t bytes[EI_QUAD_CHANNELS];
  _mm_storeu_si128((void *)bytes, _mm_unpacklo_epi64(x, y));
  memcpy(out, bytes, (size_t)(left < EI_QUAD_CHANNELS ? left : EI_QUAD_CHANNELS));
}

/* One vector or two by a group. */
EI_INLINE void ei_quad_tile(const int8_t *a, const ei_vectors *v, const ei_quad_group *g,
                            int32_t zero, int8_t *out, int32_t pitch, int32_t left, int count) {
  const int8_t *weights = (const void *)(g + 1), *from = a;
  const int32_t apart = v->apart, whole = v->part & ~3, rest = v->part & 3;
  const __m256i none = _mm256_setzero_si256();
  ei_quad_sums s = {none, none, none, none}, t = s;
  __m256i w[4];
  for (int32_t p = v->parts; p > 0; p--, from += v->pitch)
    for (const int8_t *b = from, *const end = from + whole; b != end; b += 4) {
      ei_quad_weights(weights, w);
      weights += 4 * EI_QUAD_CHANNELS;
      s = ei_quad_mac(s, w, ei_load_word(b));
      if (count > 1) t = ei_quad_mac(t, w, ei_load_word(b + apart));
    }
  if (rest) {
    int32_t last[2] = {0, 0};
    for (int j = 0; j < count; j++) memcpy(last + j, a + j * apart + whole, (size_t)rest);
    ei_quad_weights(weights, w);
    s = ei_quad_mac(s, w, last[0]);
    if (count > 1) t = ei_quad_mac(t, w, last[1]);
  }
  ei_quad_outputs(out, s, g, zero, left);
  if (count > 1) ei_quad_outputs(out + pitch, t, g, zero, left);
}

EI_NOINLINE void ei_quads_run(const ei_quads *f, const ei_vectors *vectors, int8_t *out) {
  const ei_vectors v = *vectors;
  const int32_t out_c = f->out_c, bytes = ei_quad_bytes(f->n);
  const uint8_t *stream = f->stream;
  for (int32_t o = 0; o < out_c; o += EI_QUAD_CHANNELS, stream += bytes) {
    const ei_quad_group *g = (const void *)stream;
    int32_t i = 0;
    for (; i + 2 <= v.count; i += 2)
      ei_quad_tile(v.at + i * v.apart, &v, g, f->zero, out + o + i * out_c, out_c, out_c - o, 2);
    if (i < v.count)
      ei_quad_tile(v.at + i * v.apart, &v, g, f->zero, out + o + i * out_c, out_c, out_c - o, 1);
  }
}

#endif
