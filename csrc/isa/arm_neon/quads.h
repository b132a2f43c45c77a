/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters in quads with NEON: tiles of up to four vectors by up to 16 channels.
 */
#ifndef EI_ISA_ARM_NEON_QUADS_H
#define EI_ISA_ARM_NEON_QUADS_H

#ifdef __ARM_FEATURE_DOTPROD
#include "isa/arm_neon/dot.h"
#else
#include "isa/arm_neon/mull.h"
#endif

/* A step for each four channels that are wanted. */
#define EI_QUAD_FOURS(step) \
  do {                      \
    step(0);                \
    if (fours > 1) step(1); \
    if (fours > 2) step(2); \
    if (fours > 2) step(3); \
  } while (0)

/* How a group's sums become outputs. */
typedef struct {
  int32x4_t m0, m1, m2, m3, shift0, shift1, shift2, shift3;
  int16x8_t zero;
} ei_quad_scale;

EI_INLINE ei_quad_scale ei_quad_scale_of(const ei_quad_group *g, int16x8_t zero) {
  const ei_quad_scale k = {vld1q_s32(g->mult),
                           vld1q_s32(g->mult + 4),
                           vld1q_s32(g->mult + 8),
                           vld1q_s32(g->mult + 12),
                           vnegq_s32(vld1q_s32(g->shift)),
                           vnegq_s32(vld1q_s32(g->shift + 4)),
                           vnegq_s32(vld1q_s32(g->shift + 8)),
                           vnegq_s32(vld1q_s32(g->shift + 12)),
                           zero};
  return k;
}

/* The first `left` < 16 bytes. */
EI_INLINE void ei_store_first(int8_t *out, int8x16_t x, int32_t left) {
  int8x8_t part = vget_low_s8(x);
  if (left & 8) vst1_s8(out, part), part = vget_high_s8(x), out += 8;
  if (left & 4) {
    vst1_lane_u32((void *)out, vreinterpret_u32_s8(part), 0);
    part = vext_s8(part, part, 4), out += 4;
  }
  if (left & 2) {
    vst1_lane_u16((void *)out, vreinterpret_u16_s8(part), 0);
    part = vext_s8(part, part, 2), out += 2;
  }
  if (left & 1) vst1_lane_s8(out, part, 0);
}

EI_INLINE void ei_quad_outputs(int8_t *out, ei_quad_sums s, const ei_quad_scale *k, int fours,
                               int32_t left) {
  const int32x4_t c0 = ei_four_scaled(s.c0, k->m0, k->shift0);
  const int32x4_t c1 = fours > 1 ? ei_four_scaled(s.c1, k->m1, k->shift1) : c0;
  const int32x4_t c2 = fours > 2 ? ei_four_scaled(s.c2, k->m2, k->shift2) : c0;
  const int32x4_t c3 = fours > 2 ? ei_four_scaled(s.c3, k->m3, k->shift3) : c0;
  const int16x8_t low = vqaddq_s16(ei_narrow_32(c0, c1), k->zero);
  const int16x8_t high = fours > 2 ? vqaddq_s16(ei_narrow_32(c2, c3), k->zero) : low;
  const int8x16_t bytes = ei_narrow_16(low, high);
  if (left >= EI_QUAD_CHANNELS)
    vst1q_s8(out, bytes);
  else
    ei_store_first(out, bytes, left);
}

/* The bytes of a vector after the last whole 16: `quads` fours, which a table takes out of the 16
 * bytes at `at` and fills up with zeros. */
typedef struct {
  int32_t quads, at;
  uint8x16_t table;
} ei_quad_rest;

EI_INLINE int8x16_t ei_quad_load_rest(const int8_t *a, uint8x16_t table) {
#ifdef __aarch64__
  return vqtbl1q_s8(vld1q_s8(a), table);
#else
  const int8x16_t x = vld1q_s8(a);
  const int8x8x2_t halves = {{vget_low_s8(x), vget_high_s8(x)}};
  const int8x16_t order = vreinterpretq_s8_u8(table);
  return vcombine_s8(vtbl2_s8(halves, vget_low_s8(order)), vtbl2_s8(halves, vget_high_s8(order)));
#endif
}

/* Of n bytes; fewer than 16 stand in 16. */
EI_INLINE ei_quad_rest ei_quad_rest_of(int32_t n) {
  static const uint8_t order[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16};
  const int32_t left = n & 15;
  const ei_quad_rest rest = {(left + 3) / 4, n < 16 ? 0 : n - 16,
                             vld1q_u8(order + (n < 16 ? 0 : 16 - left))};
  return rest;
}

/* `count` vectors (1, 2 or 4) by the first 4 fours (1, 2 or 4) channels of a group. */
EI_INLINE void ei_quad_tile(const int8_t *a, const ei_vectors *v, const ei_quad_rest *rest,
                            const ei_quad_group *g, int16x8_t zero, int8_t *out, int32_t pitch,
                            int32_t left, int count, int fours) {
  const int32_t apart = v->apart, part = v->part & ~15;
  const int8_t *w = (const void *)(g + 1), *from = a;
  ei_quad_sums s0 = ei_quad_begin(g), s1 = s0, s2 = s0, s3 = s0;
  for (int32_t parts = v->parts; parts > 0; parts--, from += v->pitch)
    for (const int8_t *b = from, *const end = from + part; b != end; b += 16) {
      const int8x16_t x0 = vld1q_s8(b), x1 = count > 1 ? vld1q_s8(b + apart) : x0;
      const int8x16_t x2 = count > 2 ? vld1q_s8(b + 2 * apart) : x0;
      const int8x16_t x3 = count > 2 ? vld1q_s8(b + 3 * apart) : x0;
      (void)x2, (void)x3;
      EI_QUAD_TWO(0);
      EI_QUAD_TWO(2);
    }
  if (rest->quads) {
    const int8_t *b = a + rest->at;
    const int8x16_t x0 = ei_quad_load_rest(b, rest->table);
    const int8x16_t x1 = count > 1 ? ei_quad_load_rest(b + apart, rest->table) : x0;
    const int8x16_t x2 = count > 2 ? ei_quad_load_rest(b + 2 * apart, rest->table) : x0;
    const int8x16_t x3 = count > 2 ? ei_quad_load_rest(b + 3 * apart, rest->table) : x0;
    (void)x2, (void)x3;
    if (rest->quads > 1)
      EI_QUAD_TWO(0);
    else
      EI_QUAD_ONE(0);
    if (rest->quads == 3) EI_QUAD_ONE(2);
    if (rest->quads == 4) EI_QUAD_TWO(2);
  }
  s0 = ei_quad_end(s0, g), s1 = ei_quad_end(s1, g);
  s2 = ei_quad_end(s2, g), s3 = ei_quad_end(s3, g);
  const ei_quad_scale k = ei_quad_scale_of(g, zero);
  ei_quad_outputs(out, s0, &k, fours, left);
  if (count > 1) ei_quad_outputs(out + pitch, s1, &k, fours, left);
  if (count > 2) ei_quad_outputs(out + 2 * pitch, s2, &k, fours, left);
  if (count > 2) ei_quad_outputs(out + 3 * pitch, s3, &k, fours, left);
}

/* The first `left` channels of a group, all vectors. */
EI_INLINE void ei_quad_channels(const ei_vectors *vectors, const ei_quad_rest *others,
                                const ei_quad_group *g, int32_t zero, int8_t *out, int32_t pitch,
                                int32_t left, int fours) {
  const ei_vectors v = *vectors;
  const ei_quad_rest rest = *others;
  const int16x8_t z = vdupq_n_s16((int16_t)zero);
  const int8_t *a = v.at;
  int32_t count = v.count;
  if (EI_TILE_VECTORS > 2)
    for (; count > 3; count -= 4, a += 4 * v.apart, out += 4 * pitch)
      ei_quad_tile(a, &v, &rest, g, z, out, pitch, left, 4, fours);
  if (EI_TILE_VECTORS > 1)
    for (; count > 1; count -= 2, a += 2 * v.apart, out += 2 * pitch)
      ei_quad_tile(a, &v, &rest, g, z, out, pitch, left, 2, fours);
  for (; count > 0; count--, a += v.apart, out += pitch)
    ei_quad_tile(a, &v, &rest, g, z, out, pitch, left, 1, fours);
}

#define EI_QUAD_GROUP(name, fours)                                                             \
  EI_NOINLINE void name(const ei_vectors *v, const ei_quad_rest *rest, const ei_quad_group *g, \
                        int32_t zero, int8_t *out, int32_t pitch, int32_t left) {              \
    ei_quad_channels(v, rest, g, zero, out, pitch, left, fours);                               \
  }
EI_QUAD_GROUP(ei_quad_group_4, 1)
EI_QUAD_GROUP(ei_quad_group_8, 2)
EI_QUAD_GROUP(ei_quad_group_16, 4)

/* Vectors of n < 16 bytes, each filled up with zeros. */
EI_INLINE void ei_pad_to_16(int8_t *to, const ei_vectors *v, int32_t n) {
  const int8_t *a = v->at;
  for (int32_t left = v->count; left > 0; left--, to += 16, a += v->apart) {
    vst1q_s8(to, vdupq_n_s8(0));
    if (n >= 8) {
      const int8x8_t last = vld1_s8(a + n - 8);
      vst1_s8(to, vld1_s8(a)), vst1_s8(to + n - 8, last);
    } else {
      for (int32_t k = 0; k < n; k++) to[k] = a[k];
    }
  }
}

EI_NOINLINE void ei_quads_run(const ei_quads *f, const ei_vectors *vectors, int8_t *out) {
  const int32_t n = f->n, out_c = f->out_c, bytes = ei_quad_bytes(n);
  int8_t padded[16 * EI_QUAD_BLOCK];
  ei_vectors v = *vectors;
  if (n < 16) {
    ei_pad_to_16(padded, &v, n);
    v.at = padded, v.apart = 16;
  }
  const ei_quad_rest rest = ei_quad_rest_of(n);
  const uint8_t *stream = f->stream;
  for (int32_t o = 0; o < out_c; o += EI_QUAD_CHANNELS, stream += bytes) {
    const ei_quad_group *g = (const void *)stream;
    const int32_t left = out_c - o;
    (left <= 4   ? ei_quad_group_4
     : left <= 8 ? ei_quad_group_8
                 : ei_quad_group_16)(&v, &rest, g, f->zero, out + o, out_c, left);
  }
}

#endif
