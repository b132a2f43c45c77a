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

/* Adds the sums of both channels over n inputs in the weights' order, and doubles. */
EI_INLINE void ei_pair_dot(const int8_t *a, const ei_pair *pair, int32_t n, int32_t *acc0,
                           int32_t *acc1) {
  const int16_t *w = (const void *)(pair + 1);
  uint32_t s = 0, t = 0;
  for (int32_t i = 0; i < n; i++) {
    const int32_t x = a[i], v = w[i], w0 = (int8_t)(v & 0xFF);
    s += (uint32_t)(x * w0);
    t += (uint32_t)(x * ((v - w0) >> 8));
  }
  *acc0 = (int32_t)((uint32_t)pair->bias[0] + 2 * s);
  *acc1 = (int32_t)((uint32_t)pair->bias[1] + 2 * t);
}

/* All columns of a block by one record's two filters: acc[EI_COLUMNS c + j] = twice (bias[c] +
 * sum). */
EI_INLINE void ei_dot_pair_block(const void *block, const ei_pair *pair, int32_t inputs,
                                 int32_t acc[2 * EI_COLUMNS]) {
  const int8_t *a = block;
  for (int j = 0; j < EI_COLUMNS; j++, a += inputs)
    ei_pair_dot(a, pair, inputs, acc + j, acc + EI_COLUMNS + j);
}
#endif

/* One vector of n bytes by a record's two filters: acc[c] = twice (bias + sum). */
EI_INLINE void ei_pair_vector(const int8_t *a, const ei_pair *pair, int32_t n, int32_t acc[2]) {
  const int16_t *w = (const void *)(pair + 1);
  uint32_t s = 0, t = 0;
#define EI_INPUT(from, at)                                         \
  {                                                                \
    const int32_t x = a[from], v = w[at], w0 = (int8_t)(v & 0xFF); \
    s += (uint32_t)(x * w0), t += (uint32_t)(x * ((v - w0) >> 8)); \
  }
  for (const int8_t *const end = a + (n & ~3); a != end; a += 4, w += 4) {
    EI_INPUT(0, 0)
    EI_INPUT(2, 1)
    EI_INPUT(1, 2)
    EI_INPUT(3, 3)
  }
  if ((n & 3) > 0) EI_INPUT(0, 0)
  if ((n & 3) > 2) EI_INPUT(2, 1)
  if ((n & 3) > 1) EI_INPUT(1, 2)
#undef EI_INPUT
  acc[0] = (int32_t)((uint32_t)pair->bias[0] + 2 * s);
  acc[1] = (int32_t)((uint32_t)pair->bias[1] + 2 * t);
}

/* One vector of n bytes by two records' four filters: acc[c] = twice (bias + sum). */
EI_INLINE void ei_dot_pairs(const int8_t *a, const ei_pair *first, const ei_pair *second, int32_t n,
                            int32_t acc[4]) {
  for (int p = 0; p < 2; p++, first = second) ei_pair_vector(a, first, n, acc + 2 * p);
}

#endif
