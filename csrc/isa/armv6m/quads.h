/* SPDX-License-Identifier: Apache-2.0
 *
 * One vector by four filters on ARMv6-M, which loads signed bytes only at an index in a register.
 * Sums are of x w0 and of x (w0 + 256 w1), from which those of x w1 follow (isa/pairs.h).
 */
#ifndef EI_ISA_ARMV6M_QUADS_H
#define EI_ISA_ARMV6M_QUADS_H

#include "isa/armv6m/high.h"

/* Inputs r6 and r7 by the word of a record's weights at `from` + w. */
#define EI_ONE_RECORD(from, w, s, t)                                      \
  "ldr r5, [" #from ", #" #w "]\n\tsxtb r3, r5\n\tmuls r3, r6\n\tadd " #s \
  ", r3\n\tsxth r4, r5\n\tmuls r4, r6\n\tadd " #t                         \
  ", r4\n\tasrs r5, r5, #16\n\tsxtb r3, r5\n\tmuls r3, r7\n\tadd " #s     \
  ", r3\n\tmuls r5, r7\n\tadd " #t ", r5\n\t"
/* Inputs i and j. */
#define EI_TWO_INPUTS(w, i, j)                              \
  "movs r6, #" #i "\n\tldrsb r6, [r0, r6]\n\tmovs r7, #" #j \
  "\n\tldrsb r7, [r0, r7]\n\t" EI_ONE_RECORD(r1, w, r8, r9) EI_ONE_RECORD(r2, w, r10, r11)

/* The sums of a vector by two records' four filters over n inputs, a multiple of 4. */
static __attribute__((noinline, unused)) void ei_pair_quads(const int8_t *vector,
                                                            const int16_t *first,
                                                            const int16_t *second, int32_t n,
                                                            uint32_t sums[4]) {
  sums[0] = (uint32_t)n;
  register const int8_t *x __asm__("r0") = vector;
  register const int16_t *w __asm__("r1") = first, *v __asm__("r2") = second;
  register uint32_t *to __asm__("r3") = sums;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r3-r7}\n\t" EI_PUSH_HIGH
      "ldr r4, [r3]\n\tadds r4, r4, r0\n\tmov r12, r4\n\t"
      "movs r4, #0\n\tmov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n"
      /* Of an odd number of fours the first is the second half of eight. */
      "ldr r4, [r3]\n\tlsls r4, r4, #29\n\tbpl 1f\n\t"
      "subs r0, #4\n\tsubs r1, #8\n\tsubs r2, #8\n\tb 2f\n"
      "1:\n\t" EI_TWO_INPUTS(0, 0, 2) EI_TWO_INPUTS(4, 1, 3)
      "2:\n\t" EI_TWO_INPUTS(8, 4, 6) EI_TWO_INPUTS(12, 5, 7)
      "adds r0, #8\n\tadds r1, #16\n\tadds r2, #16\n\tcmp r0, r12\n\tbne 1b\n\t"
      "ldr r0, [sp, #16]\n\tmov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
      "str r4, [r0]\n\tstr r5, [r0, #4]\n\tstr r6, [r0, #8]\n\tstr r7, [r0, #12]\n\t"
      EI_POP_HIGH "pop {r3-r7}"
      : "+r"(x), "+r"(w), "+r"(v), "+r"(to)
      :
      : "r12", "cc", "memory");
  for (int c = 1; c < 4; c += 2) sums[c] = (uint32_t)((int32_t)(sums[c] - sums[c - 1]) >> 8);
}
#undef EI_TWO_INPUTS
#undef EI_ONE_RECORD

#endif
