/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops over filters in pairs for any C99 compiler. Columns are bytes, one column after the
 * other, in the weights' order.
 */
#ifndef EI_ISA_PORTABLE_PAIRS_H
#define EI_ISA_PORTABLE_PAIRS_H

#ifndef EI_PAIR_BLOCK
/* Elements [at, at + n) of column j of a block of EI_COLUMNS columns of `inputs` each; at and n are
 * multiples of 4. */
EI_NOINLINE void ei_column_put(void *block, int32_t inputs, int32_t j, int32_t at,
                               const int8_t *from, int32_t n) {
  int8_t *to = (int8_t *)block + j * inputs + at;
  for (; n > 0; n -= 4, to += 4, from += 4)
    to[0] = from[0], to[1] = from[2], to[2] = from[1], to[3] = from[3];
}

/* Element `at` of column j. */
EI_INLINE void ei_column_set(void *block, int32_t inputs, int32_t j, int32_t at, int32_t value) {
  ((int8_t *)block)[j * inputs + (at & ~3) + (at >> 1 & 1) + (at << 1 & 2)] = (int8_t)value;
}

/* The same of all columns, `step` bytes from one to the next, for `rows` times n elements, which
 * lie `apart` bytes apart. */
EI_NOINLINE void ei_columns_put(void *block, int32_t inputs, int32_t at, const int8_t *from,
                                int32_t step, int32_t n, int32_t rows, int32_t apart) {
  for (; rows > 0; rows--, from += apart, at += n)
    for (int32_t j = 0; j < EI_COLUMNS; j++)
      ei_column_put(block, inputs, j, at, from + j * step, n);
}

/* All columns of a block by one record's two filters: the sum of column j by filter 0 in acc[j], by
 * filter 1, times 256, in acc[EI_COLUMNS + j]. */
EI_INLINE void ei_dot_pair_block(const void *block, const int16_t *w, int32_t inputs,
                                 int32_t acc[2 * EI_COLUMNS]) {
  const int8_t *a = block;
  for (int j = 0; j < EI_COLUMNS; j++, a += inputs) {
    uint32_t s = 0, t = 0;
    for (int32_t i = 0; i < inputs; i++) {
      const int32_t x = a[i], v = w[i], w0 = (int8_t)(v & 0xFF);
      s += (uint32_t)(x * w0), t += (uint32_t)(x * (v - w0));
    }
    acc[j] = (int32_t)s, acc[EI_COLUMNS + j] = (int32_t)t;
  }
}
#endif

#ifndef EI_PAIR_QUADS
/* The sums of a vector by two records' four filters over n inputs, a multiple of 4. */
EI_INLINE void ei_pair_quads(const int8_t *vector, const int16_t *first, const int16_t *second,
                             int32_t n, uint32_t sums[4]) {
  const int16_t *w = first;
  for (int p = 0; p < 2; p++, w = second) {
    uint32_t s = 0, t = 0;
    for (const int8_t *a = vector, *const end = a + n; a != end; a += 4, w += 4)
      for (int i = 0; i < 4; i++) {
        /* The two middle ones of four are swapped. */
        const int32_t x = a[(i >> 1) | (i << 1 & 2)], v = w[i], w0 = (int8_t)(v & 0xFF);
        s += (uint32_t)(x * w0), t += (uint32_t)(x * ((v - w0) >> 8));
      }
    sums[2 * p] = s, sums[2 * p + 1] = t;
  }
}
#endif

/* One vector of n bytes by two records' four filters: the sums, of second filters times 256. The
 * records' weights are passed. */
EI_INLINE void ei_dot_pairs(const int8_t *a, const int16_t **first, const int16_t **second,
                            int32_t n, int32_t acc[4]) {
  const int16_t *const w = *first, *const v = *second;
  uint32_t sums[4] = {0, 0, 0, 0};
  const int32_t whole = n & ~3;
  if (whole > 0) ei_pair_quads(a, w, v, whole, sums);
  if (whole < n) {
    int8_t last[4] = {a[whole], 0, 0, 0};
    uint32_t more[4];
    for (int32_t i = whole + 1; i < n; i++) last[i - whole] = a[i];
    ei_pair_quads(last, w + whole, v + whole, 4, more);
    for (int c = 0; c < 4; c++) sums[c] += more[c];
  }
  *first += ei_pair_inputs(n), *second += ei_pair_inputs(n);
  for (int c = 0; c < 4; c++) acc[c] = (int32_t)(c & 1 ? sums[c] << 8 : sums[c]);
}

#endif
