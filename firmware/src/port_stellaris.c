/* SPDX-License-Identifier: Apache-2.0
 * Stellaris LM3S: a PL011 UART. Clocks and pins are those of UART0 on PA0 and PA1. */
#include "config.h"
#include "port.h"

#define RCGC1 REG32(0x400FE104u)
#define RCGC2 REG32(0x400FE108u)
#define GPIOA_AFSEL REG32(0x40004420u)
#define GPIOA_DEN REG32(0x4000451Cu)

#define DR REG32(EI_UART_BASE + 0x00u)
#define FR REG32(EI_UART_BASE + 0x18u)
#define IBRD REG32(EI_UART_BASE + 0x24u)
#define FBRD REG32(EI_UART_BASE + 0x28u)
#define LCRH REG32(EI_UART_BASE + 0x2Cu)
#define CTL REG32(EI_UART_BASE + 0x30u)
#define IM REG32(EI_UART_BASE + 0x38u)

#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)

/* Four times the clock over the baud rate, rounded: the divisor in units of 1/64. */
#define DIVISOR ((8u * EI_CLOCK_HZ / EI_BAUD + 1u) / 2u)

void uart_init(void) {
  RCGC1 |= 1u;
  RCGC2 |= 1u;
  (void)RCGC2; /* the clocks need three cycles */
  GPIOA_AFSEL |= 3u;
  GPIOA_DEN |= 3u;
  IBRD = DIVISOR / 64u;
  FBRD = DIVISOR % 64u;
  LCRH = 3u << 5;     /* 8 bits; no FIFOs, so that each byte interrupts */
  IM = 1u << 4;       /* a received byte */
  CTL = 3u << 8 | 1u; /* send, receive, enabled */
}

void port_putc(uint8_t c) {
  while (FR & FR_TXFF) {
  }
  DR = c;
}

int uart_has(void) { return !(FR & FR_RXFE); }

uint8_t uart_take(void) { return (uint8_t)DR; }
