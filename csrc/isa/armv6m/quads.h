/* SPDX-License-Identifier: Apache-2.0
 *
 * One vector by two filters on ARMv6-M, which loads signed bytes only at an index in a register.
 */
#ifndef EI_ISA_ARMV6M_QUADS_H
#define EI_ISA_ARMV6M_QUADS_H

/* Inputs i and j by the word of weights at r1 + w. */
#define EI_TWO_INPUTS(w, i, j)                        \
  "ldr r2, [r1, #" #w "]\n\tmovs r6, #" #i            \
  "\n\t"                                              \
  "ldrsb r6, [r0, r6]\n\tsxtb r3, r2\n\t"             \
  "sxth r4, r2\n\tsubs r4, r4, r3\n\t"                \
  "asrs r4, r4, #8\n\tmuls r3, r6\n\tmuls r4, r6\n\t" \
  "movs r6, #" #j                                     \
  "\n\tldrsb r6, [r0, r6]\n\t"                        \
  "asrs r2, r2, #16\n\tsxtb r5, r2\n\t"               \
  "subs r2, r2, r5\n\tasrs r2, r2, #8\n\t"            \
  "muls r5, r6\n\tmuls r2, r6\n\tadds r3, r3, r5\n\t" \
  "adds r4, r4, r2\n\tadd r8, r3\n\tadd r9, r4\n\t"

/* The sums of a vector by a record's two filters over n inputs, a multiple of 4. */
static __attribute__((noinline, unused)) void ei_pair_quads(const int8_t *vector,
                                                            const int16_t *weights, int32_t n,
                                                            uint32_t sums[2]) {
  register const int8_t *x __asm__("r0") = vector;
  register const int16_t *w __asm__("r1") = weights;
  register const int8_t *end __asm__("r12") = vector + n;
  register uint32_t s __asm__("r8") = 0, t __asm__("r9") = 0;
  __asm__ volatile(".syntax unified\n1:\n\t" EI_TWO_INPUTS(0, 0, 2)
                       EI_TWO_INPUTS(4, 1, 3) "adds r0, #4\n\tadds r1, #8\n\tcmp r0, r12\n\tbne 1b"
                   : "+r"(x), "+r"(w), "+r"(s), "+r"(t)
                   : "r"(end)
                   : "r2", "r3", "r4", "r5", "r6", "cc", "memory");
  sums[0] = s, sums[1] = t;
}
#undef EI_TWO_INPUTS

#endif
