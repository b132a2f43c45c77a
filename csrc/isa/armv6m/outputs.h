/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs of a record's filters, rectified (ei_rectified_quarters), from the sums of a block's
 * columns. What differs from filter to filter stays in registers for four outputs.
 */
#ifndef EI_ISA_ARMV6M_OUTPUTS_H
#define EI_ISA_ARMV6M_OUTPUTS_H

#include "isa/armv6m/high.h"

#if defined(__ARM_ARCH_6M__) && !defined(EI_ARMV6M_EMULATION)
typedef struct {
  const int32_t *head;  /* bias of the next filter; 8 bytes further its multiplier */
  const uint8_t *shift; /* of the next filter */
  int32_t odd;          /* 2 zero + 1 */
  int32_t zero;
  int32_t left; /* filters */
} ei_quarters;

/* From a sum at r0 + x to an output at r1: multiplier's halves in r2 and r3, shift in r7, bias in
 * r8, offset in r9, pitch in r10, zero point in r11; 127 in r12. */
#define EI_QUARTERS(x)                                                                       \
  "ldr r4, [r0, #" #x                                                                        \
  "]\n\tadd r4, r8\n\tlsls r4, r4, #2\n\tmov r5, r11\n\tbmi 4f\n\t"                          \
  "lsrs r5, r4, #16\n\tuxth r4, r4\n\tmovs r6, r4\n\tmuls r6, r2\n\tmuls r4, r3\n\t"         \
  "lsrs r4, r4, #16\n\tadds r6, r6, r4\n\tmovs r4, r5\n\tmuls r4, r3\n\tadds r6, r6, r4\n\t" \
  "lsrs r6, r6, #16\n\tmuls r5, r2\n\tadds r5, r5, r6\n\tadd r5, r9\n\tasrs r5, r7\n\t"      \
  "cmp r5, r12\n\tble 4f\n\tmov r5, r12\n\t4:\n\tstrb r5, [r1]\n\tadd r1, r10\n\t"

EI_NOINLINE void ei_quarters_of(const int32_t *sums, int8_t *out, int32_t pitch,
                                ei_quarters *frame) {
  register const int32_t *from __asm__("r0") = sums;
  register int8_t *to __asm__("r1") = out;
  register int32_t apart __asm__("r2") = pitch;
  register ei_quarters *at __asm__("r3") = frame;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r3-r7}\n\t" EI_PUSH_HIGH
      "mov r10, r2\n\tldr r4, [r3, #12]\n\tmov r11, r4\n\tmovs r4, #127\n\tmov r12, r4\n"
      "1:\n\tldm r3!, {r4, r5, r6}\n\tsubs r3, #12\n\t"
      "ldrb r7, [r5]\n\tadds r5, #1\n\tstr r5, [r3, #4]\n\t"
      "lsls r6, r7\n\tadds r6, #1\n\tmov r9, r6\n\tadds r7, #1\n\t"
      "ldr r5, [r4]\n\tasrs r5, r5, #1\n\tmov r8, r5\n\t"
      "ldr r2, [r4, #8]\n\tadds r4, #4\n\tstr r4, [r3]\n\tuxth r3, r2\n\tlsrs r2, r2, #16\n\t"
      EI_QUARTERS(0) EI_QUARTERS(4) EI_QUARTERS(8) EI_QUARTERS(12)
      "adds r0, #16\n\tmov r4, r10\n\tlsls r4, r4, #2\n\tsubs r1, r1, r4\n\tadds r1, #1\n\t"
      "ldr r3, [sp, #16]\n\tldr r4, [r3, #16]\n\tsubs r4, #1\n\tstr r4, [r3, #16]\n\tbne 1b\n\t"
      EI_POP_HIGH "pop {r3-r7}"
      : "+r"(from), "+r"(to), "+r"(apart), "+r"(at)
      :
      : "r12", "cc", "memory");
}
#undef EI_QUARTERS

/* The sums of a record's first `filters` filters, 1 or 2, four after four, become outputs: those of
 * neighbouring columns `pitch` bytes apart, those of the filters side by side. */
EI_INLINE void ei_pair_quarters(int8_t *out, int32_t pitch, const ei_pair *pair, int32_t filters,
                                int32_t zero, const int32_t *sums) {
  ei_quarters frame = {pair->bias, pair->shift, 2 * zero + 1, zero, filters};
  ei_quarters_of(sums, out, pitch, &frame);
}
#else
EI_INLINE void ei_pair_quarters(int8_t *out, int32_t pitch, const ei_pair *pair, int32_t filters,
                                int32_t zero, const int32_t *sums) {
  for (int32_t k = 0; k < filters; k++) {
    const uint32_t m = (uint32_t)pair->mult[k];
    const int32_t right = pair->shift[k], bias = pair->bias[k];
    const int32_t offset = (int32_t)(1 + ((uint32_t)(2 * zero + 1) << right));
    for (int32_t j = 0; j < EI_COLUMNS; j++, sums++) {
      const int32_t x4 = (int32_t)(2 * (uint32_t)bias + 4 * (uint32_t)*sums);
      out[j * pitch + k] = (int8_t)ei_rectified_quarters(x4, m, right, offset, zero);
    }
  }
}
#endif

#endif
