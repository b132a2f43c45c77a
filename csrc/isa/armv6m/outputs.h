/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs of a record's filters, rectified (ei_scaled_value), from the sums of a block's columns.
 * What differs from filter to filter stays in registers for four outputs.
 */
#ifndef EI_ISA_ARMV6M_OUTPUTS_H
#define EI_ISA_ARMV6M_OUTPUTS_H

#include "isa/armv6m/high.h"

#if defined(__ARM_ARCH_6M__) && !defined(EI_ARMV6M_EMULATION)
typedef struct {
  int32_t offset, zero, left; /* 0, 4; 8: filters */
  const int32_t *next;        /* 12: numbers of the next filter */
  struct {
    int32_t mult, bias;
  } numbers[2];
} ei_scaled;

/* From a sum at r0 + x to an output at r1: multiplier's halves in r2 and r3, bias in r7, offset in
 * r9, pitch in r10, zero point in r11; 127 in r12. */
#define EI_SCALED(x)                                                                         \
  "ldr r4, [r0, #" #x                                                                        \
  "]\n\tlsls r4, r4, #8\n\tmov r5, r11\n\tadds r4, r4, r7\n\tbmi 4f\n\t"                     \
  "lsrs r5, r4, #16\n\tuxth r4, r4\n\tmovs r6, r4\n\tmuls r6, r2\n\tmuls r4, r3\n\t"         \
  "lsrs r4, r4, #16\n\tadds r6, r6, r4\n\tmovs r4, r5\n\tmuls r4, r3\n\tadds r6, r6, r4\n\t" \
  "lsrs r6, r6, #16\n\tmuls r5, r2\n\tadds r5, r5, r6\n\tadd r5, r9\n\tasrs r5, r5, #12\n\t" \
  "cmp r5, r12\n\tble 4f\n\tmov r5, r12\n\t4:\n\tstrb r5, [r1]\n\tadd r1, r10\n\t"

EI_NOINLINE void ei_scaled_of(const int32_t *sums, int8_t *out, int32_t pitch, ei_scaled *frame) {
  register const int32_t *from __asm__("r0") = sums;
  register int8_t *to __asm__("r1") = out;
  register int32_t apart __asm__("r2") = pitch;
  register ei_scaled *at __asm__("r3") = frame;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r3-r7}\n\t" EI_PUSH_HIGH
      "mov r10, r2\n\tldr r4, [r3]\n\tmov r9, r4\n\tldr r4, [r3, #4]\n\tmov r11, r4\n\t"
      "movs r4, #127\n\tmov r12, r4\n"
      "1:\n\tldr r4, [r3, #12]\n\tldm r4!, {r2, r7}\n\tstr r4, [r3, #12]\n\t"
      "uxth r3, r2\n\tlsrs r2, r2, #16\n\t"
      EI_SCALED(0) EI_SCALED(4) EI_SCALED(8) EI_SCALED(12)
      "adds r0, #16\n\tmov r4, r10\n\tlsls r4, r4, #2\n\tsubs r1, r1, r4\n\tadds r1, #1\n\t"
      "ldr r3, [sp, #16]\n\tldr r4, [r3, #8]\n\tsubs r4, #1\n\tstr r4, [r3, #8]\n\tbne 1b\n\t"
      EI_POP_HIGH "pop {r3-r7}"
      : "+r"(from), "+r"(to), "+r"(apart), "+r"(at)
      :
      : "r12", "cc", "memory");
}
#undef EI_SCALED

/* The sums of a record's first `filters` filters, 1 or 2, four after four, become outputs: those of
 * neighbouring columns out_c bytes apart, those of the filters side by side. */
EI_INLINE void ei_pair_scaled(int8_t *out, const ei_pairs *f, const uint8_t *record,
                              const ei_pair *pair, int32_t filters, const int32_t *sums) {
  ei_scaled frame = {f->offset,
                     f->zero,
                     filters,
                     NULL,
                     {{pair->mult[0], pair->bias}, {pair->mult[1], ei_pair_bias(record, pair, 1)}}};
  frame.next = &frame.numbers[0].mult;
  ei_scaled_of(sums, out, f->out_c, &frame);
}
#else
EI_INLINE void ei_pair_scaled(int8_t *out, const ei_pairs *f, const uint8_t *record,
                              const ei_pair *pair, int32_t filters, const int32_t *sums) {
  for (int32_t k = 0; k < filters; k++) {
    const uint32_t bias = (uint32_t)ei_pair_bias(record, pair, k);
    for (int32_t j = 0; j < EI_COLUMNS; j++, sums++) {
      const int32_t x256 = (int32_t)(bias + 256 * (uint32_t)*sums);
      out[j * f->out_c + k] = (int8_t)ei_scaled_value(x256, pair->mult[k], f->offset);
    }
  }
}
#endif

#endif
