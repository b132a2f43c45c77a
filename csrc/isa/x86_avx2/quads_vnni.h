/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters in quads with AVX-512 VNNI: 16 channels in a vector, up to eight vectors of inputs at a
 * time. VPDPBUSD wants unsigned bytes on one side: weights + 128, so that 128 times the sum of the
 * inputs is taken away first.
 */
#ifndef EI_ISA_X86_AVX2_QUADS_VNNI_H
#define EI_ISA_X86_AVX2_QUADS_VNNI_H

typedef struct {
  __m512i mult, odd_mult, right, offset;
} ei_quad_scale;

EI_INLINE ei_quad_scale ei_quad_scale_of(const ei_quad_group *g, int32_t zero) {
  const __m512i mult = _mm512_loadu_si512(g->mult), right = _mm512_loadu_si512(g->shift);
  const ei_quad_scale s = {mult, _mm512_srli_epi64(mult, 32), right,
                           _mm512_sllv_epi32(_mm512_set1_epi32(2 * zero + 1),
                                             _mm512_sub_epi32(right, _mm512_set1_epi32(1)))};
  return s;
}

/* ei_output_twice for the first of 16 channels. */
EI_INLINE void ei_quad_outputs(int8_t *out, __m512i sum, const ei_quad_scale *s, __mmask16 some) {
  const __m512i half = _mm512_set1_epi64(INT64_C(1) << 31), x2 = _mm512_add_epi32(sum, sum);
  const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x2, s->mult), half);
  const __m512i odd =
      _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(x2, 32), s->odd_mult), half);
  __m512i q = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
  q = _mm512_add_epi32(q, _mm512_add_epi32(s->offset, _mm512_srai_epi32(x2, 31)));
  _mm_mask_storeu_epi8(out, some, _mm512_cvtsepi32_epi8(_mm512_srav_epi32(q, s->right)));
}

/* 128 times the sum of a vector's inputs. */
EI_INLINE int32_t ei_quad_excess(const int8_t *a, const ei_vectors *v) {
  const __m512i flip = _mm512_set1_epi8(-128);
  __m512i sums = _mm512_setzero_si512();
  int32_t count = 0;
  for (int32_t p = v->parts; p > 0; p--, a += v->pitch)
    for (int32_t i = 0; i < v->part; i += 64, count += 64) {
      const int32_t left = v->part - i;
      const __mmask64 some = left < 64 ? ~UINT64_C(0) >> (64 - left) : ~UINT64_C(0);
      const __m512i x = _mm512_xor_si512(_mm512_maskz_loadu_epi8(some, a + i), flip);
      sums = _mm512_add_epi64(sums, _mm512_sad_epu8(x, _mm512_setzero_si512()));
    }
  const uint32_t sum = (uint32_t)_mm512_reduce_add_epi64(sums) - 128u * (uint32_t)count;
  return (int32_t)(128u * sum);
}

#define EI_QUAD_STEP(j) \
  if (count > j) s##j = _mm512_dpbusd_epi32(s##j, w, _mm512_set1_epi32(EI_QUAD_AT(j)))
#define EI_QUAD_STEPS()                                                    \
  do {                                                                     \
    const __m512i w = _mm512_xor_si512(_mm512_loadu_si512(weights), flip); \
    weights += 4 * EI_QUAD_CHANNELS;                                       \
    EI_QUAD_STEP(0);                                                       \
    EI_QUAD_STEP(1);                                                       \
    EI_QUAD_STEP(2);                                                       \
    EI_QUAD_STEP(3);                                                       \
    EI_QUAD_STEP(4);                                                       \
    EI_QUAD_STEP(5);                                                       \
    EI_QUAD_STEP(6);                                                       \
    EI_QUAD_STEP(7);                                                       \
  } while (0)
#define EI_QUAD_FIRST(j) count > j ? _mm512_sub_epi32(bias, _mm512_set1_epi32(excess[j])) : bias
#define EI_QUAD_OUT(j) \
  if (count > j) ei_quad_outputs(out + j * pitch, s##j, &scale, some)

/* `count` vectors (1, 4 or 8) by a group. */
EI_INLINE void ei_quad_tile(const int8_t *a, const int32_t *excess, const ei_vectors *v,
                            const ei_quad_group *g, int32_t zero, __mmask16 some, int8_t *out,
                            int32_t pitch, int count) {
  const __m512i flip = _mm512_set1_epi8(-128), bias = _mm512_loadu_si512(g->bias);
  const ei_quad_scale scale = ei_quad_scale_of(g, zero);
  const int8_t *weights = (const void *)(g + 1);
  const int32_t apart = v->apart, whole = v->part & ~3, rest = v->part & 3;
  __m512i s0 = EI_QUAD_FIRST(0), s1 = EI_QUAD_FIRST(1), s2 = EI_QUAD_FIRST(2);
  __m512i s3 = EI_QUAD_FIRST(3), s4 = EI_QUAD_FIRST(4), s5 = EI_QUAD_FIRST(5);
  __m512i s6 = EI_QUAD_FIRST(6), s7 = EI_QUAD_FIRST(7);
  const int8_t *from = a;
  for (int32_t p = v->parts; p > 0; p--, from += v->pitch)
    for (const int8_t *b = from, *const end = from + whole; b != end; b += 4) {
#define EI_QUAD_AT(j) ei_load_word(b + j * apart)
      EI_QUAD_STEPS();
#undef EI_QUAD_AT
    }
  if (rest) {
    int32_t last[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int j = 0; j < count; j++) memcpy(last + j, a + j * apart + whole, (size_t)rest);
#define EI_QUAD_AT(j) last[j]
    EI_QUAD_STEPS();
#undef EI_QUAD_AT
  }
  EI_QUAD_OUT(0);
  EI_QUAD_OUT(1);
  EI_QUAD_OUT(2);
  EI_QUAD_OUT(3);
  EI_QUAD_OUT(4);
  EI_QUAD_OUT(5);
  EI_QUAD_OUT(6);
  EI_QUAD_OUT(7);
}

EI_NOINLINE void ei_quads_run(const ei_quads *f, const ei_vectors *vectors, int8_t *out) {
  const ei_vectors v = *vectors;
  const int32_t out_c = f->out_c, bytes = ei_quad_bytes(f->n), zero = f->zero;
  const uint8_t *stream = f->stream;
  int32_t excess[EI_QUAD_BLOCK];
  for (int32_t i = 0; i < v.count; i++) excess[i] = ei_quad_excess(v.at + i * v.apart, &v);
  for (int32_t o = 0; o < out_c; o += EI_QUAD_CHANNELS, stream += bytes) {
    const ei_quad_group *g = (const void *)stream;
    const int32_t left = out_c - o;
    const __mmask16 some = (__mmask16)(left < 16 ? (1u << left) - 1 : 0xFFFF);
    int32_t i = 0;
    for (; i + 8 <= v.count; i += 8)
      ei_quad_tile(v.at + i * v.apart, excess + i, &v, g, zero, some, out + o + i * out_c, out_c,
                   8);
    for (; i + 4 <= v.count; i += 4)
      ei_quad_tile(v.at + i * v.apart, excess + i, &v, g, zero, some, out + o + i * out_c, out_c,
                   4);
    for (; i < v.count; i++)
      ei_quad_tile(v.at + i * v.apart, excess + i, &v, g, zero, some, out + o + i * out_c, out_c,
                   1);
  }
}

#endif
