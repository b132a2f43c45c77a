/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D as conv_2d.c has it, for filters in pairs (isa/pairs.h): four pixels by two channels at a
 * time. The windows of the four are widened into the scratch once for all channels.
 *
 * Where windows lie in the input one after the other, filters have the order of their bytes.
 * Elsewhere words of each of a window's rows come first, then the tails, what is left of all rows:
 * so words stay words, whatever the length of a row. Where that takes no more inputs, the last word
 * of each row is filled up instead.
 *
 * Scratch: the block, or a vector where there are fewer windows; a row; where a row is no whole
 * words, the tails of four windows or a vector.
 */
#include "conv.h"
#include "pairs.h"

typedef struct {
  uint32_t weights; /* data offset: the stream of isa/pairs.h */
  ei_conv conv;
} ei_conv_2d_pairs_params;

EI_INLINE int32_t row_bytes(const ei_conv *p) { return p->k_w * p->in_c; }
EI_INLINE int32_t window_bytes(const ei_conv *p) { return p->k_h * row_bytes(p); }

/* Inputs of a record that a row's words fill: the row may be shorter, or have a tail. */
EI_INLINE int32_t word_inputs(const ei_conv *p) {
  const int32_t n = row_bytes(p), filled = ei_pair_inputs(n);
  return p->k_h * filled == ei_pair_inputs(p->k_h * n) ? filled : n & ~3;
}

/* Inputs that the tails fill. */
EI_INLINE int32_t tail_inputs(const ei_conv *p) {
  return ei_pair_inputs(window_bytes(p)) - p->k_h * word_inputs(p);
}

EI_INLINE int8_t *copy_tail(int8_t *to, const int8_t *row, int32_t words, int32_t n) {
  for (; words < n; words++) *to++ = row[words];
  return to;
}

/* The window of output (y, x) as one vector; `spare` has room for a row. */
EI_NOINLINE void put_vector(const ei_conv *p, const ei_call *c, int32_t y, int32_t x, int8_t *to,
                            int8_t *spare) {
  const int32_t n = row_bytes(p), words = word_inputs(p), apart = p->in_w * p->in_c * p->dil_h;
  const int8_t *from = ei_conv_inside(p, c, y, x);
  int8_t *tail = to + p->k_h * words;
  for (int32_t ky = 0; ky < p->k_h; ky++, to += words) {
    if (words >= n && from == NULL) {
      ei_conv_gather_row(p, c, y, x, ky, to);
      continue;
    }
    if (from == NULL) ei_conv_gather_row(p, c, y, x, ky, spare);
    const int8_t *const row = from == NULL ? spare : from;
    if (words) ei_conv_copy(to, row, words < n ? words : n);
    tail = copy_tail(tail, row, words, n);
    if (from != NULL) from += apart;
  }
}

/* The window of output (y, x) as column j of the block; `spare` is the scratch behind it. */
EI_NOINLINE void put_window(const ei_conv *p, const ei_call *c, int32_t y, int32_t x, int32_t j,
                            int8_t *spare) {
  const int32_t n = row_bytes(p), inputs = ei_pair_inputs(window_bytes(p));
  if (n % 4 != 0) {
    int8_t *const vector = spare + ei_pair_inputs(n);
    put_vector(p, c, y, x, vector, spare);
    ei_column_put(c->scratch, inputs, j, 0, vector, inputs);
    return;
  }
  const int8_t *from = ei_conv_inside(p, c, y, x);
  const int32_t apart = p->in_w * p->in_c * p->dil_h;
  for (int32_t at = 0, ky = 0; at != inputs; at += n, ky++) {
    if (from == NULL) ei_conv_gather_row(p, c, y, x, ky, spare);
    ei_column_put(c->scratch, inputs, j, at, from == NULL ? spare : from, n);
    if (from != NULL) from += apart;
  }
}

#ifndef EI_SMALL
/* What is left of the rows of four windows, `count` bytes of each from `from` on, as four vectors.
 */
EI_INLINE void put_tails(int8_t *to, int32_t pitch, const int8_t *from, int32_t step, int32_t count,
                         int32_t rows, int32_t apart) {
  for (; rows > 0; rows--, from += apart)
    for (int32_t i = 0; i < count; i++, to++) {
      const int8_t *const at = from + i;
      to[0] = at[0], to[pitch] = at[step];
      to[2 * pitch] = at[2 * step], to[3 * pitch] = at[3 * step];
    }
}

/* The same as inputs [at, at + pitch) of the block. */
EI_INLINE void put_rest(void *block, int32_t at, int8_t *tails, int32_t pitch, const int8_t *from,
                        int32_t step, int32_t count, int32_t rows, int32_t apart) {
#ifdef EI_THREE_TAILS
  if (rows == 3 && count == 1) {
    ei_three_tails_put(block, at, from, step, apart);
    return;
  }
#endif
  put_tails(tails, pitch, from, step, count, rows, apart);
  ei_columns_put(block, at + pitch, at, tails, pitch, pitch, 1, 0);
}

/* The zero point for what four windows in the block have beside the input; the first begins at
 * column `left`. */
EI_NOINLINE void pad_block(const ei_conv *p, void *block, int32_t left) {
  const int32_t n = row_bytes(p), words = word_inputs(p), rest = n - words, in_c = p->in_c;
  const int32_t k_h = p->k_h, inputs = ei_pair_inputs(window_bytes(p)), row = p->in_w * in_c;
  int32_t first = left * in_c;
  for (int32_t j = 0; j < EI_COLUMNS; j++, first += p->stride_w * in_c) {
    const int32_t end = first + n > row ? n : -first; /* of what lies before the row, or behind */
    for (int32_t i = first < 0 ? 0 : row - first; i < end; i++) {
      int32_t at = i < words ? i : k_h * words + i - words;
      for (int32_t k = k_h; k > 0; k--, at += i < words ? words : rest)
        ei_column_set(block, inputs, j, at, p->in_zero);
    }
  }
}

/* Outputs of four windows from (y, x) on, and of those behind them in the row: as many as are made
 * of rows inside the input. Returns how many they are. What four windows read beside the input is a
 * part of the row before or behind, which must be there. */
EI_NOINLINE int32_t run_row(const ei_conv *p, const ei_call *c, int32_t y, int32_t x, ei_pairs *f,
                            int8_t *out, int8_t *spare) {
  const int32_t in_w = p->in_w, stride = p->stride_w, top = y * p->stride_h - p->pad_top;
  const int32_t bottom = top + (p->k_h - INT32_C(1)) * p->dil_h;
  const int32_t n = row_bytes(p), words = word_inputs(p), step = stride * p->in_c;
  const int32_t room = in_w + p->pad_left - p->k_w, windows = room < 0 ? 0 : room / stride + 1;
  int32_t left = x * stride - p->pad_left, last = p->out_w - EI_COLUMNS;
  if (p->dil_w != 1 || p->k_w + 3 > in_w || top < 0 || bottom >= p->in_h) return 0;
  if (left < 0 && top <= c->in_y0) return 0;
  if (y + 1 >= c->y1 || bottom + 1 >= p->in_h) {
    /* Rows whose last word is filled up are read for up to three bytes more. */
    const int32_t less = words > n ? room - 3 : room;
    const int32_t inside = less < 0 ? 0 : less / stride + 1;
    if (inside - EI_COLUMNS < last) last = inside - EI_COLUMNS;
  }
  const int32_t inputs = ei_pair_inputs(window_bytes(p)), apart = in_w * p->in_c * p->dil_h;
  const int32_t k_h = p->k_h, pitch = tail_inputs(p), out_c = p->out_c, from_x = x;
  int8_t *const tails = spare + ei_pair_inputs(n);
  const int8_t *from = (const int8_t *)c->in[0] + ((top - c->in_y0) * in_w + left) * p->in_c;
  for (; x <= last; x += EI_COLUMNS) {
    if (words) ei_columns_put(c->scratch, inputs, 0, from, step, words, k_h, apart);
    if (pitch)
      put_rest(c->scratch, k_h * words, tails, pitch, from + words, step, n - words, k_h, apart);
    if (left < 0 || x + EI_COLUMNS > windows) pad_block(p, c->scratch, left);
    ei_pairs_block(c->scratch, inputs, f, out);
    from += EI_COLUMNS * step, left += EI_COLUMNS * stride, out += EI_COLUMNS * out_c;
  }
  return x - from_x;
}

#endif

EI_INLINE int few_windows(const ei_conv *p) { return (uint32_t)p->out_h * p->out_w < EI_COLUMNS; }

/* Bytes of the scratch before the row. */
EI_INLINE int32_t block_bytes(const ei_conv *p) {
  return (few_windows(p) ? 1 : EI_BLOCK_BYTES) * ei_pair_inputs(window_bytes(p));
}

/* The next four windows as the block; x and y go on behind them. */
EI_INLINE void put_block(const ei_conv *p, const ei_call *c, int32_t *y, int32_t *x,
                         int8_t *spare) {
  for (int32_t j = 0; j < EI_COLUMNS; j++) {
    put_window(p, c, *y, *x, j, spare);
    if (++*x == p->out_w) *x = 0, *y += 1;
  }
}

/* Whether the call's outputs up to `end` lie beside the input from `from` on. */
EI_INLINE int beside(const ei_conv *p, const ei_call *c, const int8_t *from, const int8_t *end) {
  const int8_t *const stop = (const int8_t *)c->in[0] + (p->in_h - c->in_y0) * p->in_w * p->in_c;
  return (uintptr_t)end <= (uintptr_t)from || (uintptr_t)c->out >= (uintptr_t)stop;
}

void ei_conv_2d_pairs_run(const ei_call *c) {
  const ei_conv_2d_pairs_params *params = c->params;
  const ei_conv *p = &params->conv;
  ei_pairs f = ei_pairs_at(c->data + params->weights, p->out_c, p->out_zero);
  const int32_t n = window_bytes(p), inputs = ei_pair_inputs(n), out_c = p->out_c;
  const int32_t total = (c->y1 - c->y0) * p->out_w;
  int8_t *const spare = (int8_t *)c->scratch + block_bytes(p);
  const int8_t *a = ei_conv_is_direct(p) ? ei_conv_direct(p, c) : NULL;
  int8_t *out = c->out;
  const int few = few_windows(p);
  int32_t y = c->y0, x = 0, left = total;
  ei_pairs_prepare(&f, c->scratch, n);

  while (left >= EI_COLUMNS || (left > 1 && total >= EI_COLUMNS)) {
    if (left < EI_COLUMNS) {
      /* With windows before them they are a block again, if those can still be read. */
      const int32_t back = EI_COLUMNS - left;
      if (!beside(p, c, a == NULL ? c->in[0] : a - back * n, out)) break;
      out -= back * out_c, left = EI_COLUMNS;
      if (a != NULL) a -= back * n;
      for (x -= back; x < 0; x += p->out_w) y--;
    }
    if (a == NULL) {
#ifndef EI_SMALL
      const int32_t made = run_row(p, c, y, x, &f, out, spare);
      if (made) {
        left -= made, out += made * out_c, x += made;
        if (x == p->out_w) x = 0, y++;
        continue;
      }
#endif
      put_block(p, c, &y, &x, spare);
    } else if (n % 4 == 0) {
      ei_columns_put(c->scratch, inputs, 0, a, n, n, 1, 0);
      a += EI_COLUMNS * n;
    } else {
      for (int32_t j = 0; j < EI_COLUMNS; j++, a += n) {
        ei_conv_copy(spare, a, n);
        ei_column_put(c->scratch, inputs, j, 0, spare, inputs);
      }
    }
    ei_pairs_block(c->scratch, n, &f, out);
    left -= EI_COLUMNS, out += EI_COLUMNS * out_c;
  }
  for (; left > 0; left--, out += out_c) {
    const int8_t *vector = a;
    if (a == NULL) {
      put_vector(p, c, y, x, c->scratch, spare);
      vector = c->scratch;
      if (++x == p->out_w) x = 0, y++;
    } else {
      /* As in a block, all is read before the first output takes its place. */
      if (!few) vector = c->scratch, ei_conv_copy(c->scratch, a, n);
      a += n;
    }
    ei_pairs_vector(vector, a == NULL ? inputs : n, &f, out);
  }
  ei_clamp_all(c->out, total * out_c, p->act_min, p->act_max);
}

int ei_conv_2d_pairs_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_conv_2d_pairs_params, p, c, need);
  const int result = ei_conv_check(c, &p->conv, need);
  if (result != EI_OK) return result;
  const uint32_t n = (uint32_t)window_bytes(&p->conv);
  return ei_pairs_ok(c, need, p->weights, n, p->conv.out_c) ? EI_OK : EI_ERR_PARAMS;
}

uint32_t ei_conv_2d_pairs_scratch(const void *params) {
  const ei_conv *p = &((const ei_conv_2d_pairs_params *)params)->conv;
  const int32_t n = window_bytes(p), block = block_bytes(p);
  if (!ei_conv_is_direct(p)) {
    const int32_t tails = EI_COLUMNS * tail_inputs(p), vector = ei_pair_inputs(n);
    const int32_t more = few_windows(p) || row_bytes(p) % 4 == 0 ? 0 : vector;
    return (uint32_t)(block + ei_pair_inputs(row_bytes(p)) + (more && tails > more ? tails : more));
  }
  if (few_windows(p)) return 0;
  return (uint32_t)(block + (n % 4 != 0 ? ei_pair_inputs(n) : 0));
}
