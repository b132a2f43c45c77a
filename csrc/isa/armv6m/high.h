/* SPDX-License-Identifier: Apache-2.0
 *
 * Assembly of ARMv6-M that uses r8 to r11, which few instructions reach.
 */
#ifndef EI_ISA_ARMV6M_HIGH_H
#define EI_ISA_ARMV6M_HIGH_H

/* They are kept on the stack by way of r4 to r7, whose own contents lie there already. */
#define EI_PUSH_HIGH "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\tpush {r4-r7}\n\t"
#define EI_POP_HIGH "pop {r4-r7}\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"

#endif
