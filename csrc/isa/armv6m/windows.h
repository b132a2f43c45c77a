/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of nine words, x0 + 2^16 x1 each, by one filter: two outputs of each window. Two products
 * fit 16 bits before they are taken apart, unless a weight is -128.
 */
#ifndef EI_ISA_ARMV6M_WINDOWS_H
#define EI_ISA_ARMV6M_WINDOWS_H

#include "isa/armv6m/high.h"

/* The offsets are those of the assembly below. */
typedef struct {
  int32_t weights[9];  /* column by column */
  int32_t bias;        /* 36: corrected for the input's zero point */
  uint32_t both;       /* 40: the same in both halves */
  uint32_t high, low;  /* 44, 48: halves of the multiplier */
  int32_t right;       /* 52: shift and 1 more; if scaled, the bias's fraction, in 1/256 */
  int32_t offset;      /* 56: for ei_rectified_quarters, or ei_scaled_value */
  int32_t zero;        /* 60: of the outputs */
  int32_t pitch, far;  /* 64, 68: bytes from one window's first output to the next, to its second */
  int32_t step;        /* 72: bytes from one window to the next */
  const uint32_t *end; /* 76 */
  int rectified;       /* whether they are rectified, and no weight is -128 */
} ei_windows;

/* Nine weights; their sum. */
EI_INLINE int32_t ei_windows_weights(ei_windows *w, const int8_t weights[3][4]) {
  int32_t sum = 0, least = 0;
  int32_t *to = w->weights;
  for (int t = 0; t < 3; t++)
    for (int k = 0; k < 3; k++) {
      const int32_t v = weights[t][k];
      *to++ = v, sum += v;
      if (v < least) least = v;
    }
  w->rectified = least > -128;
  return sum;
}

EI_INLINE void ei_windows_numbers(ei_windows *w, int32_t bias, int32_t mult, int32_t zero) {
  w->bias = bias, w->both = (uint32_t)bias + ((uint32_t)bias << 16);
  w->high = (uint32_t)mult >> 16, w->low = (uint32_t)mult & 0xFFFF, w->zero = zero;
}

/* All of it that depends on the filter. */
EI_INLINE void ei_windows_filter(ei_windows *w, const ei_filter_3x3 *f, const ei_strip *s) {
  const int32_t right = f->weights[0][3], sum = ei_windows_weights(w, f->weights);
  ei_windows_numbers(w, (f->bias >> 1) - s->in_zero * sum, f->mult, s->out_zero);
  w->right = right + 1, w->offset = (int32_t)(1 + ((uint32_t)(2 * s->out_zero + 1) << right));
  if (!s->rectified || right > EI_TILE_LEAST_RIGHT) w->rectified = 0;
}

EI_INLINE void ei_windows_filter_scaled(ei_windows *w, const ei_filter_scaled *f, int32_t more,
                                        const ei_strip *s) {
  int8_t weights[3][4];
  ei_filter_scaled_weights(f, weights);
  const int32_t bias = ei_filter_scaled_bias(f), sum = ei_windows_weights(w, weights);
  ei_windows_numbers(w, (bias >> 8) - s->in_zero * sum, f->mult, s->out_zero);
  w->right = bias & 0xFF;
  w->offset =
      (int32_t)(((uint32_t)(2 * s->out_zero + 1) << (EI_SCALED_SHIFT - 1)) + (uint32_t)more);
}

/* One output from its sum. */
EI_INLINE int32_t ei_window_output(const ei_windows *w, int32_t sum, int scaled) {
  const uint32_t m = w->high << 16 | w->low;
  if (scaled)
    return ei_scaled_value((int32_t)(256 * (uint32_t)sum + (uint32_t)w->right), (int32_t)m,
                           w->offset);
  const int32_t right = w->right - 1;
  if (w->rectified)
    return ei_rectified_quarters((int32_t)(4 * (uint32_t)sum), m, right, w->offset, w->zero);
  const uint32_t x2 = 2 * (uint32_t)sum, odd = (uint32_t)(2 * w->zero + 1);
  const int32_t q = ei_mul_add_high((int32_t)x2, (int32_t)m, (int32_t)(odd << (right - 1)));
  return ei_saturate_int8((int32_t)((uint32_t)q + (uint32_t)((int32_t)x2 >> 31)) >> right);
}

/* Outputs of all windows from `at` on; the last one has a single output if `odd`. */
EI_INLINE void ei_windows_each(const ei_windows *w, const uint32_t *at, int8_t *out, int odd,
                               int scaled) {
  for (; at != w->end; at += w->step / (int32_t)sizeof(uint32_t), out += w->pitch) {
    uint32_t both = w->both, upper = (uint32_t)w->bias;
    for (int k = 0; k < 9; k++) {
      const uint32_t x = at[k] * (uint32_t)w->weights[k];
      both += x, upper += (uint32_t)((int32_t)x >> 16) + (x >> 15 & 1);
    }
    *out = (int8_t)ei_window_output(w, (int32_t)(both - (upper << 16)), scaled);
    if (!odd || at + w->step / (int32_t)sizeof(uint32_t) != w->end)
      out[w->far] = (int8_t)ei_window_output(w, (int32_t)upper, scaled);
  }
}

EI_NOINLINE void ei_windows_any(const ei_windows *w, const uint32_t *at, int8_t *out, int odd) {
  ei_windows_each(w, at, out, odd, 0);
}

EI_NOINLINE void ei_windows_any_scaled(const ei_windows *w, const uint32_t *at, int8_t *out,
                                       int odd) {
  ei_windows_each(w, at, out, odd, 1);
}

#if defined(__ARM_ARCH_6M__) && !defined(EI_ARMV6M_EMULATION)
/* Words at x and y bytes from r0 by weights, r1: to the sum of all, r8, and that of the upper
 * halves, r6, rounded by the bit below, which ASRS leaves in the carry. */
#define EI_APART "add r8, r3\n\tasrs r3, r3, #16\n\tadcs r6, r3\n\t"
#define EI_TWO_TAPS(x, y)                                                              \
  "ldr r2, [r1, #" #x "]\n\tldr r3, [r0, #" #x "]\n\tmuls r3, r2\n\tldr r2, [r1, #" #y \
  "]\n\tldr r4, [r0, #" #y "]\n\tmuls r4, r2\n\tadds r3, r3, r4\n\t" EI_APART
/* An output of the sum r3 into r4: times 2^`up`, `add` what is missing, high word, offset, `down`.
 */
#define EI_WINDOW_OUTPUT(up, add, down)                                                           \
  "lsls r3, r3, #" #up "\n\tmov r4, r11\n\tbmi 4f\n\t" add                                        \
  "lsrs r4, r3, #16\n\tuxth r3, r3\n\t"                                                           \
  "ldr r2, [r1, #44]\n\tmovs r5, r3\n\tmuls r5, r2\n\tldr r6, [r1, #48]\n\tmuls r3, r6\n\t"       \
  "lsrs r3, r3, #16\n\tadds r5, r5, r3\n\tmuls r6, r4\n\tadds r5, r5, r6\n\tlsrs r5, r5, #16\n\t" \
  "muls r4, r2\n\tadds r4, r4, r5\n\tadd r4, r9\n\t" down                                         \
  "cmp r4, r12\n\tble 4f\n\tmov r4, r12\n\t4:\n\t"
/* ei_rectified_quarters and ei_scaled_value. */
#define EI_QUARTERS EI_WINDOW_OUTPUT(2, "", "mov r2, r10\n\tasrs r4, r2\n\t")
#define EI_WHOLE EI_WINDOW_OUTPUT(8, "add r3, r10\n\t", "asrs r4, r4, #12\n\t")
/* All windows before `stop`; returns the place of the next output. */
#define EI_WINDOWS_RUN(name, output)                                                               \
  EI_NOINLINE int8_t *name(const ei_windows *windows, const uint32_t *from, const uint32_t *stop,  \
                           int8_t *out) {                                                          \
    register const uint32_t *at __asm__("r0") = from;                                              \
    register const ei_windows *w __asm__("r1") = windows;                                          \
    register const uint32_t *end __asm__("r2") = stop;                                             \
    register int8_t *to __asm__("r3") = out;                                                       \
    __asm__ volatile(                                                                              \
        ".syntax unified\n\t"                                                                      \
        "push {r4-r7, lr}\n\t" EI_PUSH_HIGH                                                        \
        "mov lr, r2\n\tmovs r7, r3\n\tldr r4, [r1, #56]\n\tmov r9, r4\n\tldr r4, [r1, #52]\n\t"    \
        "mov r10, r4\n\tldr r4, [r1, #60]\n\tmov r11, r4\n\tmovs r4, #127\n\tmov r12, r4\n"        \
        "1:\n\tldr r6, [r1, #36]\n\tldr r2, [r1, #40]\n\tmov r8, r2\n\t" EI_TWO_TAPS(0, 4)         \
            EI_TWO_TAPS(8, 12) EI_TWO_TAPS(16, 20) EI_TWO_TAPS(                                    \
                24,                                                                                \
                28) "ldr r2, [r1, #32]\n\tldr r3, [r0, #32]\n\tmuls r3, r2\n\t" EI_APART           \
                    "lsls r2, r6, #16\n\tmov r3, r8\n\tsubs r3, r3, r2\n\tmov r8, r6\n\t" output   \
                    "strb r4, [r7]\n\tmov r3, r8\n\t" output                                       \
                    "ldr r2, [r1, #68]\n\tstrb r4, [r7, r2]\n\tldr r2, [r1, #64]\n\tadds r7, r7, " \
                    "r2\n\t"                                                                       \
                    "ldr r2, [r1, #72]\n\tadds r0, r0, r2\n\tcmp r0, lr\n\tbne 1b\n\t"             \
                    "movs r3, r7\n\t" EI_POP_HIGH "pop {r4-r7}\n\tpop {r2}\n\tmov lr, r2"          \
        : "+r"(at), "+r"(w), "+r"(end), "+r"(to)                                                   \
        :                                                                                          \
        : "r12", "cc", "memory");                                                                  \
    return to;                                                                                     \
  }
EI_WINDOWS_RUN(ei_windows_rectified, EI_QUARTERS)
EI_WINDOWS_RUN(ei_windows_scaled, EI_WHOLE)
#undef EI_WINDOWS_RUN
#undef EI_WHOLE
#undef EI_QUARTERS
#undef EI_WINDOW_OUTPUT
#undef EI_TWO_TAPS
#undef EI_APART

EI_INLINE void ei_windows_run(const ei_windows *w, const uint32_t *at, int8_t *out, int odd,
                              int scaled) {
  if (w->rectified) {
    const uint32_t *const stop = odd ? w->end - 9 : w->end;
    if (at != stop) out = (scaled ? ei_windows_scaled : ei_windows_rectified)(w, at, stop, out);
    at = stop;
  }
  if (at != w->end) (scaled ? ei_windows_any_scaled : ei_windows_any)(w, at, out, odd);
}

/* Three words of each of `count` columns, `step` bytes apart, from four rows. */
EI_NOINLINE void ei_columns_widen(uint32_t *tile, const int8_t *const rows[4], int32_t first,
                                  int32_t step, int32_t count) {
  const struct {
    const int8_t *rows[4];
    int32_t step, end;
  } frame = {
      {rows[0] + first, rows[1] + first, rows[2] + first, rows[3] + first}, step, count * step};
  register uint32_t *to __asm__("r0") = tile;
  register const void *from __asm__("r1") = &frame;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r4-r7}\n\tmov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tpush {r4-r6}\n\t"
      "movs r5, r0\n\tldr r4, [r1, #16]\n\tmov r8, r4\n\tldr r4, [r1, #20]\n\tmov r9, r4\n\t"
      "ldm r1, {r0-r3}\n\tmovs r4, #0\n"
      "1:\n\t"
      "ldrsb r6, [r0, r4]\n\tldrsb r7, [r1, r4]\n\tmov r10, r7\n\tlsls r7, r7, #16\n\t"
      "adds r6, r6, r7\n\tstr r6, [r5]\n\t"
      "ldrsb r6, [r2, r4]\n\tlsls r7, r6, #16\n\tadd r7, r10\n\tstr r7, [r5, #4]\n\t"
      "ldrsb r7, [r3, r4]\n\tlsls r7, r7, #16\n\tadds r6, r6, r7\n\tstr r6, [r5, #8]\n\t"
      "adds r5, #12\n\tadd r4, r8\n\tcmp r4, r9\n\tbne 1b\n\t"
      "pop {r4-r6}\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tpop {r4-r7}"
      : "+r"(to), "+r"(from)
      :
      : "r2", "r3", "cc", "memory");
}

/* A row's three words of each of `count` windows, 36 bytes apart; columns are `step` bytes apart,
 * two outputs two columns. */
EI_NOINLINE void ei_windows_widen(uint32_t *tile, const int8_t *row, int32_t step, int32_t count) {
  register const int8_t *from __asm__("r0") = row;
  register int32_t apart __asm__("r1") = step;
  register uint32_t *to __asm__("r2") = tile;
  register int32_t left __asm__("r3") = count;
  __asm__ volatile(
      ".syntax unified\n\t"
      "push {r4-r7}\n\tmov r4, r8\n\tpush {r4}\n\tmov r8, r3\n\tmovs r3, #0\n\t"
      "ldrsb r4, [r0, r3]\n"
      "1:\n\t"
      "adds r3, r3, r1\n\tldrsb r5, [r0, r3]\n\tadds r3, r3, r1\n\tldrsb r6, [r0, r3]\n\t"
      "lsls r7, r6, #16\n\tadds r4, r4, r7\n\tstr r4, [r2]\n\t"
      "adds r3, r3, r1\n\tldrsb r7, [r0, r3]\n\tlsls r7, r7, #16\n\tadds r5, r5, r7\n\t"
      "str r5, [r2, #12]\n\tadds r3, r3, r1\n\tldrsb r4, [r0, r3]\n\tlsls r7, r4, #16\n\t"
      "adds r6, r6, r7\n\tstr r6, [r2, #24]\n\tadds r2, #36\n\t"
      "mov r7, r8\n\tsubs r7, #1\n\tmov r8, r7\n\tbne 1b\n\t"
      "pop {r4}\n\tmov r8, r4\n\tpop {r4-r7}"
      : "+r"(from), "+r"(apart), "+r"(to), "+r"(left)
      :
      : "cc", "memory");
}
#else
EI_INLINE void ei_windows_run(const ei_windows *w, const uint32_t *at, int8_t *out, int odd,
                              int scaled) {
  (scaled ? ei_windows_any_scaled : ei_windows_any)(w, at, out, odd);
}

EI_INLINE void ei_columns_widen(uint32_t *to, const int8_t *const rows[4], int32_t at, int32_t step,
                                int32_t count) {
  for (; count > 0; count--, at += step)
    for (int k = 0; k < 3; k++) *to++ = (uint32_t)rows[k][at] + ((uint32_t)rows[k + 1][at] << 16);
}

EI_INLINE void ei_windows_widen(uint32_t *to, const int8_t *row, int32_t step, int32_t count) {
  for (; count > 0; count--, row += 4 * step, to += 9)
    for (int t = 0; t < 3; t++)
      to[3 * t] = (uint32_t)row[t * step] + ((uint32_t)row[(t + 2) * step] << 16);
}
#endif

#endif
