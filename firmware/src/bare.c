/* SPDX-License-Identifier: Apache-2.0
 * Memory set-up, stack's high-water mark and fault report without an operating system. */
#include "bare.h"

#include "app.h"
#include "port.h"

#define PAINT 0xA5A5A5A5u

/* From link.ld. */
extern uint32_t ei_data_source[], ei_data_begin[], ei_data_end[];
extern uint32_t ei_bss_begin[], ei_static_begin[], ei_bss_end[];

uint8_t stack[EI_STACK_BYTES] __attribute__((section(".bss.stack"), aligned(16), used));

int main(void);

void bare_start(uint32_t *sp) {
  volatile uint32_t *paint = (volatile uint32_t *)(void *)stack;
  const uint32_t *from = ei_data_source;
  while (paint < sp - 32) *paint++ = PAINT;
  for (uint32_t *to = ei_data_begin; to < ei_data_end;) *to++ = *from++;
  for (uint32_t *to = ei_bss_begin; to < ei_bss_end;) *to++ = 0;
  (void)main();
  for (;;) {
  }
}

uint32_t stack_used(void) {
  const volatile uint32_t *word = (const volatile uint32_t *)(const void *)stack;
  uint32_t clean = 0;
  while (clean < EI_STACK_BYTES && *word == PAINT) {
    word++;
    clean += 4u;
  }
  return EI_STACK_BYTES - clean;
}

uint32_t static_bytes(void) {
  return (uint32_t)((ei_bss_end - ei_static_begin) + (ei_data_end - ei_data_begin)) * 4u;
}

void bare_fault(uint32_t number, const uint32_t *at) {
  say("\r\ne-[fault ");
  say_u32(number);
  if (at) {
    say(" at 0x");
    say_hex32((uint32_t)(uintptr_t)at);
  } else {
    say(", stack overflow");
  }
  say("]\r\n" READY);
  /* Polls: no interrupt may wake a fault handler. The next host's greeting resets the board. */
  while (!port_readable() || port_getc() != '%') {
  }
  cpu_reset();
  for (;;) {
  }
}
