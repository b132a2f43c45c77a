/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels of a tile as Thumb instructions, where outputs below the zero point are clamped to it.
 * One shift serves all filters. Where the PC has not seen to that, weights are multiplied by 2^up,
 * up = 13 - right: out = (2^up sum m + 2^(30 + up) + 2^43) >> 44.
 */
#ifndef EI_ISA_ARM_DSP_TILE_THUMB_H
#define EI_ISA_ARM_DSP_TILE_THUMB_H

#define EI_TILE_THUMB

/* What the channels of a tile share. */
typedef struct {
  int32_t offset;     /* of outputs, but for what depends on the filter */
  int32_t row, pitch; /* bytes from an output to the one below, to the next one */
  int32_t last;       /* to the last output but one */
  int32_t channels;   /* still to be done */
  int32_t odd;        /* whether the number of outputs is */
  int32_t step;       /* bytes of the tile from one window to the next */
} ei_tile_frame;

/* On the stack: 0 tile, 4 output, 8 multiplier, 12 offset, 16 row, 20 pitch, 24 the last output but
 * one, 28 channels, 32 odd, 36 step, 40 filter, 44 offset as it comes. */
#define EI_ENTER                                                                    \
  ".syntax unified\n\tpush {r4-r11, lr}\n\tldm r0, {r4-r10}\n\tadds r7, r7, r2\n\t" \
  "mov r11, r3\n\tmov r12, r4\n\tpush {r9-r12}\n\tpush {r1-r8}\n\tldrd r0, r1, [sp]\n\t"
#define EI_LEAVE "ldr r0, [sp, #28]\n\tadd sp, sp, #48\n\tpop {r4-r11, lr}"

/* Weights of the outer taps in r4, r5, r6, of the middle ones in r7 and r8, all times 2^up; the
 * bias in r9, the tile in r0, outputs in r1. To 9 with a filter whose shift is not 5..11. */
#define EI_NEXT_CHANNEL                                                           \
  "1:\n\tldr r12, [sp, #40]\n\tldm r12!, {r2-r6}\n\t"                             \
  "lsrs r7, r4, #24\n\tsub r8, r7, #5\n\tcmp r8, #6\n\tbhi 9f\n\t"                \
  "str r12, [sp, #40]\n\trsb r7, r7, #13\n\tmov r8, #65536\n\tlsl r8, r8, r7\n\t" \
  "ldr r9, [sp, #44]\n\tadd r9, r9, r8, lsr #18\n\tstrd r3, r9, [sp, #8]\n\t"     \
  "sub r8, r8, #65536\n\t"                                                        \
  "sxtb16 r10, r4, ror #8\n\tlsl r10, r10, r7\n\t"                                \
  "sxtb16 r11, r5, ror #8\n\tlsl r11, r11, r7\n\tsxtb16 r12, r6, ror #8\n\t"      \
  "sxtb16 r4, r4\n\tlsls r4, r4, r7\n\tbic r4, r4, r8\n\t"                        \
  "sxtb16 r5, r5\n\tlsls r5, r5, r7\n\tbic r5, r5, r8\n\t"                        \
  "sxtb16 r6, r6\n\tlsls r6, r6, r7\n\tbic r6, r6, r8\n\t"                        \
  "lsl r8, r12, r7\n\tsub r9, r7, #1\n\tlsl r9, r2, r9\n\t"                       \
  "pkhbt r7, r10, r11, lsl #16\n\t"
#define EI_END_OF_CHANNEL                                                     \
  "4:\n\tldrd r0, r1, [sp]\n\tadds r0, #8\n\tadds r1, #1\n\t"                 \
  "strd r0, r1, [sp]\n\tldrd r2, r3, [sp, #24]\n\tadds r2, #1\n\tsubs r3, #1" \
  "\n\tstrd r2, r3, [sp, #24]\n\tbne 1b\n\t9:\n\t"
/* The same of an ei_filter_scaled. */
#define EI_NEXT_SCALED                                                                 \
  "1:\n\tldr r12, [sp, #40]\n\tldm r12!, {r3, r10, r11, lr}\n\tstr r12, [sp, #40]\n\t" \
  "str r3, [sp, #8]\n\tmov r12, #0xFF00FF00\n\tand r4, r12, r10\n\t"                   \
  "and r5, r12, r10, lsl #8\n\tand r6, r12, r11\n\tand r7, r12, r11, lsl #8\n\t"       \
  "lsl r8, lr, #8\n\tasr r9, lr, #4\n\tbfi r9, r3, #0, #4\n\t"

/* Sums of a window from a column, r12 and lr: of the upper row, of the lower one. */
#define EI_LEFT_UPPER(s) "smlad " s ", r12, r4, r9\n\tsmlabb " s ", lr, r7, " s "\n\t"
#define EI_LEFT_LOWER(s) "smlad " s ", lr, r4, r9\n\tsmlatb " s ", r12, r7, " s "\n\t"
#define EI_MIDDLE_UPPER(s) "smlad " s ", r12, r5, " s "\n\tsmlabt " s ", lr, r7, " s "\n\t"
#define EI_MIDDLE_LOWER(s) "smlad " s ", lr, r5, " s "\n\tsmlatt " s ", r12, r7, " s "\n\t"
#define EI_RIGHT_UPPER(s) "smlad " s ", r12, r6, " s "\n\tsmlabb " s ", lr, r8, " s "\n\t"
#define EI_RIGHT_LOWER(s) "smlad " s ", lr, r6, " s "\n\tsmlatb " s ", r12, r8, " s "\n\t"
#define EI_MADE(s, m, offset) \
  "smmla " s ", " s ", " m ", " offset "\n\tssat " s ", #8, " s ", asr #12\n\t"

/* Outputs of a channel in two rows. Windows are one column apart, two of them share two columns. */
#define EI_TWO_ROWS \
  "ldr r12, [sp, #24]\n\tcmp r1, r12\n\tbhi 3f\n\t2:\n\t"                                      \
  "ldrd r12, lr, [r0], #64\n\t" EI_LEFT_UPPER("r2") EI_LEFT_LOWER("r3")                         \
  "ldrd r12, lr, [r0, #-32]\n\t" EI_MIDDLE_UPPER("r2") EI_MIDDLE_LOWER("r3")                    \
  EI_LEFT_UPPER("r10") EI_LEFT_LOWER("r11")                                                     \
  "ldrd r12, lr, [r0]\n\t" EI_RIGHT_UPPER("r2") EI_RIGHT_LOWER("r3")                            \
  EI_MIDDLE_UPPER("r10") EI_MIDDLE_LOWER("r11")                                                 \
  "ldrd r12, lr, [r0, #32]\n\t" EI_RIGHT_UPPER("r10") EI_RIGHT_LOWER("r11")                     \
  "ldrd r12, lr, [sp, #8]\n\t" EI_MADE("r2", "r12", "lr") EI_MADE("r3", "r12", "lr")                \
  EI_MADE("r10", "r12", "lr") EI_MADE("r11", "r12", "lr")                                       \
  "ldrd r12, lr, [sp, #16]\n\t"                                                                  \
  "strb r2, [r1]\n\tstrb r3, [r1, r12]\n\tadd r1, r1, lr\n\t"                                   \
  "strb r10, [r1]\n\tstrb r11, [r1, r12]\n\tadd r1, r1, lr\n\t"                                 \
  "ldr r12, [sp, #24]\n\tcmp r1, r12\n\tbls 2b\n\t"                                             \
  "3:\n\tldr r12, [sp, #32]\n\tcmp r12, #0\n\tbeq 4f\n\t"                                       \
  "ldrd r12, lr, [r0]\n\t" EI_LEFT_UPPER("r2") EI_LEFT_LOWER("r3")                              \
  "ldrd r12, lr, [r0, #32]\n\t" EI_MIDDLE_UPPER("r2") EI_MIDDLE_LOWER("r3")                     \
  "ldrd r12, lr, [r0, #64]\n\t" EI_RIGHT_UPPER("r2") EI_RIGHT_LOWER("r3")                       \
  "ldrd r12, lr, [sp, #8]\n\t" EI_MADE("r2", "r12", "lr") EI_MADE("r3", "r12", "lr")                \
  "ldr r12, [sp, #16]\n\tstrb r2, [r1]\n\tstrb r3, [r1, r12]\n\t"

#define EI_WINDOW(s)                                                                       \
  "ldrd r12, lr, [r0]\n\t" EI_LEFT_UPPER(s) "ldrd r12, lr, [r0, #32]\n\t" EI_MIDDLE_UPPER( \
      s) "ldrd r12, lr, [r0, #64]\n\t" EI_RIGHT_UPPER(s) "add r0, r0, r11\n\t"

/* The same of one row, whose windows are `step` apart: where that is two columns, neighbours share
 * one. */
#define EI_ONE_ROW \
  "ldr r10, [sp, #8]\n\tldr r11, [sp, #36]\n\t"                                                     \
  "ldr r12, [sp, #24]\n\tcmp r1, r12\n\tbhi 3f\n\t"                                             \
  "cmp r11, #64\n\tbne 2f\n\tldr r11, [sp, #12]\n\t"                                             \
  "5:\n\t"                                                                                      \
  "ldrd r12, lr, [r0]\n\t" EI_LEFT_UPPER("r2")                                                  \
  "ldrd r12, lr, [r0, #32]\n\t" EI_MIDDLE_UPPER("r2")                                           \
  "ldrd r12, lr, [r0, #64]\n\t" EI_RIGHT_UPPER("r2") EI_LEFT_UPPER("r3")                        \
  "ldrd r12, lr, [r0, #96]\n\t" EI_MIDDLE_UPPER("r3")                                           \
  "ldrd r12, lr, [r0, #128]!\n\t" EI_RIGHT_UPPER("r3")                                          \
  EI_MADE("r2", "r10", "r11") EI_MADE("r3", "r10", "r11")                                       \
  "ldrd r12, lr, [sp, #20]\n\tstrb r2, [r1]\n\tstrb r3, [r1, r12]\n\t"                          \
  "add r1, r1, r12, lsl #1\n\tcmp r1, lr\n\tbls 5b\n\tb 3f\n\t"                                 \
  "2:\n\t" EI_WINDOW("r2") EI_WINDOW("r3")                                                      \
  "ldr r12, [sp, #12]\n\t" EI_MADE("r2", "r10", "r12") EI_MADE("r3", "r10", "r12")               \
  "ldrd r12, lr, [sp, #20]\n\tstrb r2, [r1]\n\tstrb r3, [r1, r12]\n\t"                          \
  "add r1, r1, r12, lsl #1\n\tcmp r1, lr\n\tbls 2b\n\t"                                         \
  "3:\n\tldr r12, [sp, #32]\n\tcmp r12, #0\n\tbeq 4f\n\t" EI_WINDOW("r2")                       \
  "ldr r12, [sp, #12]\n\t" EI_MADE("r2", "r10", "r12") "strb r2, [r1]\n\t"

/* Outputs of neighbouring channels; as many of them are left as come after one whose shift does not
 * fit, and it. */
#define EI_TILE_LOOP(name, next, loop)                                                   \
  EI_NOINLINE int32_t name(const ei_tile_frame *frame, const int16_t *tile, int8_t *out, \
                           const void *filters) {                                        \
    register const ei_tile_frame *shared __asm__("r0") = frame;                          \
    register const int16_t *at __asm__("r1") = tile;                                     \
    register int8_t *to __asm__("r2") = out;                                             \
    register const void *filter __asm__("r3") = filters;                                 \
    register int32_t left __asm__("r0");                                                 \
    __asm__ volatile(EI_ENTER next loop EI_END_OF_CHANNEL EI_LEAVE                       \
                     : "=r"(left), "+r"(at), "+r"(to), "+r"(filter)                      \
                     : "r"(shared)                                                       \
                     : "r12", "cc", "memory");                                           \
    return left;                                                                         \
  }
EI_TILE_LOOP(ei_tile_two_rows, EI_NEXT_CHANNEL, EI_TWO_ROWS)
EI_TILE_LOOP(ei_tile_one_row, EI_NEXT_CHANNEL, EI_ONE_ROW)
EI_TILE_LOOP(ei_tile_two_rows_scaled, EI_NEXT_SCALED, EI_TWO_ROWS)
EI_TILE_LOOP(ei_tile_one_row_scaled, EI_NEXT_SCALED, EI_ONE_ROW)
#undef EI_TILE_LOOP

#endif
