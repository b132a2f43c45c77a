/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over a block of columns for cores without SIMD: two columns share a word, x0 + 2^16 x1,
 * and one multiplication serves both. Two such products fit 16 bits, as |x w| < 2^14, before they
 * are taken apart.
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

/* The sums of two columns by two filters over n inputs, a multiple of 4:
 * sums[2 c + k] of column k and filter c. */
#if defined(__ARM_ARCH_6M__) && !defined(EI_ARMV6M_EMULATION)
/* Two inputs: the words of the columns at `x0` and `x1` bytes from r0, of the weights at r1 + w. */
#define EI_TWO_INPUTS(w, x0, x1)                          \
  "ldr r2, [r1, #" #w "]\n\tldr r3, [r0, #" #x0           \
  "]\n\t"                                                 \
  "sxtb r4, r2\n\tsxth r5, r2\n\tsubs r5, r5, r4\n\t"     \
  "asrs r5, r5, #8\n\tmuls r4, r3\n\tmuls r5, r3\n\t"     \
  "ldr r3, [r0, #" #x1                                    \
  "]\n\tasrs r2, r2, #16\n\t"                             \
  "sxtb r6, r2\n\tsubs r2, r2, r6\n\tasrs r2, r2, #8\n\t" \
  "muls r6, r3\n\tmuls r2, r3\n\t"                        \
  "adds r4, r4, r6\n\tadds r5, r5, r2\n\t"                \
  "sxth r2, r4\n\tadd r8, r2\n\tsubs r4, r4, r2\n\t"      \
  "asrs r4, r4, #16\n\tadd r9, r4\n\t"                    \
  "sxth r2, r5\n\tadd r10, r2\n\tsubs r5, r5, r2\n\t"     \
  "asrs r5, r5, #16\n\tadd r11, r5\n\t"
EI_NOINLINE void ei_two_columns(const uint32_t *block, const int16_t *weights, int32_t n,
                                int32_t sums[4]) {
  register const uint32_t *x __asm__("r0") = block;
  register const int16_t *w __asm__("r1") = weights;
  register const int16_t *end __asm__("r12") = weights + n;
  register int32_t s0 __asm__("r8") = 0, s1 __asm__("r9") = 0;
  register int32_t s2 __asm__("r10") = 0, s3 __asm__("r11") = 0;
  __asm__ volatile(".syntax unified\n1:\n\t" EI_TWO_INPUTS(0, 0, 8) EI_TWO_INPUTS(
                       4, 16, 24) "adds r0, #32\n\tadds r1, #8\n\tcmp r1, r12\n\tbne 1b"
                   : "+r"(x), "+r"(w), "+r"(s0), "+r"(s1), "+r"(s2), "+r"(s3)
                   : "r"(end)
                   : "r2", "r3", "r4", "r5", "r6", "cc", "memory");
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}
#undef EI_TWO_INPUTS
#else
EI_NOINLINE void ei_two_columns(const uint32_t *block, const int16_t *weights, int32_t n,
                                int32_t sums[4]) {
  uint32_t s[4] = {0, 0, 0, 0};
  for (const int16_t *const end = weights + n; weights != end; weights += 2, block += 4)
    for (int c = 0; c < 2; c++) {
      uint32_t both = 0;
      for (int i = 0; i < 2; i++) {
        const int32_t v = weights[i], w0 = (int8_t)(v & 0xFF);
        both += block[2 * i] * (uint32_t)(c == 0 ? w0 : (v - w0) >> 8);
      }
      const int32_t first = (int16_t)(both & 0xFFFF);
      s[2 * c] += (uint32_t)first;
      s[2 * c + 1] += (uint32_t)((int32_t)(both - (uint32_t)first) >> 16);
    }
  for (int i = 0; i < 4; i++) sums[i] = (int32_t)s[i];
}
#endif

/* All columns of a block by one record's two filters: the sum of column j by filter 0 in acc[j], by
 * filter 1, times 256, in acc[EI_COLUMNS + j]. */
EI_INLINE void ei_dot_pair_block(const void *block, const ei_pair *pair, int32_t inputs,
                                 int32_t acc[2 * EI_COLUMNS]) {
  for (int j = 0; j < EI_COLUMNS; j += 2) {
    int32_t sums[4];
    ei_two_columns((const uint32_t *)block + j / 2, (const void *)(pair + 1), inputs, sums);
    acc[j] = sums[0], acc[j + 1] = sums[1];
    acc[EI_COLUMNS + j] = (int32_t)((uint32_t)sums[2] << 8);
    acc[EI_COLUMNS + j + 1] = (int32_t)((uint32_t)sums[3] << 8);
  }
}

#endif
