/* SPDX-License-Identifier: Apache-2.0
 * Memory set-up and the stack's high-water mark without an operating system. */
#include "bare.h"

#include "app.h"

#define PAINT 0xA5A5A5A5u

/* From link.ld. */
extern uint32_t ei_data_source[], ei_data_begin[], ei_data_end[];
extern uint32_t ei_bss_begin[], ei_static_begin[], ei_bss_end[];

uint8_t stack[EI_STACK_BYTES] __attribute__((section(".bss.stack"), aligned(16), used));

void bare_start(uint32_t *sp) {
  volatile uint32_t *paint = (volatile uint32_t *)(void *)stack;
  const uint32_t *from = ei_data_source;
  while (paint < sp - 32) *paint++ = PAINT;
  for (uint32_t *to = ei_data_begin; to < ei_data_end;) *to++ = *from++;
  for (uint32_t *to = ei_bss_begin; to < ei_bss_end;) *to++ = 0;
  (void)app_main();
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
