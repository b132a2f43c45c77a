/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over a block of columns as Arm or Thumb instructions: eight sums, a word of weights and
 * two of inputs take all fourteen registers, so all else is in memory, and no compiler keeps to
 * that.
 */
#ifndef EI_ISA_ARM_DSP_PAIRS_BLOCK_H
#define EI_ISA_ARM_DSP_PAIRS_BLOCK_H

#include "isa/arm_dsp/pairs_sums.h"

#define EI_PAIRS_BLOCK

/* Where to jump; the low bytes of two registers in one, whose upper half may be anything; where
 * outputs go and how far apart they lie. */
#ifdef __thumb__
#define EI_ADDRESS(r, label) "adr.w " r ", " label "\n\torr " r ", " r ", #1\n\t"
#define EI_TWO_BYTES(a, b) "bfi " a ", " b ", #8, #8\n\t"
#define EI_OUTPUTS "ldrd r0, r2, [sp, #12]\n\t"
#else /* ARMv6 has no BFI, and LDRD takes neighbours */
#define EI_ADDRESS(r, label) "adr " r ", " label "\n\t"
#define EI_TWO_BYTES(a, b) "and " a ", " a ", #255\n\torr " a ", " a ", " b ", lsl #8\n\t"
#define EI_OUTPUTS "ldr r0, [sp, #12]\n\tldr r2, [sp, #16]\n\t"
#endif

/* Multiplier and offset of the ei_pair at r1. */
#define EI_NUMBERS(mult, shift)                      \
  "ldr r2, [r1, #" mult "]\n\tldrb r3, [r1, #" shift \
  "]\n\tldr r4, [sp, #24]\n\tlsls r4, r4"            \
  ", r3\n\tasrs r4, r4, #1\n\t"

/* What all blocks of n inputs share. */
EI_INLINE void ei_pairs_prepare(ei_pairs *f, const void *block, int32_t n) {
  const uint32_t *const x = block;
  const int32_t inputs = ei_pair_inputs(n), twos = inputs / 2 - 1;
  const ei_pairs_frame frame = {x,
                                x + 2 * inputs,
                                (8 - (twos & 7)) * 48,
                                NULL,
                                f->out_c,
                                NULL,
                                f->scaled ? f->offset : 2 * f->zero + 1,
                                f->scaled,
                                4 + 2 * inputs,
                                f->records};
  f->frame = frame;
}

/* All channels of a block's columns, whose outputs lie out_c bytes apart; n inputs. */
EI_NOINLINE void ei_pairs_block_at(ei_pairs_frame *frame, int8_t *out) {
  register ei_pairs_frame *at __asm__("r0") = frame;
  register int8_t *to __asm__("r1") = out;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r4-r11, lr}\n\t"
      "str r1, [r0, #12]\n\tldm r0, {r0-r9}\n\tadds r5, r3, r4\n\t"
      "cmp r7, #0\n\t" EI_ADDRESS("r7", "4f") "bne 8f\n\t" EI_ADDRESS("r7", "5f")
      "8:\n\t" EI_ADDRESS("r10", "2f") "add r2, r2, r10\n\t"
      "push {r0-r8}\n\t"
      "mov r1, r9\n\t"
      /* One record: the first two inputs begin the sums, and the second filter's bias. */
      "1:\n\t"
      "ldr r0, [sp]\n\t"
      "ldm r1!, {r2, r3}\n\t"
      "sxtb16 r5, r3\n\t"
      "ldm r0!, {r4, lr}\n\t"
      "smuad r6, r4, r5\n\tsmlad r10, r4, r3, r2\n\t"
      "smuad r7, lr, r5\n\tsmlad r11, lr, r3, r2\n\t"
      "ldm r0!, {r4, lr}\n\t"
      "smuad r8, r4, r5\n\tsmlad r12, r4, r3, r2\n\t"
      "smuad r9, lr, r5\n\tsmlad lr, lr, r3, r2\n\t"
      "ldr pc, [sp, #8]\n\t"
      "2:\n\t" EI_TWO_INPUTS EI_TWO_INPUTS EI_TWO_INPUTS EI_TWO_INPUTS EI_TWO_INPUTS EI_TWO_INPUTS
          EI_TWO_INPUTS EI_TWO_INPUTS
      "ldr r2, [sp, #4]\n\tcmp r0, r2\n\tbne 2b\n\t"
      "subs r10, r10, r6\n\tsubs r11, r11, r7\n\tsubs r12, r12, r8\n\tsubs lr, lr, r9\n\t"
      "ldr pc, [sp, #28]\n\t"
      /* 256 times all sums. */
      ".balign 4\n\t4:\n\t"
      "ldm r1!, {r2, r4, r5}\n\t"
      EI_FIRST_BIASED("r2", "8")
      "ldr r0, [sp, #24]\n\t"
      EI_FIRST_SCALED EI_SECOND_SCALED
      /* Outputs of both filters lie side by side, unless the last record has one. */
      "3:\n\t"
      EI_OUTPUTS "ldr r3, [sp, #20]\n\t"
      "adds r4, r0, #2\n\tcmp r4, r3\n\tadd r3, r0, r2, lsl #1\n\tbhi 6f\n\t"
      "str r4, [sp, #12]\n\t"
      EI_TWO_BYTES("r6", "r10") "strh r6, [r0]\n\t" EI_TWO_BYTES("r7", "r11")
      "strh r7, [r0, r2]\n\t" EI_TWO_BYTES("r8", "r12") "strh r8, [r3]\n\t"
      EI_TWO_BYTES("r9", "lr") "strh r9, [r3, r2]\n\t"
      "blo 1b\n\tb 7f\n\t"
      /* Twice all sums. */
      ".balign 4\n\t5:\n\t"
      "ldr r2, [sp, #32]\n\tsubs r2, r1, r2\n\tldr r2, [r2]\n\t"
      "subs r10, r10, r2\n\tsubs r11, r11, r2\n\tsubs r12, r12, r2\n\tsubs lr, lr, r2\n\t"
      EI_SECOND_BIASED
      "ldr r2, [r1]\n\t"
      EI_FIRST_BIASED("r2", "1")
      EI_NUMBERS("4", "12") EI_FIRST_ROUNDED
      EI_NUMBERS("8", "13") EI_SECOND_ROUNDED
      "adds r1, #16\n\tb 3b\n\t"
      "6:\n\t"
      "strb r6, [r0]\n\tstrb r7, [r0, r2]\n\tstrb r8, [r3]\n\tstrb r9, [r3, r2]\n\t"
      "7:\n\t"
      "add sp, sp, #36\n\t"
      "pop {r4-r11, lr}"
      : "+r"(at), "+r"(to)
      :
      : "r2", "r3", "r12", "cc", "memory");
}

EI_INLINE void ei_pairs_block(const void *block, int32_t n, ei_pairs *f, int8_t *to) {
  (void)block, (void)n;
  ei_pairs_block_at(&f->frame, to);
}
#undef EI_NUMBERS
#undef EI_OUTPUTS
#undef EI_TWO_BYTES
#undef EI_ADDRESS

#endif
