/* SPDX-License-Identifier: Apache-2.0
 * STM32F2 and F4: a USART. Clocks and pins are those of USART1 on PA9 and PA10. */
#include "config.h"
#include "port.h"

#define RCC_AHB1ENR REG32(0x40023830u)
#define RCC_APB2ENR REG32(0x40023844u)
#define GPIOA_MODER REG32(0x40020000u)
#define GPIOA_AFRH REG32(0x40020024u)

#define SR REG32(EI_UART_BASE + 0x00u)
#define DR REG32(EI_UART_BASE + 0x04u)
#define BRR REG32(EI_UART_BASE + 0x08u)
#define CR1 REG32(EI_UART_BASE + 0x0Cu)

#define SR_RXNE (1u << 5)
#define SR_TXE (1u << 7)

void port_init(void) {
  RCC_AHB1ENR |= 1u;
  RCC_APB2ENR |= 1u << 4;
  GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | 0xAu << 18;
  GPIOA_AFRH = (GPIOA_AFRH & ~(0xFFu << 4)) | 0x77u << 4;
  BRR = (EI_CLOCK_HZ / 2u + EI_BAUD / 2u) / EI_BAUD; /* APB2 runs at half the core's clock */
  CR1 = 1u << 13 | 1u << 5 | 1u << 3 | 1u << 2;      /* enable, receive interrupt, send, receive */
}

void port_putc(uint8_t c) {
  while (!(SR & SR_TXE)) {
  }
  DR = c;
}

int port_readable(void) { return (SR & SR_RXNE) != 0; }

uint8_t port_getc(void) {
  while (!port_readable()) cpu_wait(EI_UART_IRQ);
  return (uint8_t)DR;
}
