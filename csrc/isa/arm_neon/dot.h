/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of one vector by up to 16 filters in quads with SDOT: four channels in each of four words.
 */
#ifndef EI_ISA_ARM_NEON_DOT_H
#define EI_ISA_ARM_NEON_DOT_H

enum { EI_TILE_VECTORS = 4 };

typedef struct {
  int32x4_t c0, c1, c2, c3;
} ei_quad_sums;

/* Of the first `fours` fours of channels. */
EI_INLINE ei_quad_sums ei_quad_begin(const ei_quad_group *g) {
  const ei_quad_sums s = {vld1q_s32(g->bias), vld1q_s32(g->bias + 4), vld1q_s32(g->bias + 8),
                          vld1q_s32(g->bias + 12)};
  return s;
}

/* What ei_quad_tile does with the `lane`-th four inputs, and with those and the next four. */
#define EI_DOT_0(i) EI_DOT_FOUR(i, 0)
#define EI_DOT_1(i) EI_DOT_FOUR(i, 1)
#define EI_DOT_2(i) EI_DOT_FOUR(i, 2)
#define EI_DOT_3(i) EI_DOT_FOUR(i, 3)
#define EI_DOT_FOUR(i, lane)                                        \
  do {                                                              \
    const int8x16_t u = vld1q_s8(w + 16 * i);                       \
    s0.c##i = vdotq_laneq_s32(s0.c##i, u, x0, lane);                \
    if (count > 1) s1.c##i = vdotq_laneq_s32(s1.c##i, u, x1, lane); \
    if (count > 2) s2.c##i = vdotq_laneq_s32(s2.c##i, u, x2, lane); \
    if (count > 2) s3.c##i = vdotq_laneq_s32(s3.c##i, u, x3, lane); \
  } while (0)
#define EI_QUAD_ONE(lane)         \
  do {                            \
    EI_QUAD_FOURS(EI_DOT_##lane); \
    w += 4 * EI_QUAD_CHANNELS;    \
  } while (0)
#define EI_QUAD_TWO(lane) EI_QUAD_TWO_##lane
#define EI_QUAD_TWO_0 \
  do {                \
    EI_QUAD_ONE(0);   \
    EI_QUAD_ONE(1);   \
  } while (0)
#define EI_QUAD_TWO_2 \
  do {                \
    EI_QUAD_ONE(2);   \
    EI_QUAD_ONE(3);   \
  } while (0)

EI_INLINE ei_quad_sums ei_quad_end(ei_quad_sums s, const ei_quad_group *g) {
  (void)g;
  return s;
}

#endif
