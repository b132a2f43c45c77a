/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the depthwise 3x3 convolution: SMLAD takes the outer taps of a column of weights.
 */
#ifndef EI_ISA_ARM_DSP_TILE_H
#define EI_ISA_ARM_DSP_TILE_H

#if defined(__thumb__) && !defined(EI_DSP_EMULATION) && !defined(EI_SMALL)
#include "isa/arm_dsp/tile_fill.h"
#else
/* Columns of four channels into the tile, `offset` added: rows[k] + i step for i < count. A tile
 * for one row of outputs leaves out r3. */
EI_INLINE void ei_tile_put(int16_t *tile, const int8_t *const rows[4], int32_t step, int32_t count,
                           int32_t offset, int two_rows) {
  const uint32_t both = ((uint32_t)offset & 0xFFFF) | (uint32_t)offset << 16;
  const int8_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  uint32_t *to = (void *)tile;
  for (int32_t i = 0, end = count * step; i != end; i += step, to += EI_TILE_COLUMN / 2) {
    const uint32_t x = ei_load4(r0 + i), y = ei_load4(r2 + i);
    const uint32_t z = ei_load4(r1 + i), v = two_rows ? ei_load4(r3 + i) : 0;
    /* Bytes meet before they are widened, two channels of two rows at a time. */
    const uint32_t a = ei_pkhbt(x, y), b = ei_pkhtb(y, x);
    const uint32_t c = two_rows ? ei_pkhbt(z, v) : z, d = two_rows ? ei_pkhtb(v, z) : z >> 16;
    ei_store_two_at(to, 0, ei_sxtab16(both, a), ei_sxtab16(both, c));
    ei_store_two_at(to, 8, ei_sxtab16_ror8(both, a), ei_sxtab16_ror8(both, c));
    ei_store_two_at(to, 16, ei_sxtab16(both, b), ei_sxtab16(both, d));
    ei_store_two_at(to, 24, ei_sxtab16_ror8(both, b), ei_sxtab16_ror8(both, d));
  }
}

#endif

/* A filter's weights, multiplied: of column k the outer two, and the middle ones. */
typedef struct {
  uint32_t w0, w1, w2, u01, u2;
} ei_tile_filter;

/* Sums come twice as large, for ei_output_twice. */
EI_INLINE ei_tile_filter ei_tile_filter_of(const ei_filter_3x3 *f) {
  const uint32_t a = ei_load4(f->weights[0]), b = ei_load4(f->weights[1]);
  const uint32_t c = ei_load4(f->weights[2]);
  const ei_tile_filter t = {
      ei_sxtab16(ei_sxtb16(a), a), ei_sxtab16(ei_sxtb16(b), b), ei_sxtab16(ei_sxtb16(c), c),
      ei_pkhbt(ei_sxtab16_ror8(ei_sxtb16_ror8(a), a), ei_sxtab16_ror8(ei_sxtb16_ror8(b), b)),
      ei_sxtab16_ror8(ei_sxtb16_ror8(c), c)};
  return t;
}

/* Sums come 256 times as large. */
EI_INLINE ei_tile_filter ei_tile_filter_scaled(const ei_filter_scaled *f) {
  const uint32_t a = ei_load4(f->weights), b = ei_load4(f->weights + 4), high = 0xFF00FF00;
  const ei_tile_filter t = {a & high, a << 8 & high, b & high, b << 8 & high,
                            (uint32_t)f->last << 8};
  return t;
}

/* Adds the sums, multiplied, of the upper and, if there are two rows, the lower output whose window
 * begins at this column of a channel. */
EI_INLINE void ei_tile_sums(const int16_t *tile, const ei_tile_filter *f, int32_t *upper,
                            int32_t *lower, int two_rows) {
  const uint32_t *x = (const void *)tile;
  int32_t s = *upper, t = *lower;
  uint32_t a, b;
  ei_load_two_at(x, 0, &a, &b);
  s = ei_smlad_from(a, f->w0, s), s = ei_smlabb(b, f->u01, s);
  if (two_rows) t = ei_smlad_from(b, f->w0, t), t = ei_smlatb(a, f->u01, t);
  ei_load_two_at(x, 2 * EI_TILE_COLUMN, &a, &b);
  s = ei_smlad(a, f->w1, s), s = ei_smlabt(b, f->u01, s);
  if (two_rows) t = ei_smlad(b, f->w1, t), t = ei_smlatt(a, f->u01, t);
  ei_load_two_at(x, 4 * EI_TILE_COLUMN, &a, &b);
  s = ei_smlad(a, f->w2, s), s = ei_smlabb(b, f->u2, s);
  if (two_rows) t = ei_smlad(b, f->w2, t), t = ei_smlatb(a, f->u2, t);
  *upper = s, *lower = t;
}

#if defined(__thumb__) && !defined(EI_DSP_EMULATION) && !defined(EI_SMALL)
#include "isa/arm_dsp/tile_thumb.h"
#endif

#endif
