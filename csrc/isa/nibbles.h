/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters of 4-bit weights: a record is the weights of two output channels, n rounded up to a
 * multiple of 4 inputs (zeros fill it), a byte to each input: the first channel's in its low bits,
 * the second one's in its high bits. With n < 2^16, 16 times a sum is below 2^31.
 */
#ifndef EI_ISA_NIBBLES_H
#define EI_ISA_NIBBLES_H

/* Bytes of a record. */
static inline int32_t ei_nibble_bytes(int32_t n) { return (n + 3) & ~3; }

#ifndef EI_NIBBLES
/* The sums of one vector of n bytes by a record's two filters. */
EI_INLINE void ei_dot_nibbles_two(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[2]) {
  int32_t s = 0, t = 0;
  for (const int8_t *const end = a + n; a != end;) {
    const int32_t x = *a++, both = *w++, low = ((both & 15) ^ 8) - 8;
    s += x * low;
    t += x * (both >> 4);
  }
  acc[0] = s, acc[1] = t;
}

/* The same by two records' four filters. */
EI_INLINE void ei_dot_nibbles(const int8_t *a, const int8_t *w, const int8_t *v, int32_t n,
                              int32_t acc[4]) {
  ei_dot_nibbles_two(a, w, n, acc);
  ei_dot_nibbles_two(a, v, n, acc + 2);
}
#endif

#endif
