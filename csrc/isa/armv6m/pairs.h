/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over a block of columns for cores without SIMD: two columns share a word, x0 + 2^16 x1,
 * and one multiplication serves both. Two such products fit 16 bits, as |x w| < 2^14, before they
 * are taken apart: the sum of column 1 is that of the words' upper halves, rounded, and what that
 * leaves of the sum of all words is the sum of column 0.
 */
#ifndef EI_ISA_ARMV6M_PAIRS_H
#define EI_ISA_ARMV6M_PAIRS_H

/* Elements [at, at + n) of column j of a block of EI_COLUMNS columns of `inputs` each; at and n are
 * multiples of 4. An odd column comes after the even one that it shares words with. */
EI_NOINLINE void ei_column_put(void *block, int32_t inputs, int32_t j, int32_t at,
                               const int8_t *from, int32_t n) {
  (void)inputs;
  uint32_t *to = (uint32_t *)block + 2 * at + j / 2;
  const uint32_t scale = j & 1 ? 1 << 16 : 1, keep = j & 1 ? UINT32_MAX : 0;
  for (const int8_t *const end = from + n; from != end; from += 4, to += 4 * 2) {
    to[0] = (to[0] & keep) + (uint32_t)from[0] * scale;
    to[2] = (to[2] & keep) + (uint32_t)from[2] * scale;
    to[4] = (to[4] & keep) + (uint32_t)from[1] * scale;
    to[6] = (to[6] & keep) + (uint32_t)from[3] * scale;
  }
}

/* Element `at` of column j. */
EI_INLINE void ei_column_set(void *block, int32_t inputs, int32_t j, int32_t at, int32_t value) {
  (void)inputs;
  const int32_t place = (at & ~3) + (at >> 1 & 1) + (at << 1 & 2);
  uint32_t *const to = (uint32_t *)block + 2 * place + j / 2;
  const uint32_t even = (uint32_t)(int32_t)(int16_t)(*to & 0xFFFF);
  *to = j & 1 ? even + ((uint32_t)value << 16) : *to - even + (uint32_t)value;
}

EI_INLINE uint32_t ei_both(const int8_t *a, const int8_t *b, int i) {
  return (uint32_t)a[i] + ((uint32_t)b[i] << 16);
}

/* The same of all columns, `step` bytes from one to the next, for `rows` times n elements, which
 * lie `apart` bytes apart. */
EI_NOINLINE void ei_columns_put(void *block, int32_t inputs, int32_t at, const int8_t *from,
                                int32_t step, int32_t n, int32_t rows, int32_t apart) {
  (void)inputs;
  for (; rows > 0; rows--, from += apart, at += n)
    for (int j = 0; j < EI_COLUMNS / 2; j++) {
      const int8_t *a = from + 2 * j * step, *b = a + step;
      uint32_t *to = (uint32_t *)block + 2 * at + j;
      for (const int8_t *const end = a + n; a != end; a += 4, b += 4, to += 4 * 2) {
        to[0] = ei_both(a, b, 0), to[2] = ei_both(a, b, 2);
        to[4] = ei_both(a, b, 1), to[6] = ei_both(a, b, 3);
      }
    }
}

/* The sums of all columns by one filter of a record over n inputs, a multiple of 4. */
#if defined(__ARM_ARCH_6M__) && !defined(EI_ARMV6M_EMULATION)
/* Two inputs of two columns, the words at x and y bytes from r0, by the weights r3 and r2. Of the
 * word of two sums all is added to `both`, and its upper half, rounded by the bit below, which ASRS
 * leaves in the carry, to `upper`. */
#define EI_TWO_COLUMNS(x, y, both, upper)                            \
  "ldr r4, [r0, #" #x "]\n\tldr r5, [r0, #" #y                       \
  "]\n\tmuls r4, r3\n\tmuls r5, r2\n\tadds r4, r4, r5\n\tadd " #both \
  ", r4\n\tasrs r4, r4, #16\n\tadcs " #upper ", r4\n\t"
#define EI_TWO_INPUTS(w, x0, x1, x2, x3, weights) \
  "ldr r2, [r1, #" #w "]\n\t" weights EI_TWO_COLUMNS(x0, x2, r8, r6) EI_TWO_COLUMNS(x1, x3, r9, r7)
#define EI_FOUR_COLUMNS(weights)                    \
  register const uint32_t *x __asm__("r0") = block; \
  register const int16_t *w __asm__("r1") = record; \
  register int32_t bytes __asm__("r2") = 2 * n;     \
  register int32_t *to __asm__("r3") = sums;        \
  __asm__ volatile(                                                                           \
      ".syntax unified\n\t"                                                                   \
      "push {r3-r7}\n\tmov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tpush {r4-r6}\n\t"             \
      "adds r2, r2, r1\n\tmov r12, r2\n\tmovs r2, #128\n\tlsls r2, r2, #16\n\tmov r10, r2\n\t"  \
      "movs r6, #0\n\tmovs r7, #0\n\tmov r8, r6\n\tmov r9, r6\n"                              \
      "1:\n\t" EI_TWO_INPUTS(0, 0, 4, 8, 12, weights)                                         \
          EI_TWO_INPUTS(4, 16, 20, 24, 28, weights)                                           \
      "adds r0, #32\n\tadds r1, #8\n\tcmp r1, r12\n\tbne 1b\n\t"                               \
      "lsls r2, r6, #16\n\tmov r3, r8\n\tsubs r3, r3, r2\n\t"                                 \
      "lsls r2, r7, #16\n\tmov r4, r9\n\tsubs r4, r4, r2\n\t"                                 \
      "pop {r0-r2}\n\tmov r8, r0\n\tmov r9, r1\n\tmov r10, r2\n\tpop {r0}\n\t"                \
      "str r3, [r0]\n\tstr r6, [r0, #4]\n\tstr r4, [r0, #8]\n\tstr r7, [r0, #12]\n\t"          \
      "pop {r4-r7}"                                                                           \
      : "+r"(x), "+r"(w), "+r"(bytes), "+r"(to)                                               \
      :                                                                                       \
      : "r12", "cc", "memory")
EI_NOINLINE void ei_first_of_pair(const uint32_t *block, const int16_t *record, int32_t n,
                                  int32_t sums[EI_COLUMNS]) {
  EI_FOUR_COLUMNS("sxtb r3, r2\n\tasrs r2, r2, #16\n\tsxtb r2, r2\n\t");
}
/* Rounded, w0 + 256 w1 is 256 w1. */
EI_NOINLINE void ei_second_of_pair(const uint32_t *block, const int16_t *record, int32_t n,
                                   int32_t sums[EI_COLUMNS]) {
  EI_FOUR_COLUMNS(
      "sxth r3, r2\n\tadds r3, #128\n\tasrs r3, r3, #8\n\t"
      "add r2, r10\n\tasrs r2, r2, #24\n\t");
}
#undef EI_FOUR_COLUMNS
#undef EI_TWO_INPUTS
#undef EI_TWO_COLUMNS
#else
EI_INLINE void ei_one_of_pair(const uint32_t *block, const int16_t *record, int32_t n, int which,
                              int32_t sums[EI_COLUMNS]) {
  uint32_t all[2] = {0, 0}, upper[2] = {0, 0};
  for (const int16_t *const end = record + n; record != end; record += 2, block += 4)
    for (int j = 0; j < 2; j++) {
      uint32_t both = 0;
      for (int i = 0; i < 2; i++) {
        const int32_t v = record[i], w0 = (int8_t)(v & 0xFF);
        both += block[2 * i + j] * (uint32_t)(which ? (v + 128) >> 8 : w0);
      }
      all[j] += both, upper[j] += (uint32_t)((int32_t)both >> 16) + (both >> 15 & 1);
    }
  for (int j = 0; j < 2; j++) {
    sums[2 * j] = (int32_t)(all[j] - (upper[j] << 16));
    sums[2 * j + 1] = (int32_t)upper[j];
  }
}
EI_NOINLINE void ei_first_of_pair(const uint32_t *block, const int16_t *record, int32_t n,
                                  int32_t sums[EI_COLUMNS]) {
  ei_one_of_pair(block, record, n, 0, sums);
}
EI_NOINLINE void ei_second_of_pair(const uint32_t *block, const int16_t *record, int32_t n,
                                   int32_t sums[EI_COLUMNS]) {
  ei_one_of_pair(block, record, n, 1, sums);
}
#endif

/* All columns of a block by one record's two filters: the sum of column j by filter k in
 * acc[EI_COLUMNS k + j]. */
EI_INLINE void ei_sums_of_pair(const void *block, const int16_t *weights, int32_t inputs,
                               int32_t acc[2 * EI_COLUMNS]) {
  ei_first_of_pair(block, weights, inputs, acc);
  ei_second_of_pair(block, weights, inputs, acc + EI_COLUMNS);
}

/* The same, with the sums by filter 1 times 256. */
EI_INLINE void ei_dot_pair_block(const void *block, const int16_t *weights, int32_t inputs,
                                 int32_t acc[2 * EI_COLUMNS]) {
  ei_sums_of_pair(block, weights, inputs, acc);
  for (int j = 0; j < EI_COLUMNS; j++)
    acc[EI_COLUMNS + j] = (int32_t)((uint32_t)acc[EI_COLUMNS + j] << 8);
}

#endif
