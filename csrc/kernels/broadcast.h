/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of kernels over up to three inputs of any types, with broadcasting over six dimensions.
 * The output lies in one piece; an input's stride is 0 where it repeats.
 */
#ifndef EI_BROADCAST_H
#define EI_BROADCAST_H

#include "element.h"

enum { EI_BROADCAST_DIMS = 6 };

typedef struct {
  uint32_t dims[6];      /* elements, outermost first */
  uint32_t stride[3][6]; /* elements from one to the next along each dimension, per input */
} ei_broadcast;

/* Operations of two elements; the same numbers in edgeinfer/ops/arithmetic.py. */
enum ei_binary {
  EI_ADD,
  EI_SUB,
  EI_MUL,
  EI_DIV,
  EI_MAX,
  EI_MIN,
  EI_SQUARED_DIFFERENCE,
  EI_FLOOR_DIV,
  EI_FLOOR_MOD,
  EI_EQUAL,
  EI_NOT_EQUAL,
  EI_LESS,
  EI_LESS_EQUAL,
  EI_GREATER,
  EI_GREATER_EQUAL,
  EI_AND,
  EI_OR,
  EI_PRELU,
  EI_N_BINARY
};

/* Go from output element to the next: indices and the inputs' positions. */
static inline void ei_broadcast_next(const ei_broadcast *w, uint32_t *at, uint32_t *place) {
  for (int d = EI_BROADCAST_DIMS - 1; d >= 0; d--) {
    for (int i = 0; i < 3; i++) place[i] += w->stride[i][d];
    if (++at[d] < w->dims[d]) return;
    for (int i = 0; i < 3; i++) place[i] -= w->stride[i][d] * w->dims[d];
    at[d] = 0;
  }
}

static inline uint32_t ei_broadcast_count(const ei_broadcast *w) {
  uint32_t n = 1;
  for (int d = 0; d < EI_BROADCAST_DIMS; d++) n *= w->dims[d];
  return n;
}

/* Elements that the output and each input have; 0 if a size is out of range. */
static inline uint32_t ei_broadcast_check(const ei_broadcast *w, uint64_t reach[3]) {
  uint64_t n = 1;
  for (int d = 0; d < EI_BROADCAST_DIMS; d++)
    if (w->dims[d] == 0 || w->dims[d] > INT32_MAX || (n *= w->dims[d]) > INT32_MAX) return 0;
  for (int i = 0; i < 3; i++) {
    reach[i] = 1;
    for (int d = 0; d < EI_BROADCAST_DIMS; d++)
      reach[i] += (uint64_t)(w->dims[d] - 1) * w->stride[i][d];
    if (reach[i] > INT32_MAX) return 0;
  }
  return (uint32_t)n;
}

#endif
