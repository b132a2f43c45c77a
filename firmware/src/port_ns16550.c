/* SPDX-License-Identifier: Apache-2.0
 * A 16550 UART with registers of one byte, as on QEMU's RISC-V board, which has no baud rate. */
#include "config.h"
#include "port.h"

#define REG8(offset) (*(volatile uint8_t *)(uintptr_t)(EI_UART_BASE + (offset)))
#define DATA REG8(0u)
#define IER REG8(1u)
#define FCR REG8(2u)
#define LCR REG8(3u)
#define LSR REG8(5u)

#define LSR_READY 1u
#define LSR_SENT 0x20u

void uart_init(void) {
  LCR = 3u; /* 8 bits, no parity, one stop bit */
  FCR = 7u; /* FIFOs on and empty */
  IER = 1u; /* a received byte */
}

void port_putc(uint8_t c) {
  while (!(LSR & LSR_SENT)) {
  }
  DATA = c;
}

int uart_has(void) { return (LSR & LSR_READY) != 0; }

uint8_t uart_take(void) { return DATA; }

void port_reset(void) {} /* it begins again, by a jump */
