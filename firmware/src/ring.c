/* SPDX-License-Identifier: Apache-2.0
 *
 * Received bytes, which an interrupt takes from the UART: a host may send while the board computes
 * or answers. Without room they stay in the UART, and without interrupts until they are asked for.
 */
#include "config.h"
#include "port.h"

#define RING 128u /* bytes: the five pieces that a host may have under way are 85 */

static volatile uint8_t ring[RING] __attribute__((section(".bss.serial")));
static volatile uint8_t put, taken; /* how many were, modulo 256 */

static void fill(void) {
  while ((uint8_t)(put - taken) < RING && uart_has()) {
    ring[put % RING] = uart_take();
    put++;
  }
}

void port_init(void) {
  uart_init();
  cpu_listen(1);
}

void port_listen(int on) { cpu_listen(on); }

void port_interrupt(void) {
  fill();
  if (uart_has()) cpu_listen(0);
}

int port_readable(void) {
  if (put == taken) { /* also where no interrupt comes, as in a fault handler */
    const uintptr_t state = cpu_lock();
    fill();
    cpu_unlock(state);
  }
  return put != taken;
}

uint8_t port_getc(void) {
  while (!port_readable()) cpu_wait();
  const uint8_t c = ring[taken % RING];
  taken++;
  return c;
}
