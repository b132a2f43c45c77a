/* SPDX-License-Identifier: Apache-2.0
 * Arm SysTick: 24 bits counting down, extended by an interrupt at each wrap. */
#include "config.h"
#include "port.h"

#define CSR REG32(0xE000E010u)
#define RVR REG32(0xE000E014u)
#define CVR REG32(0xE000E018u)

#define CSR_RUN 7u   /* core clock, interrupt, enabled */
#define CSR_PAUSE 6u /* the same, not enabled */
#define MASK 0xFFFFFFu

static volatile uint32_t wraps;
static uint64_t base; /* ticks before the last timer_align */

void systick_handler(void);
void systick_handler(void) { wraps++; }

void timer_init(void) {
  RVR = MASK;
  CVR = 0u;
  CSR = CSR_RUN;
}

/* The counter goes 0 (just cleared), MASK, MASK-1 ... 1, 0 with the interrupt, MASK ... */
static uint64_t since_align(void) {
  uint32_t before, count;
  do {
    before = wraps;
    count = CVR;
  } while (before != wraps);
  return ((uint64_t)before << 24) + (-count & MASK);
}

uint64_t timer_ticks(void) { return base + since_align(); }

void timer_align(void) {
  base += since_align();
  CSR = CSR_PAUSE;
  CVR = 0u;
  wraps = 0u;
  CSR = CSR_RUN;
}

void timer_sleep(int asleep) { CSR = asleep ? CSR_PAUSE : CSR_RUN; }
