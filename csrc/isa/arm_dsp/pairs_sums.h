/* SPDX-License-Identifier: Apache-2.0
 *
 * What the loops over a block of columns share, in Arm or Thumb instructions.
 *
 * r0: columns, r1: weights; r2: two inputs of both filters, r3: of filter 0; r4, r5: columns. Sums
 * of filter 0 in r6 to r9, of both (w0 + 256 w1), then of filter 1, in r10, r11, r12 and lr.
 */
#ifndef EI_ISA_ARM_DSP_PAIRS_SUMS_H
#define EI_ISA_ARM_DSP_PAIRS_SUMS_H

#ifdef __thumb__
#define EI_WIDE ".w"
#else
#define EI_WIDE ""
#endif

#define EI_TWO_COLUMNS(s0, t0, s1, t1)                                                 \
  "ldrd r4, r5, [r0], #8\n\tsmlad " s0 ", r4, r3, " s0 "\n\tsmlad " t0 ", r4, r2, " t0 \
  "\n\tsmlad " s1 ", r5, r3, " s1 "\n\tsmlad " t1 ", r5, r2, " t1 "\n\t"
#define EI_TWO_INPUTS /* 48 bytes */                                                          \
  "ldr" EI_WIDE " r2, [r1], #4\n\tsxtb16 r3, r2\n\t" EI_TWO_COLUMNS("r6", "r10", "r7", "r11") \
      EI_TWO_COLUMNS("r8", "r12", "r9", "lr")

/* Filter 0's sums times 2^up, with the bias in `b`. */
#define EI_FIRST_BIASED(b, up)                                                     \
  "add r6, " b ", r6, lsl #" up "\n\tadd r7, " b ", r7, lsl #" up "\n\tadd r8, " b \
  ", r8, lsl #" up "\n\tadd r9, " b ", r9, lsl #" up "\n\t"
/* Filter 1's, which are 256 times as large, by 2^7, with the bias in r2. */
#define EI_SECOND_BIASED                                     \
  "add r10, r2, r10, asr #7\n\tadd r11, r2, r11, asr #7\n\t" \
  "add r12, r2, r12, asr #7\n\tadd lr, r2, lr, asr #7\n\t"

/* Outputs of sums that are biased and 256 times as large: multipliers in r4 and r5, offset in r0.
 */
#define EI_SCALED(x, m) "smmla " x ", " x ", " m ", r0\n\tssat " x ", #8, " x ", asr #12\n\t"
#define EI_FIRST_SCALED \
  EI_SCALED("r6", "r4") EI_SCALED("r7", "r4") EI_SCALED("r8", "r4") EI_SCALED("r9", "r4")
#define EI_SECOND_SCALED \
  EI_SCALED("r10", "r5") EI_SCALED("r11", "r5") EI_SCALED("r12", "r5") EI_SCALED("lr", "r5")

/* Outputs of a filter's sums that are biased and doubled: multiplier in r2, shift in r3, offset in
 * r4. */
#define EI_ROUNDED(x)                                                                            \
  "smmlar r5, " x ", r2, r4\n\tadd " x ", r5, " x ", asr #31\n\tasr " x ", " x ", r3\n\tssat " x \
  ", #8, " x "\n\t"
#define EI_FIRST_ROUNDED EI_ROUNDED("r6") EI_ROUNDED("r7") EI_ROUNDED("r8") EI_ROUNDED("r9")
#define EI_SECOND_ROUNDED EI_ROUNDED("r10") EI_ROUNDED("r11") EI_ROUNDED("r12") EI_ROUNDED("lr")

#endif
