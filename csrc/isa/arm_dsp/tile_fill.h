/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns of four channels into a tile as Thumb instructions: four rows, what is added and the
 * words on their way take all registers, and no compiler keeps to that.
 */
#ifndef EI_ISA_ARM_DSP_TILE_FILL_H
#define EI_ISA_ARM_DSP_TILE_FILL_H

/* What is added, in both halves, in r12; rows in r4 to r7, r1 bytes on; the tile's end in r3. */
#define EI_FILL_ENTER                                                                     \
  ".syntax unified\n\tpush {r4-r11, lr}\n\tldm r1, {r4-r7}\n\tadd r3, r0, r3, lsl #5\n\t" \
  "movs r1, #0\n\tcmp r0, r3\n\tbeq 2f\n\t1:\n\t"
#define EI_FILL_LEAVE "add r1, r1, r2\n\tcmp r0, r3\n\tbne 1b\n\t2:\n\tpop {r4-r11, lr}"

#define EI_FILL(name, body)                                                                      \
  EI_NOINLINE void name(int16_t *tile, const int8_t *const rows[4], int32_t step, int32_t count, \
                        uint32_t both) {                                                         \
    register int16_t *to __asm__("r0") = tile;                                                   \
    register const int8_t *const *from __asm__("r1") = rows;                                     \
    register int32_t apart __asm__("r2") = step;                                                 \
    register int32_t left __asm__("r3") = count;                                                 \
    register uint32_t added __asm__("r12") = both;                                               \
    __asm__ volatile(EI_FILL_ENTER body EI_FILL_LEAVE                                            \
                     : "+r"(to), "+r"(from), "+r"(apart), "+r"(left), "+r"(added)                \
                     :                                                                           \
                     : "cc", "memory");                                                          \
  }

/* Bytes meet before they are widened, two channels of two rows at a time. */
EI_FILL(ei_tile_put_two,
        "ldr r8, [r4, r1]\n\tldr r9, [r6, r1]\n\tldr r10, [r5, r1]\n\tldr r11, [r7, r1]\n\t"
        "pkhbt lr, r8, r9, lsl #16\n\tpkhtb r9, r9, r8, asr #16\n\t"
        "pkhbt r8, r10, r11, lsl #16\n\tpkhtb r11, r11, r10, asr #16\n\t"
        "sxtab16 r10, r12, lr, ror #8\n\tstr r10, [r0, #8]\n\t"
        "sxtab16 r10, r12, r8, ror #8\n\tstr r10, [r0, #12]\n\t"
        "sxtab16 lr, r12, lr\n\tsxtab16 r8, r12, r8\n\t"
        "sxtab16 r10, r12, r9, ror #8\n\tsxtab16 r9, r12, r9\n\t"
        "strd lr, r8, [r0], #16\n\t"
        "sxtab16 r8, r12, r11, ror #8\n\tsxtab16 r11, r12, r11\n\t"
        "strd r10, r8, [r0, #8]\n\tstrd r9, r11, [r0], #16\n\t")
/* Without the last row: what is in its place is not read. */
EI_FILL(ei_tile_put_one,
        "ldr r8, [r4, r1]\n\tldr r9, [r6, r1]\n\tldr r10, [r5, r1]\n\t"
        "pkhbt r11, r8, r9, lsl #16\n\tpkhtb r9, r9, r8, asr #16\n\t"
        "sxtab16 r7, r12, r11, ror #8\n\tsxtab16 r8, r12, r10, ror #8\n\tstrd r7, r8, [r0, #8]\n\t"
        "sxtab16 r7, r12, r9\n\tsxtab16 r8, r12, r10, ror #16\n\tstrd r7, r8, [r0, #16]\n\t"
        "sxtab16 r7, r12, r9, ror #8\n\tsxtab16 r8, r12, r10, ror #24\n\tstrd r7, r8, [r0, #24]\n\t"
        "sxtab16 r7, r12, r11\n\tsxtab16 r8, r12, r10\n\tstrd r7, r8, [r0], #32\n\t")
#undef EI_FILL
#undef EI_FILL_LEAVE
#undef EI_FILL_ENTER

/* Columns of four channels into the tile, `offset` added: rows[k] + i step for i < count. A tile
 * for one row of outputs leaves out the last row. */
EI_INLINE void ei_tile_put(int16_t *tile, const int8_t *const rows[4], int32_t step, int32_t count,
                           int32_t offset, int two_rows) {
  const uint32_t both = ((uint32_t)offset & 0xFFFF) | (uint32_t)offset << 16;
  (two_rows ? ei_tile_put_two : ei_tile_put_one)(tile, rows, step, count, both);
}

#endif
