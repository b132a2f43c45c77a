/* SPDX-License-Identifier: Apache-2.0
 *
 * What a kernel is: the contract between exec.c and kernels/<name>.c.
 *
 * Each kernels/<name>.c defines the struct ei_<name>_params and three functions:
 *   ei_<name>_run      makes the output rows [y0, y1)
 *   ei_<name>_check    says how many bytes a call touches, or an error; run after EI_OK is safe
 *   ei_<name>_scratch  bytes of scratch
 */
#ifndef EI_KERNEL_H
#define EI_KERNEL_H

#include <string.h>

#include "edgeinfer.h"

enum ei_kernel_id {
#define EI_KERNEL(name) EI_KERNEL_##name,
#include "kernels.inc"
#undef EI_KERNEL
  EI_N_KERNELS
};

/* The operands of one step, resolved. */
typedef struct {
  const void *params;  /* the kernel's parameter struct, in the image */
  const uint8_t *data; /* the image's constants */
  const void *in[2];   /* input row in_y0 of each operand */
  void *out;           /* output row y0 */
  void *scratch;
  int32_t y0, y1;      /* output rows to make */
  int32_t in_y0;       /* row that in[] points to */
} ei_call;

/* Bytes that a call touches, counted from its operands' pointers. */
typedef struct {
  uint64_t in[2];
  uint64_t out;
  uint32_t data_bytes; /* given: size of the image's constants */
} ei_need;

typedef struct {
  void (*run)(const ei_call *call);
  int (*check)(const ei_call *call, ei_need *need);
  uint32_t (*scratch)(const void *params);
} ei_kernel;

#define EI_KERNEL(name)                                     \
  void ei_##name##_run(const ei_call *call);                \
  int ei_##name##_check(const ei_call *call, ei_need *need); \
  uint32_t ei_##name##_scratch(const void *params);
#include "kernels.inc"
#undef EI_KERNEL

/* Whether `count` constants of `size` bytes each lie at `offset`, aligned to their size. */
static inline int ei_has_data(const ei_need *need, uint32_t offset, uint64_t count, uint32_t size) {
  return offset % size == 0 && (uint64_t)offset + count * size <= need->data_bytes;
}

/* First and one past the last input row that window rows [y0, y1) touch, clipped to the input.
 * Returns 0 when the call's input pointer starts after the first of them. */
static inline int ei_window_rows(const ei_call *c, int32_t stride, int32_t pad, int32_t span,
                                 int32_t in_h, int32_t *rows) {
  int32_t first = c->y0 * stride - pad;
  int32_t last = (c->y1 - 1) * stride - pad + span;
  if (first < 0) first = 0;
  if (last > in_h) last = in_h;
  *rows = last > c->in_y0 ? last - c->in_y0 : 0;
  return first >= last || first >= c->in_y0;
}

#endif
