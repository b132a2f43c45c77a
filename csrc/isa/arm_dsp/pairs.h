/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops over filters in pairs. Columns are widened once, to 16 bits: for each two inputs a word
 * of each column, the four columns side by side. A word of weights, two inputs of two channels, is
 * itself one factor, and its SXTB16 the other.
 */
#ifndef EI_ISA_ARM_DSP_PAIRS_H
#define EI_ISA_ARM_DSP_PAIRS_H

/* Elements [at, at + n) of column j of a block of EI_COLUMNS columns of `inputs` each; at and n are
 * multiples of 4. */
EI_NOINLINE void ei_column_put(void *block, int32_t inputs, int32_t j, int32_t at,
                               const int8_t *from, int32_t n) {
  (void)inputs;
  uint32_t *to = (uint32_t *)block + 2 * at + j;
  for (const int8_t *const end = from + n; from != end; from += 4, to += 2 * EI_COLUMNS) {
    const uint32_t x = ei_load4(from);
    to[0] = ei_sxtb16(x), to[EI_COLUMNS] = ei_sxtb16_ror8(x);
  }
}

/* Element `at` of column j. */
EI_INLINE void ei_column_set(void *block, int32_t inputs, int32_t j, int32_t at, int32_t value) {
  (void)inputs;
  const int32_t word = 2 * (at & ~3) + (at & 1 ? EI_COLUMNS : 0) + j;
  ((int16_t *)block)[2 * word + (at >> 1 & 1)] = (int16_t)value;
}

/* The same of all columns, `step` bytes from one to the next, for `rows` times n elements, which
 * lie `apart` bytes apart. */
EI_NOINLINE void ei_columns_put(void *block, int32_t inputs, int32_t at, const int8_t *from,
                                int32_t step, int32_t n, int32_t rows, int32_t apart) {
  (void)inputs;
  uint32_t *to = (uint32_t *)block + 2 * at;
  const int32_t third = 3 * step;
  for (apart -= n; rows > 0; rows--, from += apart)
    for (const int8_t *const end = from + n; from != end; from += 4, to += 2 * EI_COLUMNS) {
      const uint32_t a = ei_load4(from), b = ei_load4(from + step);
      const uint32_t c = ei_load4(from + 2 * step), d = ei_load4(from + third);
      ei_store_two_at(to, 0, ei_sxtb16(a), ei_sxtb16(b));
      ei_store_two_at(to, 8, ei_sxtb16(c), ei_sxtb16(d));
      ei_store_two_at(to, 16, ei_sxtb16_ror8(a), ei_sxtb16_ror8(b));
      ei_store_two_at(to, 24, ei_sxtb16_ror8(c), ei_sxtb16_ror8(d));
    }
}

/* One input of each of three rows, of all columns, as the four inputs of a word of weights, whose
 * fourth weight is 0: any number goes there. */
#define EI_THREE_TAILS
EI_INLINE void ei_three_tails_put(void *block, int32_t at, const int8_t *from, int32_t step,
                                  int32_t apart) {
  uint32_t *to = (uint32_t *)block + 2 * at;
  for (int j = 0; j < EI_COLUMNS; j++, to++, from += step) {
    to[0] = ei_pkhbt((uint32_t)from[0], (uint32_t)from[2 * apart]);
    to[EI_COLUMNS] = (uint32_t)from[apart];
  }
}

EI_INLINE int32_t ei_minus(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }

/* All columns of a block by one record's two filters: the sum of column j by filter 0 in acc[j], by
 * filter 1, times 256, in acc[EI_COLUMNS + j]. */
EI_INLINE void ei_dot_pair_block(const void *block, const int16_t *weights, int32_t inputs,
                                 int32_t acc[2 * EI_COLUMNS]) {
  const uint32_t *x = block, *w = (const void *)weights;
  /* Fourteen values live at a time, as many as there are registers; so the end is in memory. */
  const uint32_t *volatile end = x + 2 * inputs;
  int32_t s0, s1, s2, s3, t0, t1, t2, t3;
  uint32_t v, u, a, b;
  w = ei_load_one(w, &v);
  u = ei_sxtb16(v);
  x = ei_load_two(x, &a, &b);
  s0 = ei_smuad(a, u), t0 = ei_smuad(a, v);
  s1 = ei_smuad(b, u), t1 = ei_smuad(b, v);
  x = ei_load_two(x, &a, &b);
  s2 = ei_smuad(a, u), t2 = ei_smuad(a, v);
  s3 = ei_smuad(b, u), t3 = ei_smuad(b, v);
#define EI_TWO_INPUTS                               \
  w = ei_load_one(w, &v);                           \
  u = ei_sxtb16(v);                                 \
  x = ei_load_two(x, &a, &b);                       \
  s0 = ei_smlad(a, u, s0), t0 = ei_smlad(a, v, t0); \
  s1 = ei_smlad(b, u, s1), t1 = ei_smlad(b, v, t1); \
  x = ei_load_two(x, &a, &b);                       \
  s2 = ei_smlad(a, u, s2), t2 = ei_smlad(a, v, t2); \
  s3 = ei_smlad(b, u, s3), t3 = ei_smlad(b, v, t3)
  EI_TWO_INPUTS;
  if (!(inputs & 4)) {
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
  }
  /* Sixteen inputs at a time: the way back costs as much as two. */
  if ((inputs - 4) & 8) {
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
  }
  while (x != end) {
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
    EI_TWO_INPUTS;
  }
#undef EI_TWO_INPUTS
  t0 = ei_minus(t0, s0), t1 = ei_minus(t1, s1), t2 = ei_minus(t2, s2), t3 = ei_minus(t3, s3);
  /* Here, not later: that would keep eight sums alive besides the differences. */
  __asm__ volatile("" : "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3));
  acc[0] = s0, acc[1] = s1, acc[2] = s2, acc[3] = s3;
  acc[4] = t0, acc[5] = t1, acc[6] = t2, acc[7] = t3;
}

/* One vector of n bytes by two records' four filters: the sums, of second filters times 256. The
 * records' weights are passed. */
EI_INLINE void ei_dot_pairs(const int8_t *a, const int16_t **first, const int16_t **second,
                            int32_t n, int32_t acc[4]) {
  const uint32_t *w = (const void *)*first, *v = (const void *)*second;
  int32_t s0 = 0, t0 = 0, s1 = 0, t1 = 0;
  uint32_t even, odd, p, q;
#define EI_FOUR_INPUTS                                               \
  odd = ei_sxtb16_ror8(even), even = ei_sxtb16(even);                \
  w = ei_load_two(w, &p, &q);                                        \
  t0 = ei_smlad(even, p, t0), s0 = ei_smlad(even, ei_sxtb16(p), s0); \
  t0 = ei_smlad(odd, q, t0), s0 = ei_smlad(odd, ei_sxtb16(q), s0);   \
  v = ei_load_two(v, &p, &q);                                        \
  t1 = ei_smlad(even, p, t1), s1 = ei_smlad(even, ei_sxtb16(p), s1); \
  t1 = ei_smlad(odd, q, t1), s1 = ei_smlad(odd, ei_sxtb16(q), s1)
  const int8_t *const end = a + (n & ~3);
  if (n & 4) {
    even = ei_load4(a), a += 4;
    EI_FOUR_INPUTS;
  }
  while (a != end) {
    even = ei_load4(a), a += 4;
    EI_FOUR_INPUTS;
    even = ei_load4(a), a += 4;
    EI_FOUR_INPUTS;
  }
  if (n & 3) {
    int8_t last[4] = {a[0], 0, 0, 0};
    if (n & 2) last[1] = a[1];
    if ((n & 3) == 3) last[2] = a[2];
    even = ei_load4(last);
    EI_FOUR_INPUTS;
  }
#undef EI_FOUR_INPUTS
  *first = (const void *)w, *second = (const void *)v;
  acc[0] = s0, acc[1] = ei_minus(t0, s0);
  acc[2] = s1, acc[3] = ei_minus(t1, s1);
}

#endif
