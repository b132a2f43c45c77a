/* SPDX-License-Identifier: Apache-2.0
 *
 * Short runs of bytes copied and filled with vectors; both return the end of the target.
 */
#ifndef EI_ISA_ARM_MVE_COPY_H
#define EI_ISA_ARM_MVE_COPY_H

EI_INLINE int8_t *ei_copy(int8_t *to, const int8_t *from, int32_t n) {
  int8_t *const end = to + n;
  __asm__ volatile(
      "wlstp.8 lr, %[n], 2f\n"
      "1:\n\t"
      "vldrb.8 q0, [%[from]], #16\n\t"
      "vstrb.8 q0, [%[to]], #16\n\t"
      "letp lr, 1b\n"
      "2:"
      : [to] "+r"(to), [from] "+r"(from)
      : [n] "r"(n)
      : "q0", "lr", "memory");
  return end;
}

EI_INLINE int8_t *ei_fill(int8_t *to, int32_t value, int32_t n) {
  int8_t *const end = to + n;
  __asm__ volatile(
      "vdup.8 q0, %[value]\n\t"
      "wlstp.8 lr, %[n], 2f\n"
      "1:\n\t"
      "vstrb.8 q0, [%[to]], #16\n\t"
      "letp lr, 1b\n"
      "2:"
      : [to] "+r"(to)
      : [value] "r"(value), [n] "r"(n)
      : "q0", "lr", "memory");
  return end;
}

#endif
