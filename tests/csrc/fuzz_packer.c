/* SPDX-License-Identifier: Apache-2.0 */
/* Random packing problems through the packer, under sanitizers: every answer is checked. */
#include "packer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 24 };

static uint32_t state = 1;

static int32_t below(int32_t limit) {
  state = state * 1664525u + 1013904223u;
  return (int32_t)((state >> 8) % (uint32_t)limit);
}

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void *exactly(size_t bytes) { /* so that a byte too far is seen */
  void *memory = malloc(bytes ? bytes : 1);
  require(memory != NULL, "no memory");
  return memory;
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 100;
  int found = 0, none = 0;
  for (int round = 0; round < rounds; round++) {
    const int32_t n = 1 + below(MOST), m = 1 + below(8);
    int32_t first[MOST], last[MOST], near_start[MOST + 1] = {0}, in_start[MOST + 1] = {0};
    int32_t twin[MOST], rank[MOST], slot_start[9] = {0};
    int64_t base[MOST], top[MOST], places[MOST], height = 0;
    int32_t *near = exactly(MOST * MOST * sizeof *near), *in = exactly(MOST * 8 * sizeof *in);
    int32_t *member = exactly(MOST * 8 * sizeof *member);
    int64_t *above = exactly(MOST * MOST * sizeof *above), *lower = exactly(MOST * MOST * 8);
    int64_t *weight = exactly(MOST * 8 * sizeof *weight);
    for (int32_t i = 0; i < n; i++) {
      first[i] = below(m);
      last[i] = first[i] + below(m - first[i]);
      base[i] = 0;
      top[i] = 1 + below(9);
      twin[i] = -1;
      rank[i] = i;
      for (int32_t k = 0; k < i; k++)
        if (first[k] == first[i] && last[k] == last[i] && top[k] == top[i]) twin[i] = k;
    }
    for (int32_t i = 0; i < n; i++) {
      near_start[i + 1] = near_start[i];
      for (int32_t k = 0; k < n; k++) {
        if (k == i || first[k] > last[i] || first[i] > last[k]) continue;
        near[near_start[i + 1]] = k;
        above[near_start[i + 1]] = top[i];
        lower[near_start[i + 1]++] = top[k];
      }
      in_start[i + 1] = in_start[i];
      for (int32_t t = first[i]; t <= last[i]; t++) {
        in[in_start[i + 1]] = t;
        weight[in_start[i + 1]++] = top[i];
      }
    }
    for (int32_t t = 0; t < m; t++) {
      int64_t full = 0;
      slot_start[t + 1] = slot_start[t];
      for (int32_t i = 0; i < n; i++) {
        if (first[i] > t || last[i] < t) continue;
        member[slot_start[t + 1]++] = i;
        full += top[i];
      }
      height = full > height ? full : height;
    }
    const packer_problem problem = {
        n,     m,     below(2) ? m : 0, base, top,    twin,       near_start, near,
        above, lower, in_start,         in,   weight, slot_start, member};
    void *memory = exactly(packer_bytes(&problem, 6));
    packer *search = packer_start(memory, &problem, 6, height + below(2) - (below(8) == 0));
    packer_restart(search, rank, (uint32_t)below(3), (uint64_t)round);
    enum packer_answer answer = packer_run(search, 50);
    for (int tries = 0; answer >= PACKER_OPEN && tries < 20; tries++) {
      if (below(2) || answer == PACKER_FULL) packer_restart(search, rank, 2, (uint64_t)tries);
      answer = packer_run(search, 500);
    }
    if (answer == PACKER_FOUND) {
      packer_places(search, places);
      for (int32_t i = 0; i < n; i++)
        for (int32_t e = near_start[i]; e < near_start[i + 1]; e++)
          require(
              places[near[e]] >= places[i] + above[e] || places[i] >= places[near[e]] + lower[e],
              "two buffers overlap");
    }
    found += answer == PACKER_FOUND;
    none += answer == PACKER_NONE;
    free(memory), free(near), free(above), free(lower), free(in), free(weight), free(member);
  }
  printf("%d found, %d impossible, of %d\n", found, none, rounds);
  return 0;
}
