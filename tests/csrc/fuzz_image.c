/* SPDX-License-Identifier: Apache-2.0
 *
 * Mutates images without guidance: many different ones in a short time.
 * Usage: fuzz_image ROUNDS SEED IMAGE...
 */
#include <stdio.h>

#include "try_image.h"

static uint32_t state;

static uint32_t next(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static void mutate(uint8_t *image, size_t size) {
  static const uint32_t values[] = {0,      1,      0x7F,       0x80,       0xFF,      0x7FFF,
                                    0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  for (uint32_t n = 1 + next(4); n > 0; n--) {
    const size_t at = next((uint32_t)size);
    switch (next(4)) {
      case 0: image[at] ^= (uint8_t)(1u << next(8)); break;
      case 1: image[at] = (uint8_t)next(256); break;
      default: {
        const uint32_t v = values[next(sizeof values / sizeof *values)];
        const size_t width = next(2) ? 4 : 2, place = at / width * width;
        if (place + width <= size) memcpy(image + place, &v, width);
      }
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const long rounds = atol(argv[1]);
  state = (uint32_t)atol(argv[2]);
  long accepted = 0, total = 0;
  for (int f = 3; f < argc; f++) {
    FILE *file = fopen(argv[f], "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 2;
    const size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *original = malloc(size), *image = malloc(size);
    if (fread(original, 1, size, file) != size) return 2;
    fclose(file);
    for (long round = 0; round < rounds; round++, total++) {
      const size_t length = next(8) == 0 ? next((uint32_t)size) + 1 : size;
      memcpy(image, original, length);
      if (round > 0) mutate(image, length);
      const int runs = try_image(image, length, 1 << 20);
      if (round == 0 && length == size && !runs) return 4;
      accepted += runs;
    }
    free(image);
    free(original);
  }
  printf("%ld of %ld accepted\n", accepted, total);
  return 0;
}
