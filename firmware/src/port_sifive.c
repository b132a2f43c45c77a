/* SPDX-License-Identifier: Apache-2.0
 * SiFive FE310: its UART, on GPIO 16 (receive) and 17 (send). */
#include "config.h"
#include "port.h"

#define GPIO_IOF_EN REG32(0x10012038u)
#define GPIO_IOF_SEL REG32(0x1001203Cu)
#define PINS (3u << 16)

#define TXDATA REG32(EI_UART_BASE + 0x00u)
#define RXDATA REG32(EI_UART_BASE + 0x04u)
#define TXCTRL REG32(EI_UART_BASE + 0x08u)
#define RXCTRL REG32(EI_UART_BASE + 0x0Cu)
#define IE REG32(EI_UART_BASE + 0x10u)
#define IP REG32(EI_UART_BASE + 0x14u)
#define DIV REG32(EI_UART_BASE + 0x18u)

#define FULL (1u << 31) /* of TXDATA */
#define RECEIVED 2u     /* of IP and IE: more bytes than RXCTRL says, none */

void uart_init(void) {
  GPIO_IOF_SEL &= ~PINS;
  GPIO_IOF_EN |= PINS;
  DIV = EI_CLOCK_HZ / EI_BAUD - 1u;
  TXCTRL = 1u;
  RXCTRL = 1u;
  IE = RECEIVED;
}

void port_putc(uint8_t c) {
  while (TXDATA & FULL) {
  }
  TXDATA = c;
}

int uart_has(void) { return (IP & RECEIVED) != 0; }

uint8_t uart_take(void) { return (uint8_t)RXDATA; }
