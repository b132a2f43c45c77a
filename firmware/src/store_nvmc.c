/* SPDX-License-Identifier: Apache-2.0
 * The upper part of a Nordic chip's flash, through its controller (NVMC). */
#include "config.h"

#if EI_SLOTS
#include <string.h>

#include "port.h"
#include "store.h"

#define READY REG32(0x4001E400u)
#define CONFIG REG32(0x4001E504u)
#define ERASE_PAGE REG32(0x4001E508u)

enum { READ_ONLY = 0, WRITE = 1, ERASE = 2 };

static void set(uint32_t config) {
  CONFIG = config;
  while (!READY) {
  }
}

const uint8_t *store_start(void) { return (const uint8_t *)(uintptr_t)EI_STORE_ORIGIN; }

void store_erase(uint32_t at) {
  set(ERASE);
  ERASE_PAGE = EI_STORE_ORIGIN + at;
  set(READ_ONLY);
}

void store_write(uint32_t at, const uint8_t *bytes, uint32_t n) {
  for (uint32_t i = 0; i < n; i += 4u) {
    uint32_t word;
    memcpy(&word, bytes + i, sizeof word);
    set(WRITE);
    REG32(EI_STORE_ORIGIN + at + i) = word;
    set(READ_ONLY);
  }
}
#endif
