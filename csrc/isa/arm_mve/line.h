/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the depthwise convolution along one axis with vectors: of each channel a line of
 * bytes, in which a window of up to 16 taps is one vector.
 */
#ifndef EI_ISA_ARM_MVE_LINE_H
#define EI_ISA_ARM_MVE_LINE_H

#include "isa/arm_mve/tile.h"

/* The outputs of four channels, or of the last ones of them from channel `skip` on: `count` each,
 * `pitch` bytes apart. Of their inputs those at `from` and `inside` further ones exist, `pitch`
 * bytes apart, too; `before` them is padding, and behind them. */
EI_INLINE void ei_line_run(int8_t *tile, const int8_t *from, int32_t before, int32_t inside,
                           const uint8_t *filters, int32_t taps, int8_t *out, int32_t count,
                           int32_t pitch, int32_t in_zero, int32_t out_zero, int32_t skip) {
  /* Words are scattered to where they are aligned. */
  const int32_t lead = (before + 3) & ~3, places = count + taps - 1, bytes = ei_line_bytes(taps);
  const int32_t line = (lead + places + 3) & ~3, after = places - before - inside;
  int8_t *to = tile + lead;
  int32_t left = inside;
  if (pitch <= (UINT16_MAX - 3) / 3) {
    const int8_t *const rows[4] = {from, from + pitch, from + 2 * pitch, from + 3 * pitch};
    const ei_line_rows sources = ei_line_rows_of(rows, from);
    const int32_t fours = left / 4;
    ei_lines_put(to, line, &sources, from, 4 * pitch, fours);
    left -= 4 * fours, to += 4 * fours, from += 4 * fours * pitch;
  }
  for (; left > 0; left--, to++, from += pitch)
    for (int c = 0; c < EI_LINE_CHANNELS; c++) to[c * line] = from[c];
  tile += lead - before;
  for (int c = 0; c < EI_LINE_CHANNELS; c++, tile += line, out++, filters += bytes) {
    if (before) ei_fill(tile, in_zero, before);
    if (after) ei_fill(tile + before + inside, in_zero, after);
    if (c < skip) continue;
    const ei_filter_line *const f = (const void *)filters;
    const int8x16_t w = vldrbq_z_s8(f->weights, vctp8q((uint32_t)taps));
    const ei_channel channel = {w,       w,         (f->bias >> 1) - in_zero * vaddvq_s8(w),
                                f->mult, -f->right, out_zero};
    const uint32x4_t at = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)pitch);
    const int8_t *x = tile;
    int8_t *o = out;
    for (int32_t fours = count / 4; fours > 0; fours--, x += 4, o += 4 * pitch)
      vstrbq_scatter_offset_s32(o, at, ei_channel_bytes(&channel, ei_four_windows(x, 1, w)));
    if (count & 3)
      ei_scatter_some(o, at, ei_channel_bytes(&channel, ei_four_windows(x, 1, w)), count & 3);
  }
}

#endif
