/* SPDX-License-Identifier: Apache-2.0
 * Nordic nRF51: TIMER0, 32 bits at 16 MHz; a wrap takes 268 s, longer than any command. */
#include "config.h"
#include "port.h"

#define TIMER0 0x40008000u
#define START REG32(TIMER0 + 0x000u)
#define STOP REG32(TIMER0 + 0x004u)
#define CLEAR REG32(TIMER0 + 0x00Cu)
#define CAPTURE0 REG32(TIMER0 + 0x040u)
#define MODE REG32(TIMER0 + 0x504u)
#define BITMODE REG32(TIMER0 + 0x508u)
#define PRESCALER REG32(TIMER0 + 0x510u)
#define CC0 REG32(TIMER0 + 0x540u)

static uint64_t base; /* ticks before the last timer_align */

void timer_init(void) {
  MODE = 0u;
  BITMODE = 3u; /* 32 bits */
  PRESCALER = 0u;
  CLEAR = 1u;
  START = 1u;
}

uint64_t timer_ticks(void) {
  CAPTURE0 = 1u;
  return base + CC0;
}

void timer_align(void) {
  base = timer_ticks();
  CLEAR = 1u;
}

void timer_sleep(int asleep) {
  if (asleep)
    STOP = 1u;
  else
    START = 1u;
}
