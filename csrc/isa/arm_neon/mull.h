/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of one vector by up to 16 filters in quads with SMULL, SMLAL and SADALP: two halves of the
 * sums of two channels in each of eight words, since two products of bytes fit into 16 bits.
 */
#ifndef EI_ISA_ARM_NEON_MULL_H
#define EI_ISA_ARM_NEON_MULL_H

#ifdef __aarch64__
enum { EI_TILE_VECTORS = 2 };
#else /* half as many registers */
enum { EI_TILE_VECTORS = 1 };
#endif

typedef struct {
  int32x4_t c0, c1, c2, c3, d0, d1, d2, d3;
} ei_quad_sums;

EI_INLINE ei_quad_sums ei_quad_begin(const ei_quad_group *g) {
  const int32x4_t none = vdupq_n_s32(0);
  const ei_quad_sums s = {none, none, none, none, none, none, none, none};
  (void)g;
  return s;
}

/* The products of a half of w by x, whose halves are the same. */
#ifdef __aarch64__
#define EI_MULL_HIGH(w, x) vmull_high_s8(w, x)
#define EI_MLAL_HIGH(p, w, x) vmlal_high_s8(p, w, x)
#define EI_QUAD_COPIES(x, lane) vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(x), lane))
#else
#define EI_MULL_HIGH(w, x) vmull_s8(vget_high_s8(w), vget_low_s8(x))
#define EI_MLAL_HIGH(p, w, x) vmlal_s8(p, vget_high_s8(w), vget_low_s8(x))
#define EI_QUAD_COPIES(x, lane) \
  vreinterpretq_s8_s32(vdupq_n_s32(vgetq_lane_s32(vreinterpretq_s32_s8(x), lane)))
#endif
#define EI_MULL_LOW(w, x) vmull_s8(vget_low_s8(w), vget_low_s8(x))
#define EI_MLAL_LOW(p, w, x) vmlal_s8(p, vget_low_s8(w), vget_low_s8(x))

/* Four channels, the i-th in each vector, by four inputs, or eight. */
#define EI_MULL_ONE(s, i, x)                          \
  do {                                                \
    s.c##i = vpadalq_s16(s.c##i, EI_MULL_LOW(u, x));  \
    s.d##i = vpadalq_s16(s.d##i, EI_MULL_HIGH(u, x)); \
  } while (0)
#define EI_MULL_TWO(s, i, x, y)                                           \
  do {                                                                    \
    s.c##i = vpadalq_s16(s.c##i, EI_MLAL_LOW(EI_MULL_LOW(u, x), v, y));   \
    s.d##i = vpadalq_s16(s.d##i, EI_MLAL_HIGH(EI_MULL_HIGH(u, x), v, y)); \
  } while (0)

/* GCC would load all weights first and then lack registers. */
#define EI_NO_AHEAD() __asm__ volatile("" ::: "memory")

#define EI_MULL_FOUR(i)                       \
  do {                                        \
    const int8x16_t u = vld1q_s8(w + 16 * i); \
    EI_MULL_ONE(s0, i, x0_);                  \
    if (count > 1) EI_MULL_ONE(s1, i, x1_);   \
  } while (0)
#define EI_MULL_EIGHT(i)                                                     \
  do {                                                                       \
    if (count > 1) EI_NO_AHEAD();                                            \
                                                                             \
    const int8x16_t u = vld1q_s8(w + 16 * i), v = vld1q_s8(w + 16 * i + 64); \
    EI_MULL_TWO(s0, i, x0_, y0_);                                            \
    if (count > 1) EI_MULL_TWO(s1, i, x1_, y1_);                             \
  } while (0)

/* What ei_quad_tile does with the `lane`-th four inputs, and with those and the next four. */
#define EI_QUAD_ONE(lane)                                                           \
  do {                                                                              \
    const int8x16_t x0_ = EI_QUAD_COPIES(x0, lane), x1_ = EI_QUAD_COPIES(x1, lane); \
    EI_QUAD_FOURS(EI_MULL_FOUR);                                                    \
    w += 4 * EI_QUAD_CHANNELS;                                                      \
  } while (0)
#define EI_QUAD_TWO(lane)                                                               \
  do {                                                                                  \
    const int8x16_t x0_ = EI_QUAD_COPIES(x0, lane), y0_ = EI_QUAD_COPIES(x0, lane + 1); \
    const int8x16_t x1_ = EI_QUAD_COPIES(x1, lane), y1_ = EI_QUAD_COPIES(x1, lane + 1); \
    EI_QUAD_FOURS(EI_MULL_EIGHT);                                                       \
    w += 8 * EI_QUAD_CHANNELS;                                                          \
  } while (0)

/* The sums of neighbours: of a, then of b. */
EI_INLINE int32x4_t ei_add_pairs(int32x4_t a, int32x4_t b) {
#ifdef __aarch64__
  return vpaddq_s32(a, b);
#else
  return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)),
                      vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
#endif
}

/* Whole sums with their bias, in c0 to c3. */
EI_INLINE ei_quad_sums ei_quad_end(ei_quad_sums s, const ei_quad_group *g) {
  s.c0 = vaddq_s32(ei_add_pairs(s.c0, s.d0), vld1q_s32(g->bias));
  s.c1 = vaddq_s32(ei_add_pairs(s.c1, s.d1), vld1q_s32(g->bias + 4));
  s.c2 = vaddq_s32(ei_add_pairs(s.c2, s.d2), vld1q_s32(g->bias + 8));
  s.c3 = vaddq_s32(ei_add_pairs(s.c3, s.d3), vld1q_s32(g->bias + 12));
  return s;
}

#endif
