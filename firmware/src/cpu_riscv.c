/* SPDX-License-Identifier: Apache-2.0
 *
 * RISC-V in machine mode, with a platform-level interrupt controller where SiFive puts it:
 * start-up, sleep, faults. Physical memory protection forbids the page below the stack, as
 * whatever lies there might take writes in silence.
 */
#include "app.h"
#include "bare.h"
#include "port.h"

#define PLIC 0x0C000000u
#define PLIC_PRIORITY(irq) REG32(PLIC + 4u * (irq))
#define PLIC_ENABLE(irq) REG32(PLIC + 0x2000u + (irq) / 32u * 4u)
#define PLIC_THRESHOLD REG32(PLIC + 0x200000u)
#define PLIC_CLAIM REG32(PLIC + 0x200004u)

#define MIE_EXTERNAL (1u << 11)
#define MSTATUS_MIE 8u
#define GUARD_BYTES 4096u
#define PMP_LOCKED_NAPOT 0x98u /* and no right to read, write or execute */

void reset_handler(void);
void riscv_start(uint32_t *sp) __attribute__((used, noreturn));
void riscv_trap(uintptr_t sp) __attribute__((used, noreturn, aligned(4)));
void riscv_interrupt(void) __attribute__((used, interrupt));
static void trap_entry(void);

/* Boot ROMs jump to the first byte of flash. */
__attribute__((naked, used, section(".vectors"))) void reset_handler(void) {
  __asm volatile(
      ".option push\n.option norelax\n"
      "csrci mstatus, %1\n" /* it may be a reset by jumping here */
      "la gp, __global_pointer$\n"
      ".option pop\n"
      "la sp, stack + %0\n"
      "mv a0, sp\n"
      "j riscv_start\n" ::"i"(EI_STACK_BYTES),
      "i"(MSTATUS_MIE));
}

void riscv_start(uint32_t *sp) {
  const uintptr_t guard = (uintptr_t)stack - GUARD_BYTES;
  __asm volatile("csrw mtvec, %0" ::"r"(trap_entry));
  __asm volatile("csrw pmpaddr0, %0" ::"r"(guard >> 2 | (GUARD_BYTES / 8u - 1u)));
  __asm volatile("csrw pmpcfg0, %0" ::"r"(PMP_LOCKED_NAPOT));
  __asm volatile("csrw mie, zero");
  PLIC_THRESHOLD = 0u;
  PLIC_PRIORITY(EI_UART_IRQ) = 1u;
  PLIC_ENABLE(EI_UART_IRQ) = 1u << EI_UART_IRQ % 32u;
  PLIC_CLAIM = EI_UART_IRQ; /* a reset may have come amid it */
  __asm volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE));
  bare_start(sp);
}

void cpu_listen(int on) {
  if (on)
    __asm volatile("csrs mie, %0" ::"r"(MIE_EXTERNAL) : "memory");
  else
    __asm volatile("csrc mie, %0" ::"r"(MIE_EXTERNAL) : "memory");
}

uintptr_t cpu_lock(void) {
  uintptr_t state;
  __asm volatile("csrrci %0, mstatus, %1" : "=r"(state) : "i"(MSTATUS_MIE) : "memory");
  return state;
}

void cpu_unlock(uintptr_t state) {
  if (state & MSTATUS_MIE) __asm volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}

void cpu_wait(void) {
  const uintptr_t state = cpu_lock(); /* WFI ends all the same when an interrupt is pending */
  cpu_listen(1);
  if (!port_readable()) {
    timer_sleep(1);
    __asm volatile("wfi" ::: "memory");
    timer_sleep(0);
  }
  cpu_unlock(state);
}

void riscv_interrupt(void) {
  const uint32_t irq = PLIC_CLAIM;
  port_interrupt();
  PLIC_CLAIM = irq;
}

/* Where nothing resets the chip from within: begin again. */
void cpu_reset(void) {
  port_reset();
  reset_handler();
}

void cpu_fault(void) { __asm volatile("unimp"); }

/* A fault may be the stack itself: start with a fresh one. An interrupt uses the one that is. */
__attribute__((naked, aligned(4))) static void trap_entry(void) {
  __asm volatile(
      "csrw mscratch, a0\n"
      "csrr a0, mcause\n"
      "bgez a0, 1f\n"
      "csrr a0, mscratch\n"
      "j riscv_interrupt\n"
      "1:\n"
      "mv a0, sp\n"
      "la sp, stack + %0\n"
      "j riscv_trap\n" ::"i"(EI_STACK_BYTES));
}

void riscv_trap(uintptr_t sp) {
  const uintptr_t low = (uintptr_t)stack;
  uintptr_t cause, at, address;
  __asm volatile("csrr %0, mcause" : "=r"(cause));
  __asm volatile("csrr %0, mepc" : "=r"(at));
  __asm volatile("csrr %0, mtval" : "=r"(address));
  const int over = sp < low || (address >= low - GUARD_BYTES && address < low);
  report_fault((uint32_t)cause, over ? 0 : at);
  for (;;) {
  }
}
