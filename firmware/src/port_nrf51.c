/* SPDX-License-Identifier: Apache-2.0
 * Nordic nRF51: its UART, on the micro:bit's pins (24 sends, 25 receives). */
#include "config.h"
#include "port.h"

#define STARTRX REG32(EI_UART_BASE + 0x000u)
#define STARTTX REG32(EI_UART_BASE + 0x008u)
#define RXDRDY REG32(EI_UART_BASE + 0x108u)
#define TXDRDY REG32(EI_UART_BASE + 0x11Cu)
#define INTENSET REG32(EI_UART_BASE + 0x304u)
#define ENABLE REG32(EI_UART_BASE + 0x500u)
#define PSELTXD REG32(EI_UART_BASE + 0x50Cu)
#define PSELRXD REG32(EI_UART_BASE + 0x514u)
#define RXD REG32(EI_UART_BASE + 0x518u)
#define TXD REG32(EI_UART_BASE + 0x51Cu)
#define BAUDRATE REG32(EI_UART_BASE + 0x524u)

void uart_init(void) {
  PSELTXD = 24u;
  PSELRXD = 25u;
  BAUDRATE = (uint32_t)(((uint64_t)EI_BAUD << 32) / 16000000u + 0x800u) & 0xFFFFF000u;
  ENABLE = 4u;
  INTENSET = 1u << 2; /* a received byte */
  STARTTX = 1u;
  STARTRX = 1u;
}

void port_putc(uint8_t c) {
  TXDRDY = 0u;
  TXD = c;
  while (!TXDRDY) {
  }
}

int uart_has(void) { return RXDRDY != 0u; }

uint8_t uart_take(void) {
  RXDRDY = 0u; /* before the read: the receive FIFO then announces its next byte */
  return (uint8_t)RXD;
}
