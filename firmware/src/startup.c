/* SPDX-License-Identifier: Apache-2.0
 *
 * Cortex-M: vector table, memory set-up, faults. The stack lies at the bottom of RAM, so that
 * running out of it is a fault and not a silently changed variable.
 */
#include "app.h"
#include "port.h"

extern uint32_t ei_data_source[], ei_data_begin[], ei_data_end[], ei_bss_begin[], ei_bss_end[];

static uint8_t stack[EI_STACK_BYTES] __attribute__((section(".bss.stack"), aligned(8), used));

#define PAINT 0xA5A5A5A5u

int main(void);
void systick_handler(void) __attribute__((weak, alias("fault_handler")));
void reset_handler(void);
void fault_handler(void);
void fault_report(const uint32_t *frame);

/* Only system exceptions are taken; port.h waits for the UART's interrupt without taking it. */
typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const struct {
  const void *stack;
  handler handlers[15];
} vectors = {
    stack + EI_STACK_BYTES,
    {reset_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler,
     fault_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler,
     fault_handler, fault_handler, systick_handler},
};

void reset_handler(void) {
  volatile uint32_t *paint = (volatile uint32_t *)stack;
  const uint32_t *end;
  const uint32_t *from = ei_data_source;
#ifdef __ARM_FP
  REG32(0xE000ED88u) |= 0xFu << 20; /* CPACR: let the floating-point unit be used */
  __asm volatile("dsb\n isb" ::: "memory");
#endif
  __asm volatile("mov %0, sp" : "=r"(end));
  while (paint < end - 16) *paint++ = PAINT;
  for (uint32_t *to = ei_data_begin; to < ei_data_end;) *to++ = *from++;
  for (uint32_t *to = ei_bss_begin; to < ei_bss_end;) *to++ = 0;
  (void)main();
  for (;;) {
  }
}

uint32_t stack_used(void) {
  const volatile uint32_t *word = (const volatile uint32_t *)stack;
  uint32_t clean = 0;
  while (clean < EI_STACK_BYTES && *word == PAINT) {
    word++;
    clean += 4u;
  }
  return EI_STACK_BYTES - clean;
}

void cpu_reset(void) {
  __asm volatile("dsb" ::: "memory");
  REG32(0xE000ED0Cu) = 0x05FA0004u; /* AIRCR: system reset */
  for (;;) {
  }
}

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
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  say("\r\ne-[fault ");
  say_u32(number & 0x1FFu);
  if (at >= low && at <= low + EI_STACK_BYTES - 32u) {
    say(" at 0x");
    say_hex32(frame[6]);
  } else {
    say(", stack overflow");
  }
  say("]\r\n" READY);
  /* Polls: no interrupt may wake a fault handler. The next host's greeting resets the board. */
  while (!port_readable() || port_getc() != '%') {
  }
  cpu_reset();
}
