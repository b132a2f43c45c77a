/* SPDX-License-Identifier: Apache-2.0
 *
 * What a family of parts must provide: port_<family>.c the serial line, timer_<kind>.c the clock,
 * cpu_<kind>.c the processor.
 * The generated config.h says which UART (EI_UART_BASE, EI_UART_IRQ) and which clock (EI_CLOCK_HZ,
 * of the timer; EI_CORE_HZ, of the processor: in an emulator a tick may be something else).
 */
#ifndef PORT_H
#define PORT_H

#include "config.h"

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

void port_init(void);
void port_putc(uint8_t c);
int port_readable(void);   /* whether port_getc has a byte at once */
uint8_t port_getc(void);   /* sleeps until there is one */
void port_listen(int on);  /* what is received interrupts (1), or waits (0): it must not be timed */
void port_interrupt(void); /* called by the UART's interrupt */
void port_reset(void);     /* RISC-V: reset the chip; returns where that cannot be done */

/* Where ring.c does that for UARTs: port_<family>.c. */
void uart_init(void); /* each received byte interrupts */
int uart_has(void);
uint8_t uart_take(void);

/* Ticks since boot, of EI_CLOCK_HZ. They need not advance while port_getc sleeps. */
void timer_init(void);
uint64_t timer_ticks(void);
void timer_align(void);       /* restart the tick in progress: equal work then takes equal ticks */
void timer_sleep(int asleep); /* stop (1) or continue (0) */

/* Where a framework says the time (EI_CYCLES) ticks are the processor's cycles if it is seen to
 * count them, else microseconds. */
#if EI_CYCLES
extern uint8_t timer_cycles;
uint64_t timer_us(void);
#define TIMER_HZ (timer_cycles ? EI_CLOCK_HZ : 1000000u)
#else
#define timer_cycles 1
#define timer_us() (timer_ticks() / (EI_CLOCK_HZ / 1000000u))
#define TIMER_HZ EI_CLOCK_HZ
#endif

/* cpu_<kind>.c: start-up, which calls app_main, and what only an instruction set can say. */
void cpu_reset(void);
void cpu_listen(int on);          /* take the UART's interrupt, or let it wait */
void cpu_wait(void);              /* sleep until it comes, if nothing was received yet */
uintptr_t cpu_lock(void);         /* no interrupt, until ... */
void cpu_unlock(uintptr_t state); /* ... what lock gave comes back */
void cpu_fault(void);             /* run into a fault, to test its report */

#endif
