/* SPDX-License-Identifier: Apache-2.0
 * STM32F2 and F4: clocks and pins of USART1 on PA9 and PA10. */
#include "usart_stm32.h"

#define RCC_AHB1ENR REG32(0x40023830u)
#define RCC_APB2ENR REG32(0x40023844u)
#define GPIOA_MODER REG32(0x40020000u)
#define GPIOA_AFRH REG32(0x40020024u)

void uart_init(void) {
  RCC_AHB1ENR |= 1u;
  RCC_APB2ENR |= 1u << 4;
  GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | 0xAu << 18;
  GPIOA_AFRH = (GPIOA_AFRH & ~(0xFFu << 4)) | 0x77u << 4;
  usart_init(EI_CLOCK_HZ / 2u); /* APB2 runs at half the core's clock */
}
