/* SPDX-License-Identifier: Apache-2.0
 * The USART that the families STM32F1, F2 and F4 have in common; included by their ports. */
#ifndef USART_STM32_H
#define USART_STM32_H

#include "config.h"
#include "port.h"

#define SR REG32(EI_UART_BASE + 0x00u)
#define DR REG32(EI_UART_BASE + 0x04u)
#define BRR REG32(EI_UART_BASE + 0x08u)
#define CR1 REG32(EI_UART_BASE + 0x0Cu)

#define SR_RXNE (1u << 5)
#define SR_TXE (1u << 7)

static inline void usart_init(uint32_t bus_hz) {
  BRR = (bus_hz + EI_BAUD / 2u) / EI_BAUD;
  CR1 = 1u << 13 | 1u << 5 | 1u << 3 | 1u << 2; /* enable, receive interrupt, send, receive */
}

void port_putc(uint8_t c) {
  while (!(SR & SR_TXE)) {
  }
  DR = c;
}

int uart_has(void) { return (SR & SR_RXNE) != 0; }

uint8_t uart_take(void) { return (uint8_t)DR; }

#endif
