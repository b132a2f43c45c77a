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
#define PLIC_CLAIM REG32(PLIC + 0x200004u)

#define MIE_EXTERNAL (1u << 11)
#define GUARD_BYTES 4096u
#define PMP_LOCKED_NAPOT 0x98u /* and no right to read, write or execute */

void reset_handler(void);
void riscv_start(uint32_t *sp) __attribute__((used, noreturn));
void riscv_trap(uintptr_t sp) __attribute__((used, noreturn, aligned(4)));
static void trap_entry(void);

/* Boot ROMs jump to the first byte of flash. */
__attribute__((naked, used, section(".vectors"))) void reset_handler(void) {
  __asm volatile(
      ".option push\n.option norelax\n"
      "la gp, __global_pointer$\n"
      ".option pop\n"
      "la sp, stack + %0\n"
      "mv a0, sp\n"
      "j riscv_start\n" ::"i"(EI_STACK_BYTES));
}

void riscv_start(uint32_t *sp) {
  const uintptr_t guard = (uintptr_t)stack - GUARD_BYTES;
  __asm volatile("csrw mtvec, %0" ::"r"(trap_entry));
  __asm volatile("csrw pmpaddr0, %0" ::"r"(guard >> 2 | (GUARD_BYTES / 8u - 1u)));
  __asm volatile("csrw pmpcfg0, %0" ::"r"(PMP_LOCKED_NAPOT));
  bare_start(sp);
}

/* Interrupts stay disabled: WFI ends when one is pending, and claiming it makes it go. */
void cpu_wait(uint32_t irq) {
  PLIC_PRIORITY(irq) = 1u;
  PLIC_ENABLE(irq) = 1u << irq % 32u;
  __asm volatile("csrs mie, %0" ::"r"(MIE_EXTERNAL));
  if (!port_readable()) {
    timer_sleep(1);
    __asm volatile("wfi" ::: "memory");
    timer_sleep(0);
  }
  PLIC_CLAIM = PLIC_CLAIM;
}

/* Nothing resets these chips from within: begin again. */
void cpu_reset(void) { reset_handler(); }

void cpu_fault(void) { __asm volatile("unimp"); }

/* The fault may be the stack itself: start with a fresh one. */
__attribute__((naked, aligned(4))) static void trap_entry(void) {
  __asm volatile(
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
