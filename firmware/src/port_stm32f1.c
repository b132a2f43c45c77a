/* SPDX-License-Identifier: Apache-2.0
 * STM32F1: clocks and pins of USART1 on PA9 and PA10. */
#include "usart_stm32.h"

#define RCC_APB2ENR REG32(0x40021018u)
#define GPIOA_CRH REG32(0x40010804u)

void uart_init(void) {
  RCC_APB2ENR |= 1u << 14 | 1u << 2;
  GPIOA_CRH = (GPIOA_CRH & ~(0xFFu << 4)) | 0x4Bu << 4; /* PA10 floating input, PA9 driven by it */
  usart_init(EI_CLOCK_HZ);
}
