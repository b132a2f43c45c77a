/* SPDX-License-Identifier: Apache-2.0
 * What a fault handler does once it has a stack to do it on. */
#include "app.h"
#include "armour.h"

void report_fault(uint32_t number, uintptr_t at) {
  line_bare();
  say("\r\ne-[fault ");
  say_u32(number);
  if (at) {
    say(" at 0x");
    for (uint32_t shift = 8u * sizeof at; shift;) {
      const uint8_t byte = (uint8_t)(at >> (shift -= 8u));
      say_hex(&byte, 1);
    }
  } else {
    say(", stack overflow");
  }
  say("]\r\n" READY);
  /* Polls: no interrupt may wake a fault handler. The next host's greeting resets the board. */
  while (!port_readable() || port_getc() != '%') {
  }
  cpu_reset();
}
