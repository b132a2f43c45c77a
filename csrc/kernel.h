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
  EI_N_KERNELS /* how many there are */
};

/* The operands of one step, resolved. */
typedef struct {
  const void *params;    /* the kernel's parameter struct, in the image */
  const uint8_t *data;   /* the image's constants */
  const void *in[2];     /* input row in_y0 of each operand */
  void *out;             /* output row y0 */
  const ei_model *model; /* for ei_operand, as is the arena */
  uint8_t *arena;
  void *scratch;
  uint32_t *next; /* the step to run after this one; only `jump` changes it */
  int32_t y0, y1; /* output rows to make */
  int32_t in_y0;  /* row that in[] points to */
} ei_call;

/* Bytes that a call touches, counted from its operands' pointers. */
typedef struct {
  uint64_t in[2];
  uint64_t out;
  uint32_t in_align, out_align; /* bytes that all inputs and the output must be aligned to */
  uint32_t data_bytes;          /* given: size of the image's constants */
  const ei_model *model;        /* given: the arena and its parts */
  uint32_t params_bytes;        /* given: what is left of the image's params from this call's on */
  uint32_t first_step;          /* given: the steps that a jump may go to, */
  uint32_t end_step;            /* from first_step to end_step, which ends the run */
} ei_need;

typedef struct {
  void (*run)(const ei_call *call);
  int (*check)(const ei_call *call, ei_need *need);
  uint32_t (*scratch)(const void *params);
} ei_kernel;

#define EI_KERNEL(name)                                      \
  void ei_##name##_run(const ei_call *call);                 \
  int ei_##name##_check(const ei_call *call, ei_need *need); \
  uint32_t ei_##name##_scratch(const void *params);
#include "kernels.inc"
#undef EI_KERNEL

/* Begin a check: EI_ERR_BOUNDS unless the parameter struct lies within the image. */
#define EI_CHECK_PARAMS(type, p, call, need)                     \
  if ((need)->params_bytes < sizeof(type)) return EI_ERR_BOUNDS; \
  const type *p = (call)->params

/* Whether `count` constants of `size` bytes each lie at `offset`, aligned to their size. */
static inline int ei_has_data(const ei_need *need, uint32_t offset, uint64_t count, uint32_t size) {
  return offset % size == 0 && (uint64_t)offset + count * size <= need->data_bytes;
}

/* A tensor beyond in[] and out, which a kernel's params name: an offset into the arena, or with the
 * highest bit set into the image's constants. */
#define EI_IN_DATA 0x80000000u

static inline void *ei_operand(const ei_call *call, uint32_t operand) {
  return operand & EI_IN_DATA ? (void *)(uintptr_t)(call->data + (operand & ~EI_IN_DATA))
                              : (void *)ei_at(call->model, call->arena, operand);
}

/* Whether so many bytes of the arena from `offset` on lie in one of its parts. */
static inline int ei_in_arena(const ei_model *m, uint32_t offset, uint64_t bytes) {
  const uint32_t end = offset < m->state_bytes  ? m->state_bytes
                       : offset < m->fast_bytes ? m->fast_bytes
                                                : m->arena_bytes;
  return offset + bytes <= end;
}

/* Whether `count` elements of `size` bytes lie where an operand says, aligned to their size. Only
 * one that is not written may lie in the constants. */
static inline int ei_has_operand(const ei_need *need, uint32_t operand, uint64_t count,
                                 uint32_t size, int written) {
  if (!(operand & EI_IN_DATA))
    return operand % size == 0 && ei_in_arena(need->model, operand, count * size);
  return !written && ei_has_data(need, operand & ~EI_IN_DATA, count, size);
}

/* Whether n requantization shifts are in range. */
static inline int ei_shifts_ok(const uint8_t *shift, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if ((int8_t)shift[i] < -31 || (int8_t)shift[i] > 30) return 0;
  return 1;
}

/* One axis of a sliding window. */
typedef struct {
  int32_t stride, pad, span; /* span: from the first tap to one past the last */
  int32_t in;                /* elements of the input along this axis */
} ei_axis;

/* From the first of `taps` to one past the last, which are `dilation` apart; both below 2^16.
 * Beyond 2^31 it is negative. */
static inline int32_t ei_span(uint32_t taps, uint32_t dilation) {
  return (int32_t)((taps - 1) * dilation + 1);
}

/* Whether the windows of outputs [first, last) all overlap the input; then no position overflows.
 */
static inline int ei_axis_ok(ei_axis a, int32_t first, int32_t last) {
  return a.in > 0 && a.stride > 0 && a.span > 0 && a.span <= INT32_C(1) << 30 && first < last &&
         (int64_t)first * a.stride - a.pad + a.span > 0 &&
         (int64_t)(last - 1) * a.stride - a.pad < a.in;
}

/* Rows of the input that a call touches, counted from in_y0; 0 when they begin before it, or when
 * a window lies outside the input. */
static inline uint32_t ei_window_rows(const ei_call *c, ei_axis a) {
  if (!ei_axis_ok(a, c->y0, c->y1)) return 0;
  const int32_t first = c->y0 * a.stride - a.pad, last = (c->y1 - 1) * a.stride - a.pad + a.span;
  if ((first > 0 ? first : 0) < c->in_y0) return 0;
  return (uint32_t)((last < a.in ? last : a.in) - c->in_y0);
}

#endif
