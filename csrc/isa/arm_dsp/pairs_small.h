/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops over filters in pairs where flash is dearer than time: pairs_block.h with short loops
 * and one way of rounding, and one record at a time for a vector.
 */
#ifndef EI_ISA_ARM_DSP_PAIRS_SMALL_H
#define EI_ISA_ARM_DSP_PAIRS_SMALL_H

#define EI_PAIRS_SMALL

/* One vector of n bytes by a record's two filters: the sums, of the second one times 256. */
EI_INLINE void ei_dot_pair(const int8_t *a, const int16_t *weights, int32_t n, int32_t acc[2]) {
  const uint32_t *w = (const void *)weights;
  int32_t s = 0, t = 0;
  for (; n > 0; n -= 4, a += 4) {
    int8_t four[4] = {0, 0, 0, 0};
    for (int32_t i = 0; n < 4 && i < n; i++) four[i] = a[i];
    const uint32_t x = ei_load4(n < 4 ? four : a), even = ei_sxtb16(x), odd = ei_sxtb16_ror8(x);
    uint32_t p, q;
    w = ei_load_two(w, &p, &q);
    t = ei_smlad(even, p, t), s = ei_smlad(even, ei_sxtb16(p), s);
    t = ei_smlad(odd, q, t), s = ei_smlad(odd, ei_sxtb16(q), s);
  }
  acc[0] = s, acc[1] = ei_minus(t, s);
}

#if defined(__thumb__) && !defined(EI_DSP_EMULATION)
#include "isa/arm_dsp/pairs_sums.h"

#define EI_PAIRS_BLOCK

/* A filter's offset, from its shift in r3. */
#define EI_OFFSET "ldr r4, [sp, #20]\n\tlsls r4, r4, r3\n\tasrs r4, r4, #1\n\t"

/* All channels of a block's columns, whose outputs lie out_c bytes apart; n inputs. */
EI_NOINLINE void ei_pairs_block(const void *block, int32_t n, const ei_pairs *f, int8_t *to) {
  /* The stack below: offsets 0, 4, … 28. */
  const struct {
    const uint32_t *columns, *end;
    int8_t *to;
    int32_t pitch;
    const int8_t *stop;
    int32_t offset; /* if not scaled, but for the filter's shift */
    int scaled;
    int32_t second; /* the second filter's bias */
    const uint8_t *records;
  } frame = {block,         (const uint32_t *)block + 2 * ei_pair_inputs(n), to,        f->out_c,
             to + f->out_c, f->scaled ? f->offset : 2 * f->zero + 1,         f->scaled, 0,
             f->records};
  register const void *at __asm__("r0") = &frame;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r4-r11, lr}\n\tldm r0, {r0-r8}\n\tpush {r0-r7}\n\tmov r1, r8\n\t"
      "1:\n\t"
      "ldr r0, [sp]\n\tldr r2, [r1], #4\n\tstr r2, [sp, #28]\n\t"
      "movs r6, #0\n\tmovs r7, #0\n\tmov r8, r6\n\tmov r9, r6\n\t"
      "mov r10, r6\n\tmov r11, r6\n\tmov r12, r6\n\tmov lr, r6\n\t"
      "2:\n\t" EI_TWO_INPUTS EI_TWO_INPUTS
      "ldr r2, [sp, #4]\n\tcmp r0, r2\n\tbne 2b\n\t"
      "subs r10, r10, r6\n\tsubs r11, r11, r7\n\tsubs r12, r12, r8\n\tsubs lr, lr, r9\n\t"
      "ldr r3, [sp, #24]\n\tcbz r3, 5f\n\t"
      "ldm r1!, {r2, r4, r5}\n\t"
      EI_FIRST_BIASED("r2", "8")
      "ldr r2, [sp, #28]\n\tadd r10, r2\n\tadd r11, r2\n\tadd r12, r2\n\tadd lr, r2\n\t"
      "ldr r0, [sp, #20]\n\t"
      EI_FIRST_SCALED EI_SECOND_SCALED
      "b 4f\n\t"
      "5:\n\tldm r1!, {r0, r2}\n\t"
      EI_FIRST_BIASED("r0", "1")
      "ldrb r3, [r1, #4]\n\t" EI_OFFSET
      EI_FIRST_ROUNDED
      "ldr r2, [sp, #28]\n\t"
      EI_SECOND_BIASED
      "ldr r2, [r1]\n\tldrb r3, [r1, #5]\n\tadds r1, #8\n\t" EI_OFFSET
      EI_SECOND_ROUNDED
      "4:\n\tldrd r0, r2, [sp, #8]\n\tldr r4, [sp, #16]\n\tadd r3, r0, r2, lsl #1\n\t"
      "strb r6, [r0]\n\tstrb r7, [r0, r2]\n\tstrb r8, [r3]\n\tstrb r9, [r3, r2]\n\t"
      "adds r0, #1\n\tcmp r0, r4\n\tbhs 3f\n\tadds r3, #1\n\t"
      "strb r10, [r0]\n\tstrb r11, [r0, r2]\n\tstrb r12, [r3]\n\tstrb lr, [r3, r2]\n\t"
      "adds r0, #1\n\tstr r0, [sp, #8]\n\tcmp r0, r4\n\tblo 1b\n\t"
      "3:\n\tadd sp, sp, #32\n\tpop {r4-r11, lr}"
      : "+r"(at)
      :
      : "r1", "r2", "r3", "r12", "cc", "memory");
}
#undef EI_OFFSET
#endif

#endif
