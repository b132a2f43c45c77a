/* SPDX-License-Identifier: Apache-2.0
 * Cortex-M: vector table, start-up, sleep, faults. */
#include "app.h"
#include "bare.h"
#include "port.h"

void systick_handler(void) __attribute__((weak, alias("fault_handler")));
void reset_handler(void);
void fault_handler(void);
void fault_report(const uint32_t *frame) __attribute__((used));

/* Of exceptions SysTick's is taken, of interrupts the UART's, the last here. */
typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const struct {
  const void *stack;
  handler handlers[16u + EI_UART_IRQ];
} vectors = {
    stack + EI_STACK_BYTES,
    {
        reset_handler,
        [1 ... 13] = fault_handler,
        systick_handler,
#if EI_UART_IRQ
        [15 ... 14u + EI_UART_IRQ] = fault_handler,
#endif
        port_interrupt,
    },
};

void reset_handler(void) {
  uint32_t *sp;
#ifdef __ARM_FP
  REG32(0xE000ED88u) |= 0xFu << 20; /* CPACR: let the floating-point unit be used */
  __asm volatile("dsb\n isb" ::: "memory");
#endif
  __asm volatile("mov %0, sp" : "=r"(sp));
  bare_start(sp);
}

void cpu_reset(void) {
  __asm volatile("dsb" ::: "memory");
  REG32(0xE000ED0Cu) = 0x05FA0004u; /* AIRCR: system reset */
  for (;;) {
  }
}

void cpu_listen(int on) {
  const uint32_t set_or_clear = on ? 0xE000E100u : 0xE000E180u; /* NVIC_ISER, NVIC_ICER */
  REG32(set_or_clear + EI_UART_IRQ / 32u * 4u) = 1u << EI_UART_IRQ % 32u;
  __asm volatile("dsb\n isb" ::: "memory");
}

uintptr_t cpu_lock(void) {
  uintptr_t state;
  __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
  return state;
}

void cpu_unlock(uintptr_t state) { __asm volatile("msr primask, %0" ::"r"(state) : "memory"); }

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

void cpu_fault(void) { __asm volatile("udf #0"); }

/* The fault may be the stack itself: start with a fresh one. */
__attribute__((naked)) void fault_handler(void) {
  __asm volatile(
      "mov r0, sp\n"
      "ldr r1, =%c0\n"
      "mov sp, r1\n"
      "bl fault_report\n"
      ".ltorg\n" ::"i"(stack + EI_STACK_BYTES));
}

void fault_report(const uint32_t *frame) {
  const uintptr_t at = (uintptr_t)frame, low = (uintptr_t)stack;
  const int whole = at >= low && at <= low + EI_STACK_BYTES - 32u;
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  report_fault(number & 0x1FFu, whole ? frame[6] : 0);
  for (;;) {
  }
}
