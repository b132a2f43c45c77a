/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over a block of columns as Arm or Thumb instructions: eight sums, a word of weights and
 * two of inputs take all fourteen registers, so all else is in memory, and no compiler keeps to
 * that.
 */
#ifndef EI_ISA_ARM_DSP_PAIRS_BLOCK_H
#define EI_ISA_ARM_DSP_PAIRS_BLOCK_H

#define EI_PAIRS_BLOCK

/* Where to jump; the low bytes of two registers in one, whose upper half may be anything; where
 * outputs go and how far apart they lie. */
#ifdef __thumb__
#define EI_WIDE ".w"
#define EI_ADDRESS(r, label) "adr.w " r ", " label "\n\torr " r ", " r ", #1\n\t"
#define EI_TWO_BYTES(a, b) "bfi " a ", " b ", #8, #8\n\t"
#define EI_OUTPUTS "ldrd r0, r2, [sp, #12]\n\t"
#else /* ARMv6 has no BFI, and LDRD takes neighbours */
#define EI_WIDE ""
#define EI_ADDRESS(r, label) "adr " r ", " label "\n\t"
#define EI_TWO_BYTES(a, b) "and " a ", " a ", #255\n\torr " a ", " a ", " b ", lsl #8\n\t"
#define EI_OUTPUTS "ldr r0, [sp, #12]\n\tldr r2, [sp, #16]\n\t"
#endif

/* r0: columns, r1: weights; r2: two inputs of both filters, r3: of filter 0; r4, r5: columns. Sums
 * of filter 0 in r6 to r9, of both (w0 + 256 w1) in r10, r11, r12 and lr. */
#define EI_TWO_COLUMNS(s0, t0, s1, t1)                                                 \
  "ldrd r4, r5, [r0], #8\n\tsmlad " s0 ", r4, r3, " s0 "\n\tsmlad " t0 ", r4, r2, " t0 \
  "\n\tsmlad " s1 ", r5, r3, " s1 "\n\tsmlad " t1 ", r5, r2, " t1 "\n\t"
#define EI_TWO_INPUTS /* 48 bytes */                                                          \
  "ldr" EI_WIDE " r2, [r1], #4\n\tsxtb16 r3, r2\n\t" EI_TWO_COLUMNS("r6", "r10", "r7", "r11") \
      EI_TWO_COLUMNS("r8", "r12", "r9", "lr")
/* Of a column x whose biased sum is multiplied by 256, and of twice that sum. */
#define EI_SCALED(x, m) "smmla " x ", " x ", " m ", r0\n\tssat " x ", #8, " x ", asr #12\n\t"
#define EI_ROUNDED(x)                                                                            \
  "smmlar r5, " x ", r2, r4\n\tadd " x ", r5, " x ", asr #31\n\tasr " x ", " x ", r3\n\tssat " x \
  ", #8, " x "\n\t"
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
      "add r6, r2, r6, lsl #8\n\tadd r7, r2, r7, lsl #8\n\t"
      "add r8, r2, r8, lsl #8\n\tadd r9, r2, r9, lsl #8\n\t"
      "ldr r0, [sp, #24]\n\t"
      EI_SCALED("r6", "r4") EI_SCALED("r7", "r4") EI_SCALED("r8", "r4") EI_SCALED("r9", "r4")
      EI_SCALED("r10", "r5") EI_SCALED("r11", "r5") EI_SCALED("r12", "r5") EI_SCALED("lr", "r5")
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
      "add r10, r2, r10, asr #7\n\tadd r11, r2, r11, asr #7\n\t"
      "add r12, r2, r12, asr #7\n\tadd lr, r2, lr, asr #7\n\t"
      "ldr r2, [r1]\n\t"
      "add r6, r2, r6, lsl #1\n\tadd r7, r2, r7, lsl #1\n\t"
      "add r8, r2, r8, lsl #1\n\tadd r9, r2, r9, lsl #1\n\t"
      EI_NUMBERS("4", "12") EI_ROUNDED("r6") EI_ROUNDED("r7") EI_ROUNDED("r8") EI_ROUNDED("r9")
      EI_NUMBERS("8", "13") EI_ROUNDED("r10") EI_ROUNDED("r11") EI_ROUNDED("r12") EI_ROUNDED("lr")
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
#undef EI_WIDE
#undef EI_ROUNDED
#undef EI_SCALED
#undef EI_TWO_INPUTS
#undef EI_TWO_COLUMNS

#endif
