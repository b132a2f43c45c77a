/* SPDX-License-Identifier: Apache-2.0
 * Linux: a file as the flash, or memory that is gone with the process where no file is named. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux.h"
#include "store.h"

static int file = -1;
static uint8_t *memory;

int linux_store(const char *name) {
  struct stat found;
  file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 || fstat(file, &found) < 0) return -1;
  return found.st_size < (off_t)EI_STORE_BYTES ? ftruncate(file, EI_STORE_BYTES) : 0;
}

const uint8_t *store_start(void) {
  const int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  if (!memory) {
    void *map = mmap(0, EI_STORE_BYTES, PROT_READ | PROT_WRITE, flags, file, 0);
    memory = map == MAP_FAILED ? 0 : map;
  }
  return memory;
}

/* In this order, and there before the next: the power may fail. */
static void settle(void) {
  if (file >= 0) (void)fdatasync(file);
}

static void put(uint32_t at, const uint8_t *bytes, uint32_t n) {
  if (file < 0)
    memcpy(memory + at, bytes, n);
  else if (pwrite(file, bytes, n, (off_t)at) != (ssize_t)n)
    return; /* as whoever reads it back will see */
}

void store_erase(uint32_t at) {
  static uint8_t blank[EI_STORE_BLOCK];
  memset(blank, 0xFF, sizeof blank);
  put(at, blank, sizeof blank);
  settle();
}

void store_write(uint32_t at, const uint8_t *bytes, uint32_t n) {
  put(at, bytes, n);
  settle();
}
