/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts the power at every byte that is written to or erased from a store, and then starts again:
 * the old model or the new one must run, whole, and the same upload must come to its end. The store
 * is flash at its worst: writing only clears bits, blocks lose their bytes in any order, and the
 * byte at which the power fails is left as chance has it.
 *
 * usage: cut IMAGE_B IMAGE_C; image A is built in.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "slots.h"
#include "store.h"

typedef struct {
  uint8_t bytes[65536] __attribute__((aligned(16)));
  uint32_t n;
  uint8_t sha[SHA_BYTES];
} image;

enum { NEVER = -1, ORDERS = 3, AGAIN = 17 /* one cut in so many is followed by a whole upload */ };

static uint8_t memory[EI_STORE_BYTES] __attribute__((aligned(16)));
static long left = NEVER; /* bytes until the power fails */
static jmp_buf power;
static uint32_t chance = 1, order;
static long cuts;

void port_putc(uint8_t c) { (void)c; }
uint8_t port_getc(void) { abort(); }

static uint32_t dice(void) {
  chance = chance * 1664525u + 1013904223u;
  return chance >> 8;
}

static void fail(const char *what) {
  fprintf(stderr, "%s (cut %ld, order %u)\n", what, cuts, order);
  exit(1);
}

static void put(uint32_t at, uint8_t value, uint8_t maybe) {
  if (left == 0) {
    memory[at] = (uint8_t)((value & ~maybe) | (memory[at] & maybe));
    longjmp(power, 1);
  }
  if (left > 0) left--;
  memory[at] = value;
}

const uint8_t *store_start(void) { return memory; }

void store_erase(uint32_t at) {
  if (at % EI_STORE_BLOCK || at >= EI_STORE_BYTES) fail("Erases what is no block");
  for (uint32_t i = 0; i < EI_STORE_BLOCK; i++) {
    const uint32_t k = order == 0 ? i : order == 1 ? EI_STORE_BLOCK - 1u - i : i * 37u;
    put(at + k % EI_STORE_BLOCK, 0xFF, (uint8_t)dice());
  }
}

void store_write(uint32_t at, const uint8_t *bytes, uint32_t n) {
  if (at % STORE_UNIT || n % STORE_UNIT || n > EI_STORE_BYTES - at) fail("Writes parts of units");
  for (uint32_t i = 0; i < n; i++) {
    if ((memory[at + i] & bytes[i]) != bytes[i]) fail("Writes where nothing was erased");
    put(at + i, bytes[i], (uint8_t)dice());
  }
}

static void load(image *to, const char *name, uint8_t mark) {
  FILE *file = fopen(name, "rb");
  if (!file) fail(name);
  to->n = (uint32_t)fread(to->bytes, 1, sizeof to->bytes, file);
  fclose(file);
  memset(to->sha, mark, sizeof to->sha);
}

/* In pieces of any size; a refusal is a failure, as nothing is wrong with the image. */
static void upload_and_keep(const image *new) {
  uint32_t next;
  if (new) {
    slot_refusal refusal = slot_begin(new->n, new->sha, &next);
    while (!refusal && next < new->n) {
      uint32_t n = 1u + dice() % 300u;
      if (n > new->n - next) n = new->n - next;
      refusal = slot_put(next, new->bytes + next, n, &next);
    }
    if (refusal) fail(refusal);
  }
  for (int i = SLOT_BUILT_IN; i < (int)EI_SLOTS; i++) {
    uint32_t bytes;
    const uint8_t *sha;
    const int found =
        new ? i >= 0 && slot_image(i, &bytes, &sha) && memcmp(sha, new->sha, SHA_BYTES) == 0
            : i == SLOT_BUILT_IN;
    if (!found) continue;
    const slot_refusal refusal = slot_switch(i, 1);
    if (refusal) fail(refusal);
    return;
  }
  fail("What was uploaded is in no slot");
}

/* What runs, after it has proved itself: its image's CRC. */
static uint32_t start(void) {
  left = NEVER;
  memset(arena, 0xA5, EI_ARENA_BYTES);
  model_start();
  if (model_error != EI_OK) fail("No model runs");
  if (slot_running != slot_kept) fail("What runs is not what is kept");
  if (model_selftest(&model) != model.selftest_crc) fail("The model computes other bytes");
  uint32_t bytes;
  const uint8_t *running = model_image(0, &bytes);
  return ei_crc32(0, running, bytes - 4u);
}

static uint32_t crc_of(const image *of) {
  return of ? ei_crc32(0, of->bytes, of->n - 4u) : ei_crc32(0, ei_image, ei_image_bytes - 4u);
}

/* From the store as it is, which runs `old`, to `new`; with a cut at every byte on the way. */
static void change(const image *old, const image *new) {
  static uint8_t before[EI_STORE_BYTES];
  memcpy(before, memory, sizeof before);
  for (order = 0; order < ORDERS; order++) {
    int news = 0;
    for (volatile long at = 0;; at++) {
      memcpy(memory, before, sizeof before);
      if (start() != crc_of(old)) fail("It does not begin with the old model");
      left = at;
      if (setjmp(power) == 0) {
        upload_and_keep(new);
        break; /* the power lasted to the end */
      }
      cuts++;
      const uint32_t found = start();
      if (found != crc_of(old) && found != crc_of(new)) fail("Neither the old model nor the new");
      news += found == crc_of(new);
      if (at % AGAIN) continue;
      upload_and_keep(new);
      if (start() != crc_of(new)) fail("The second attempt does not bring the new model");
    }
    if (start() != crc_of(new)) fail("The new model is not kept");
    if (news > (int)STORE_UNIT) fail("The new model runs before it was switched to");
  }
}

int main(int argc, char **argv) {
  static image b, c;
  if (argc != 3) return 2;
  load(&b, argv[1], 'b');
  load(&c, argv[2], 'c');
  memset(memory, 0xFF, sizeof memory);
  change(0, &b);
  change(&b, &c);
  change(&c, &b); /* back to what the other slot still holds */
  change(&b, &c); /* which was given up: uploaded again */
  change(&c, 0);
  change(0, &b);
  memset(memory, 0, sizeof memory); /* a chip as it may come */
  change(0, &c);
  printf("%ld\n", cuts);
  return 0;
}
