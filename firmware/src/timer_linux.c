/* SPDX-License-Identifier: Apache-2.0
 * Linux: nanoseconds of the monotonic clock, or a word that an emulator counts up. */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "linux.h"
#include "port.h"

static const volatile uint32_t *count; /* low and high half; NULL: the clock */

int linux_count(const char *file) {
  const int handle = open(file, O_RDONLY);
  void *map = MAP_FAILED;
  if (handle >= 0) map = mmap(0, sizeof(uint64_t), PROT_READ, MAP_SHARED, handle, 0);
  if (map == MAP_FAILED) return -1;
  (void)close(handle);
  count = map;
  return 0;
}

void timer_init(void) {}

uint64_t timer_ticks(void) {
  struct timespec now;
  if (count) {
    uint32_t low, high;
    do {
      high = count[1];
      low = count[0];
    } while (high != count[1]);
    return (uint64_t)high << 32 | low;
  }
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void timer_align(void) {}

void timer_sleep(int asleep) { (void)asleep; }
