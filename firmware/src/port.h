/* SPDX-License-Identifier: Apache-2.0
 *
 * What a family of parts must provide: port_<family>.c the serial line, timer_<kind>.c the clock.
 * The generated config.h says which UART (EI_UART_BASE, EI_UART_IRQ) and which clock (EI_CLOCK_HZ).
 */
#ifndef PORT_H
#define PORT_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

void port_init(void);
void port_putc(uint8_t c);
int port_readable(void); /* whether port_getc has a byte at once */
uint8_t port_getc(void); /* sleeps until there is one */

/* Ticks since boot, of EI_CLOCK_HZ. They need not advance while port_getc sleeps. */
void timer_init(void);
uint64_t timer_ticks(void);
void timer_align(void);       /* restart the tick in progress: equal work then takes equal ticks */
void timer_sleep(int asleep); /* stop (1) or continue (0) */

void cpu_reset(void);

/* Sleep until the interrupt is pending, without taking it. */
static inline void cpu_wait(uint32_t irq) {
  __asm volatile("cpsid i" ::: "memory");
  REG32(0xE000E100u + irq / 32u * 4u) = 1u << irq % 32u; /* NVIC_ISER */
  if (!port_readable()) {
    timer_sleep(1);
    __asm volatile("wfi" ::: "memory");
    timer_sleep(0);
  }
  REG32(0xE000E180u + irq / 32u * 4u) = 1u << irq % 32u; /* NVIC_ICER */
  REG32(0xE000E280u + irq / 32u * 4u) = 1u << irq % 32u; /* NVIC_ICPR */
  __asm volatile("cpsie i" ::: "memory");
}

#endif
