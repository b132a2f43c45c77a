/* SPDX-License-Identifier: Apache-2.0
 * RISC-V: the 64-bit cycle counter, which never stops nor wraps. */
#include "port.h"

void timer_init(void) {}

uint64_t timer_ticks(void) {
  uint32_t high, low, again;
  do {
    __asm volatile("csrr %0, mcycleh" : "=r"(high));
    __asm volatile("csrr %0, mcycle" : "=r"(low));
    __asm volatile("csrr %0, mcycleh" : "=r"(again));
  } while (high != again);
  return (uint64_t)high << 32 | low;
}

void timer_align(void) {}

void timer_sleep(int asleep) { (void)asleep; }
