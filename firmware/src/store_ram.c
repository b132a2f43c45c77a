/* SPDX-License-Identifier: Apache-2.0
 * Memory to spare as a store. A reset empties it: whether it survives one, nothing guarantees. */
#include "config.h"

#if EI_SLOTS
#include <string.h>

#include "store.h"

#ifdef ARDUINO
#define PLACE /* as the framework's linker script decides */
#else
#define PLACE section(".noinit.slots"),
#endif
static uint8_t memory[EI_STORE_BYTES] __attribute__((PLACE aligned(16)));

const uint8_t *store_start(void) {
  for (uint32_t at = 0; at < EI_STORE_BYTES; at += EI_STORE_BLOCK) store_erase(at);
  return memory;
}

void store_erase(uint32_t at) { memset(memory + at, 0xFF, EI_STORE_BLOCK); }

void store_write(uint32_t at, const uint8_t *bytes, uint32_t n) { memcpy(memory + at, bytes, n); }
#endif
