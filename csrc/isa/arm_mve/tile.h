/* SPDX-License-Identifier: Apache-2.0
 *
 * The depthwise 3x3 convolution with vectors: a tile of bytes, in which each of four channels has
 * its columns one after the other, four rows each. So a window is 12 bytes in one vector, which
 * VMLADAV multiplies by the filter for the upper or the lower output.
 */
#ifndef EI_ISA_ARM_MVE_TILE_H
#define EI_ISA_ARM_MVE_TILE_H

#include "isa/arm_mve/copy.h"
#include "isa/arm_mve/four.h"

enum { EI_COLUMN_BYTES = 4 };

/* Of a vector's bytes those that the filter for the upper output multiplies, and for the lower. */
enum { EI_UPPER_BYTES = 0x0777, EI_LOWER_BYTES = 0x0EEE };

/* Where the rows of a tile come from: `far` bytes from the first of them, and the same as offsets
 * of the even and the odd rows of four channels. */
typedef struct {
  int32_t far[4];
  uint16x8_t even, odd;
  int is_near; /* the offsets hold them */
} ei_line_rows;

/* Rows outside the input are taken from the first one: any bytes. */
EI_INLINE ei_line_rows ei_line_rows_of(const int8_t *const rows[4], const int8_t *first) {
  ei_line_rows r;
  r.is_near = 1;
  for (int k = 0; k < 4; k++) {
    r.far[k] = rows[k] == NULL ? 0 : rows[k] - first;
    if (r.far[k] > UINT16_MAX - (EI_TILE_CHANNELS - 1)) r.is_near = 0;
  }
  const uint32x4_t channels = vmulq_n_u32(vidupq_n_u32(0, 1), 0x10001);
  r.even =
      vreinterpretq_u16_u32(vaddq_n_u32(channels, (uint32_t)r.far[0] | (uint32_t)r.far[2] << 16));
  r.odd =
      vreinterpretq_u16_u32(vaddq_n_u32(channels, (uint32_t)r.far[1] | (uint32_t)r.far[3] << 16));
  return r;
}

/* `count` columns of four channels into the tile, from `from` in the first row on, `step` bytes
 * apart. Lines of the tile lie `line` bytes apart. Even and odd rows, as the halves of words,
 * narrow into each other. */
EI_INLINE void ei_lines_put(int8_t *tile, int32_t line, const ei_line_rows *r, const int8_t *from,
                            int32_t step, int32_t count) {
  if (!r->is_near) {
    for (; count > 0; count--, from += step, tile += EI_COLUMN_BYTES)
      for (int c = 0; c < EI_TILE_CHANNELS; c++)
        for (int k = 0; k < 4; k++) tile[c * line + k] = from[r->far[k] + c];
    return;
  }
  const uint32x4_t to = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)line);
  const uint16x8_t even = r->even, odd = r->odd;
  for (; count > 0; count--, from += step, tile += EI_COLUMN_BYTES) {
    int8x16_t x = vreinterpretq_s8_s16(vldrbq_gather_offset_s16(from, even));
    x = vmovntq_s16(x, vldrbq_gather_offset_s16(from, odd));
    vstrwq_scatter_offset_s32((int32_t *)(void *)tile, to, vreinterpretq_s32_s8(x));
  }
}

/* What ei_channel_line needs besides its channel. */
typedef struct {
  uint32x4_t at;     /* of four outputs in a row, bytes from the first */
  uint32x4_t at_two; /* of two outputs and those below, each after the one above it */
  int32_t count;     /* columns of outputs */
  int32_t step;      /* bytes of a line from one window to the next */
  int32_t pitch;     /* bytes from one output to the next */
  int32_t row;       /* bytes from an output to that below */
  int32_t in_zero, out_zero;
} ei_line_shape;

/* The sums of four windows, `step` bytes apart, with one filter. */
EI_INLINE int32x4_t ei_four_windows(const int8_t *line, int32_t step, int8x16_t filter) {
  const int8_t *second = line + step, *third = second + step, *fourth = third + step;
  int32x4_t sums;
  int32_t s0, s1;
  __asm__ volatile(
      "vldrb.8 q0, [%[line]]\n\t"
      "vmladav.s8 %[s0], q0, %q[filter]\n\t"
      "vldrb.8 q0, [%[third]]\n\t"
      "vmladav.s8 %[s1], q0, %q[filter]\n\t"
      "vmov %q[sums][2], %q[sums][0], %[s0], %[s1]\n\t"
      "vldrb.8 q0, [%[second]]\n\t"
      "vmladav.s8 %[s0], q0, %q[filter]\n\t"
      "vldrb.8 q0, [%[fourth]]\n\t"
      "vmladav.s8 %[s1], q0, %q[filter]\n\t"
      "vmov %q[sums][3], %q[sums][1], %[s0], %[s1]\n\t"
      : [sums] "=&w"(sums), [s0] "=&Te"(s0), [s1] "=&Te"(s1)
      : [line] "r"(line), [second] "r"(second), [third] "r"(third), [fourth] "r"(fourth),
        [filter] "w"(filter)
      : "q0", "memory");
  return sums;
}

/* The same of neighbouring windows with the filters for the upper and the lower output. */
EI_INLINE int32x4_t ei_four_windows_twice(const int8_t *line, int8x16_t upper, int8x16_t lower,
                                          int32x4_t *lower_sums) {
  int32x4_t sums, sums2;
  int32_t s0, s1, t0, t1;
  __asm__ volatile(
      "vldrb.8 q0, [%[line]]\n\t"
      "vmladav.s8 %[s0], q0, %q[upper]\n\t"
      "vmladav.s8 %[t0], q0, %q[lower]\n\t"
      "vldrb.8 q0, [%[line], #8]\n\t"
      "vmladav.s8 %[s1], q0, %q[upper]\n\t"
      "vmladav.s8 %[t1], q0, %q[lower]\n\t"
      "vmov %q[sums][2], %q[sums][0], %[s0], %[s1]\n\t"
      "vmov %q[sums2][2], %q[sums2][0], %[t0], %[t1]\n\t"
      "vldrb.8 q0, [%[line], #4]\n\t"
      "vmladav.s8 %[s0], q0, %q[upper]\n\t"
      "vmladav.s8 %[t0], q0, %q[lower]\n\t"
      "vldrb.8 q0, [%[line], #12]\n\t"
      "vmladav.s8 %[s1], q0, %q[upper]\n\t"
      "vmladav.s8 %[t1], q0, %q[lower]\n\t"
      "vmov %q[sums][3], %q[sums][1], %[s0], %[s1]\n\t"
      "vmov %q[sums2][3], %q[sums2][1], %[t0], %[t1]\n\t"
      : [sums] "=&w"(sums), [sums2] "=&w"(sums2), [s0] "=&Te"(s0), [s1] "=&Te"(s1), [t0] "=&Te"(t0),
        [t1] "=&Te"(t1)
      : [line] "r"(line), [upper] "w"(upper), [lower] "w"(lower)
      : "q0", "memory");
  *lower_sums = sums2;
  return sums;
}

/* Two neighbouring windows: upper and lower sum of the first, then of the second. */
EI_INLINE int32x4_t ei_two_windows_twice(const int8_t *line, int8x16_t upper, int8x16_t lower) {
  int32x4_t sums;
  int32_t s0, s1, t0, t1;
  __asm__ volatile(
      "vldrb.8 q0, [%[line]]\n\t"
      "vmladav.s8 %[s0], q0, %q[upper]\n\t"
      "vmladav.s8 %[t0], q0, %q[lower]\n\t"
      "vldrb.8 q0, [%[line], #4]\n\t"
      "vmladav.s8 %[s1], q0, %q[upper]\n\t"
      "vmladav.s8 %[t1], q0, %q[lower]\n\t"
      "vmov %q[sums][2], %q[sums][0], %[s0], %[s1]\n\t"
      "vmov %q[sums][3], %q[sums][1], %[t0], %[t1]\n\t"
      : [sums] "=&w"(sums), [s0] "=&Te"(s0), [s1] "=&Te"(s1), [t0] "=&Te"(t0), [t1] "=&Te"(t1)
      : [line] "r"(line), [upper] "w"(upper), [lower] "w"(lower)
      : "q0", "memory");
  return sums;
}

/* A channel's filter, and how its sums become outputs. */
typedef struct {
  int8x16_t upper, lower;
  int32_t start, mult, shift, zero;
} ei_channel;

EI_INLINE int32x4_t ei_channel_bytes(const ei_channel *c, int32x4_t x) {
  x = vqrdmulhq_n_s32(vaddq_n_s32(x, c->start), c->mult);
  x = vrshlq_n_s32(vaddq_s32(x, vshrq_n_s32(x, 31)), c->shift);
  return ei_four_bytes(vaddq_n_s32(x, c->zero));
}

/* Four columns of outputs, in one row or two. */
EI_INLINE void ei_four_columns(const int8_t *line, const ei_line_shape *s, const ei_channel *c,
                               uint32x4_t at, int8_t *out, int two_rows) {
  int32x4_t x, y;
  if (!two_rows) {
    x = ei_four_windows(line, s->step, c->upper);
    vstrbq_scatter_offset_s32(out, at, ei_channel_bytes(c, x));
    return;
  }
  x = ei_four_windows_twice(line, c->upper, c->lower, &y);
  vstrbq_scatter_offset_s32(out, at, ei_channel_bytes(c, x));
  vstrbq_scatter_offset_s32(out + s->row, at, ei_channel_bytes(c, y));
}

/* The first n of four bytes, scattered. Intrinsics would have the predicate copied for each use. */
EI_INLINE void ei_scatter_some(int8_t *out, uint32x4_t at, int32x4_t x, int32_t n) {
  __asm__ volatile("vctp.32 %[n]\n\tvpst\n\tvstrbt.32 %q[x], [%[out], %q[at]]"
                   :
                   : [n] "r"(n), [x] "w"(x), [out] "r"(out), [at] "w"(at)
                   : "p0", "memory");
}

/* Fewer than four columns of outputs; those of two rows share a vector. */
EI_INLINE void ei_few_columns(const int8_t *line, const ei_line_shape *s, const ei_channel *c,
                              int8_t *out, int32_t columns, int two_rows) {
  if (!two_rows) {
    const int32x4_t x = ei_channel_bytes(c, ei_four_windows(line, s->step, c->upper));
    ei_scatter_some(out, s->at, x, columns);
    return;
  }
  for (; columns > 0; columns -= 2, line += 2 * EI_COLUMN_BYTES, out += 2 * s->pitch) {
    const int32x4_t x = ei_channel_bytes(c, ei_two_windows_twice(line, c->upper, c->lower));
    ei_scatter_some(out, s->at_two, x, 2 * columns);
  }
}

/* A row of outputs of one channel, or two. */
EI_INLINE void ei_channel_line(const int8_t *line, const ei_filter_3x3 *f, int8_t *out,
                               const ei_line_shape *s, int two_rows) {
  const int8x16_t upper = vldrbq_z_s8(f->weights[0], EI_UPPER_BYTES);
  const ei_channel c = {upper,
                        vldrbq_z_s8(f->weights[0] - 1, EI_LOWER_BYTES),
                        (f->bias >> 1) - s->in_zero * vaddvq_s8(upper),
                        f->mult,
                        -f->weights[0][3],
                        s->out_zero};
  const uint32x4_t at = s->at;
  for (int32_t fours = s->count / 4; fours > 0; fours--) {
    ei_four_columns(line, s, &c, at, out, two_rows);
    line += 4 * s->step, out += 4 * s->pitch;
  }
  if (s->count & 3) ei_few_columns(line, s, &c, out, s->count & 3, two_rows);
}

/* Padding: the zero point, in `columns` of all four channels. */
EI_INLINE void ei_lines_pad(int8_t *tile, int32_t line, int32_t columns, int32_t zero) {
  for (int c = 0; c < EI_TILE_CHANNELS; c++, tile += line)
    ei_fill(tile, zero, columns * EI_COLUMN_BYTES);
}

/* The same in the rows of a mask. */
EI_NOINLINE void ei_lines_pad_rows(int8_t *tile, int32_t line, int32_t columns, int32_t zero,
                                   uint32_t outside) {
  for (int k = 0; k < 4; k++)
    for (int c = 0; c < EI_TILE_CHANNELS && (outside >> k & 1); c++)
      for (int32_t i = 0; i < columns; i++) tile[c * line + i * EI_COLUMN_BYTES + k] = (int8_t)zero;
}

EI_INLINE void ei_tile_run(const ei_strip *s, void *scratch, const ei_filter_3x3 *filters,
                           int8_t *out, int two_rows) {
  const int32_t channels = s->channels, stride = s->stride;
  /* The scratch has 16-bit numbers for so many columns: bytes for twice as many, but for what the
   * last vectors read beyond their windows. */
  int32_t most = (EI_TILE_COLUMNS - 3) / stride + 1;
  if (most > s->out_w) most = s->out_w;
  const int32_t room = 2 * ((most - 1) * stride + 3) - 4;
  if (room > 3 && (room - 3) / stride + 1 > most) most = (room - 3) / stride + 1;
  const uint32_t pitch = (uint32_t)channels, row = (uint32_t)s->out_w * pitch;
  const uint32_t two[4] = {0, row, pitch, row + pitch};
  ei_line_shape shape = {vmulq_n_u32(vidupq_n_u32(0, 1), pitch),
                         vldrwq_u32(two),
                         0,
                         stride * EI_COLUMN_BYTES,
                         channels,
                         s->out_w * channels,
                         s->in_zero,
                         s->out_zero};
  const int8_t *first = NULL; /* row inside the input */
  uint32_t outside = 0;
  for (int k = 0; k < 3 + two_rows; k++) {
    if (s->rows[k] == NULL)
      outside |= 1u << k;
    else if (first == NULL)
      first = s->rows[k];
  }
  const ei_line_rows sources = ei_line_rows_of(s->rows, first);
  for (int32_t x = 0; x < s->out_w; x += shape.count, out += shape.count * channels) {
    shape.count = s->out_w - x < most ? s->out_w - x : most;
    const int32_t columns = (shape.count - 1) * stride + 3, line = (columns + 1) * EI_COLUMN_BYTES;
    const int32_t left = x * stride - s->pad, before = left < 0 ? -left : 0;
    const int32_t after = left + columns > s->in_w ? left + columns - s->in_w : 0;
    const int32_t inside = columns - before - after;
    const int8_t *from = first + (left + before) * channels;
    int8_t *const tile = scratch, *const to = tile + before * EI_COLUMN_BYTES;
    if (before) ei_lines_pad(tile, line, before, s->in_zero);
    if (after) ei_lines_pad(to + inside * EI_COLUMN_BYTES, line, after, s->in_zero);
    for (int32_t done = 0; done < channels; done += EI_TILE_CHANNELS) {
      /* The last four channels may be some of those before them again. */
      const int32_t last = channels - EI_TILE_CHANNELS, channel = done < last ? done : last;
      ei_lines_put(to, line, &sources, from + channel, channels, inside);
      if (outside) ei_lines_pad_rows(to, line, inside, s->in_zero, outside);
      for (int32_t i = done - channel; i < EI_TILE_CHANNELS; i++)
        ei_channel_line(tile + i * line, filters + channel + i, out + channel + i, &shape,
                        two_rows);
    }
  }
}

#endif
