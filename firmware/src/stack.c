/* SPDX-License-Identifier: Apache-2.0
 * The high-water mark of a stack that an operating system or a framework has set up. */
#include "app.h"

#define PAINT 0xA5u

uintptr_t stack_top;

/* The paint stays where it is after the return. */
__attribute__((noinline)) void paint_stack(void) {
  volatile uint8_t area[EI_STACK_BYTES];
  for (uint32_t i = 0; i < sizeof area; i++) area[i] = PAINT;
  stack_top = (uintptr_t)area + sizeof area;
}

uint32_t stack_used(void) {
  uintptr_t used = EI_STACK_BYTES;
  while (used && *(const volatile uint8_t *)(stack_top - used) == PAINT) used--;
  return (uint32_t)used;
}
