/* SPDX-License-Identifier: Apache-2.0
 * Arm's CMSDK UART, as on the MPS2 boards. */
#include "config.h"
#include "port.h"

#define DATA REG32(EI_UART_BASE + 0x00u)
#define STATE REG32(EI_UART_BASE + 0x04u)
#define CTRL REG32(EI_UART_BASE + 0x08u)
#define INTCLEAR REG32(EI_UART_BASE + 0x0Cu)
#define BAUDDIV REG32(EI_UART_BASE + 0x10u)

#define STATE_TXFULL 1u
#define STATE_RXFULL 2u

void uart_init(void) {
  BAUDDIV = EI_CLOCK_HZ / EI_BAUD; /* below 16 the UART sends nothing */
  CTRL = 1u | 2u | 8u;             /* send, receive, receive interrupt */
}

void port_putc(uint8_t c) {
  while (STATE & STATE_TXFULL) {
  }
  DATA = c;
}

int uart_has(void) { return (STATE & STATE_RXFULL) != 0; }

uint8_t uart_take(void) {
  INTCLEAR = 2u; /* before the read, which may let the next byte in at once */
  return (uint8_t)DATA;
}
