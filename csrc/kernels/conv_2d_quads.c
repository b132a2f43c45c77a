/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D as conv_2d.c has it, for filters in quads (isa/quads.h). Windows are read where they lie,
 * in the input or in a copy of the rows that they share, padding included; only if their rows are
 * no multiple of 16 bytes they are gathered.
 */
#include "conv.h"
#include "quads.h"

typedef struct {
  uint32_t weights; /* data offset: ei_quad_group and weights, for each 16 channels */
  ei_conv conv;
} ei_conv_2d_quads_params;

enum { GATHER = 8 /* windows at a time */ };

EI_INLINE int32_t window_bytes(const ei_conv *p) { return p->k_h * p->k_w * p->in_c; }

/* Whether windows can be read as they lie, one row of taps a part. */
EI_INLINE int is_whole(const ei_conv *p) {
  return p->dil_w == 1 && (p->k_h == 1 || p->k_w * p->in_c % EI_QUAD_PART == 0);
}

/* Columns that a row of outputs reads, padding included. */
EI_INLINE int64_t columns(const ei_conv *p) {
  return (p->out_w - INT64_C(1)) * p->stride_w + ei_span(p->k_w, p->dil_w);
}

/* Whether some windows reach over the left or right edge. */
EI_INLINE int is_padded(const ei_conv *p) { return p->pad_left > 0 || columns(p) > p->in_w; }

/* A row of the input with its padding. */
static void put_row(const ei_conv *p, const ei_call *c, int32_t iy, int8_t *to) {
  const int32_t in_c = p->in_c, width = (int32_t)columns(p), left = p->pad_left;
  const int32_t end = left + p->in_w < width ? left + p->in_w : width;
  const int zero = p->in_zero;
  if (iy < 0 || iy >= p->in_h) {
    memset(to, zero, (size_t)(width * in_c));
    return;
  }
  const int8_t *row = (const int8_t *)c->in[0] + (iy - c->in_y0) * p->in_w * in_c;
  memset(to, zero, (size_t)(left * in_c));
  /* An image that was not made by our planner may have its scratch over the input. */
  memmove(to + left * in_c, row, (size_t)((end - left) * in_c));
  memset(to + end * in_c, zero, (size_t)((width - end) * in_c));
}

/* The rows of taps under the outputs of row y; those that the row before had are moved up. */
static void put_rows(const ei_conv *p, const ei_call *c, int32_t y, int32_t pitch, int has_last,
                     int8_t *rows) {
  const int32_t top = y * p->stride_h - p->pad_top, stride = p->stride_h;
  const int32_t kept = has_last && p->dil_h == 1 && stride < p->k_h ? p->k_h - stride : 0;
  if (kept > 0) memmove(rows, rows + stride * pitch, (size_t)(kept * pitch));
  for (int32_t ky = kept; ky < p->k_h; ky++) put_row(p, c, top + ky * p->dil_h, rows + ky * pitch);
}

/* What a window is made of: rows of pieces of `bytes` bytes, `apart` and `pitch` bytes apart. */
typedef struct {
  int32_t rows, pieces, bytes, apart, pitch;
} pieces;

EI_INLINE pieces pieces_of(const ei_conv *p, int32_t pitch) {
  const int32_t row = p->k_w * p->in_c, apart = p->dil_w * p->in_c;
  const pieces joined = {p->k_h, 1, row, 0, pitch}, w = {p->k_h, p->k_w, p->in_c, apart, pitch};
  return p->dil_w == 1 ? joined : w;
}

/* A window's bytes one after the other. Up to 15 bytes more are read and written. */
EI_INLINE void gather(pieces w, const int8_t *from, int8_t *to) {
  if (w.pieces == 1 && w.bytes <= EI_QUAD_PART) { /* a first layer's rows: no loops within */
    for (; w.rows > 0; w.rows--, from += w.pitch, to += w.bytes) {
      int8_t part[EI_QUAD_PART]; /* as in put_row, the two may overlap */
      memcpy(part, from, EI_QUAD_PART);
      memcpy(to, part, EI_QUAD_PART);
    }
    return;
  }
  for (; w.rows > 0; w.rows--, from += w.pitch) {
    const int8_t *piece = from;
    for (int32_t left = w.pieces; left > 0; left--, piece += w.apart, to += w.bytes) {
      for (int32_t i = 0; i < w.bytes; i += EI_QUAD_PART) {
        int8_t part[EI_QUAD_PART];
        memcpy(part, piece + i, EI_QUAD_PART);
        memcpy(to + i, part, EI_QUAD_PART);
      }
    }
  }
}

void ei_conv_2d_quads_run(const ei_call *c) {
  const ei_conv_2d_quads_params *params = c->params;
  const ei_conv *p = &params->conv;
  const int32_t n = window_bytes(p), out_c = p->out_c, in_c = p->in_c;
  const int32_t out_w = p->out_w, apart = p->stride_w * in_c, total = (c->y1 - c->y0) * out_w;
  const ei_quads quads = {c->data + params->weights, n, out_c, p->out_zero};
  if (ei_conv_is_direct(p)) {
    ei_quads_all(&quads, ei_conv_direct(p, c), total, c->out);
    ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
    return;
  }
  const int whole = is_whole(p), copied = !whole || is_padded(p);
  const int32_t width = (int32_t)columns(p), span = (p->k_h - INT32_C(1)) * p->dil_h;
  int8_t *const copy = c->scratch, *const windows = copy + p->k_h * width * in_c + EI_QUAD_PART;
  int8_t *out = c->out, *to = windows;
  int32_t held = -1; /* the row of outputs whose first rows of taps are copied already */
  ei_vectors v = {windows, 0, n, 1, n, 0};
  for (int32_t y = c->y0; y < c->y1; y++) {
    const int32_t top = y * p->stride_h - p->pad_top;
    const int8_t *rows = copy;
    int32_t pitch = width * in_c;
    if (copied || top < 0 || top + span >= p->in_h) {
      put_rows(p, c, y, pitch, held == y, copy);
      held = y + 1;
    } else {
      rows = (const int8_t *)c->in[0] + (top - c->in_y0) * p->in_w * in_c;
      pitch = p->in_w * in_c * p->dil_h;
    }
    const pieces w = pieces_of(p, pitch);
    for (int32_t x = 0; x < out_w;) {
      if (whole) {
        const int32_t left = out_w - x;
        const int32_t count = left < EI_QUAD_BLOCK ? left : EI_QUAD_BLOCK;
        const ei_vectors some = {rows + x * apart, count, apart, w.rows, w.bytes, pitch};
        ei_quads_run(&quads, &some, out);
        x += count, out += count * out_c;
        continue;
      }
      gather(w, rows + x++ * apart, to);
      to += n;
      if (++v.count < GATHER && (x < out_w || y + 1 < c->y1)) continue;
      ei_quads_run(&quads, &v, out);
      out += v.count * out_c, to = windows, v.count = 0;
    }
  }
  ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
}

/* Bytes of the copied rows. */
EI_INLINE uint64_t copied_bytes(const ei_conv *p) {
  return (uint64_t)columns(p) * p->k_h * p->in_c + EI_QUAD_PART;
}

int ei_conv_2d_quads_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_2d_quads_params, p, c, need);
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  const uint32_t n = (uint32_t)window_bytes(&p->conv);
  return copied_bytes(&p->conv) <= INT32_MAX / 2 &&
                 ei_quads_ok(c, need, p->weights, n, p->conv.out_c)
             ? EI_OK
             : EI_ERR_PARAMS;
}

uint32_t ei_conv_2d_quads_scratch(const void *params) {
  const ei_conv *p = &((const ei_conv_2d_quads_params *)params)->conv;
  const uint64_t rows = copied_bytes(p), n = (uint64_t)p->k_h * p->k_w * p->in_c;
  if (ei_conv_is_direct(p)) return 0;
  const uint64_t bytes = rows + (is_whole(p) ? 0 : GATHER * n + EI_QUAD_PART);
  return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}
