/* SPDX-License-Identifier: Apache-2.0
 * Parallel NOR flash with Intel's command set: two chips of 16 bits side by side, as on QEMU's
 * RISC-V board. What runs lies elsewhere: while a command is under way the chips cannot be read. */
#include "config.h"

#if EI_SLOTS
#include <string.h>

#include "port.h"
#include "store.h"

#define BOTH(command) ((command) << 16 | (command))

enum { READ_ARRAY = 0xFF, CLEAR_STATUS = 0x50, PROGRAM = 0x40, ERASE = 0x20, CONFIRM = 0xD0 };
#define DONE BOTH(0x80u)

static void wait(volatile uint32_t *word) {
  while ((*word & DONE) != DONE) {
  }
  *word = BOTH((uint32_t)CLEAR_STATUS);
  *word = BOTH((uint32_t)READ_ARRAY);
}

const uint8_t *store_start(void) {
  REG32(EI_STORE_ORIGIN) = BOTH((uint32_t)READ_ARRAY); /* a reset may have come amid a command */
  return (const uint8_t *)(uintptr_t)EI_STORE_ORIGIN;
}

void store_erase(uint32_t at) {
  volatile uint32_t *word = &REG32(EI_STORE_ORIGIN + at);
  *word = BOTH((uint32_t)ERASE);
  *word = BOTH((uint32_t)CONFIRM);
  wait(word);
}

void store_write(uint32_t at, const uint8_t *bytes, uint32_t n) {
  for (uint32_t i = 0; i < n; i += 4u) {
    volatile uint32_t *word = &REG32(EI_STORE_ORIGIN + at + i);
    uint32_t value;
    memcpy(&value, bytes + i, sizeof value);
    *word = BOTH((uint32_t)PROGRAM);
    *word = value;
    wait(word);
  }
}
#endif
