/* SPDX-License-Identifier: Apache-2.0
 *
 * Mutates images, mends their CRC so that the deeper checks are reached, and runs what ei_verify
 * accepts in an arena of exactly the size it says. Sanitizers find what it lets through.
 * Usage: fuzz_image ROUNDS SEED IMAGE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgeinfer.h"

static uint32_t state;

static uint32_t next(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static uint8_t *aligned(size_t size) {
  /* Exact size: a byte past the end is the sanitizer's. */
  uint8_t *p = NULL;
  if (posix_memalign((void **)&p, EI_IMAGE_ALIGN, size) != 0) exit(3);
  return p;
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
    uint8_t *original = malloc(size);
    if (fread(original, 1, size, file) != size) return 2;
    fclose(file);
    for (long round = 0; round < rounds; round++, total++) {
      const size_t length = next(8) == 0 ? next((uint32_t)size) + 1 : size;
      uint8_t *image = aligned(length);
      memcpy(image, original, length);
      if (round > 0) mutate(image, length);
      if (length > 4) {
        const uint32_t crc = ei_crc32(0, image, length - 4);
        memcpy(image + length - 4, &crc, 4);
      }
      ei_model model;
      const int result = ei_verify(image, length, &model);
      if (round == 0 && length == size && result != EI_OK) return 4;
      if (result == EI_OK && model.arena_bytes <= 1 << 20) {
        uint8_t *arena = aligned(model.arena_bytes ? model.arena_bytes : 1);
        memset(arena, 0x5A, model.arena_bytes);
        ei_reset(&model, arena);
        ei_selftest_input(&model, arena);
        ei_invoke(&model, arena, NULL, NULL);
        (void)ei_output_crc(&model, arena);
        for (uint32_t i = 0; i < model.n_layers; i++) {
          uint32_t bytes;
          const char *name = ei_layer_name(&model, i, &bytes);
          for (uint32_t k = 0; name != NULL && k < bytes; k++) accepted += name[k] == 1;
        }
        accepted++;
        free(arena);
      }
      free(image);
    }
    free(original);
  }
  printf("%ld of %ld accepted\n", accepted, total);
  return 0;
}
