/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters as rows of bytes with the M-profile vector extension: one vector of inputs by four
 * filters at a time, VMLADAV adding up 16 products, and four outputs requantized at once.
 */
#ifndef EI_ISA_ARM_MVE_ROWS_H
#define EI_ISA_ARM_MVE_ROWS_H

#include "isa/arm_mve/four.h"

/* Where four filters begin. */
typedef struct {
  const int8_t *w0, *w1, *w2, *w3;
} ei_four_rows;

/* The four sums over n > 0 inputs. */
EI_INLINE int32x4_t ei_four_dots(const int8_t *a, ei_four_rows r, int32_t n) {
  int32x4_t sums;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  __asm__ volatile(
      "dlstp.8 lr, %[n]\n"
      "1:\n\t"
      "vldrb.8 q0, [%[a]], #16\n\t"
      "vldrb.8 q1, [%[w0]], #16\n\t"
      "vmladava.s8 %[s0], q0, q1\n\t"
      "vldrb.8 q1, [%[w1]], #16\n\t"
      "vmladava.s8 %[s1], q0, q1\n\t"
      "vldrb.8 q1, [%[w2]], #16\n\t"
      "vmladava.s8 %[s2], q0, q1\n\t"
      "vldrb.8 q1, [%[w3]], #16\n\t"
      "vmladava.s8 %[s3], q0, q1\n\t"
      "letp lr, 1b\n\t"
      "vmov %q[sums][2], %q[sums][0], %[s0], %[s2]\n\t"
      "vmov %q[sums][3], %q[sums][1], %[s1], %[s3]\n\t"
      : [sums] "=w"(sums), [s0] "+Te"(s0), [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3),
        [a] "+r"(a), [w0] "+r"(r.w0), [w1] "+r"(r.w1), [w2] "+r"(r.w2), [w3] "+r"(r.w3)
      : [n] "r"(n)
      : "q0", "q1", "lr", "memory");
  return sums;
}

#define EI_WHOLE_VECTOR(mac)         \
  "vldrb.8 q0, [%[a]], #16\n\t"      \
  "vldrb.8 q1, [%[w0]], #16\n\t" mac \
  " %[s0], q0, q1\n\t"               \
  "vldrb.8 q1, [%[w1]], #16\n\t" mac \
  " %[s1], q0, q1\n\t"               \
  "vldrb.8 q1, [%[w2]], #16\n\t" mac \
  " %[s2], q0, q1\n\t"               \
  "vldrb.8 q1, [%[w3]], #16\n\t" mac " %[s3], q0, q1\n\t"

/* The same for three whole vectors or more: the first, pairs of them, and perhaps one more. */
EI_INLINE int32x4_t ei_four_dots_16(const int8_t *a, ei_four_rows r, int32_t n) {
  int32x4_t sums;
  int32_t s0, s1, s2, s3;
  __asm__ volatile(
      "dls lr, %[pairs]\n\t" EI_WHOLE_VECTOR("vmladav.s8")
      "1:\n\t" EI_WHOLE_VECTOR("vmladava.s8") EI_WHOLE_VECTOR("vmladava.s8")
      "le lr, 1b\n\t"
      "tst %[n], #16\n\t"
      "bne 2f\n\t" EI_WHOLE_VECTOR("vmladava.s8")
      "2:\n\t"
      "vmov %q[sums][2], %q[sums][0], %[s0], %[s2]\n\t"
      "vmov %q[sums][3], %q[sums][1], %[s1], %[s3]\n\t"
      : [sums] "=w"(sums), [s0] "=&Te"(s0), [s1] "=&Te"(s1), [s2] "=&Te"(s2), [s3] "=&Te"(s3),
        [a] "+r"(a), [w0] "+r"(r.w0), [w1] "+r"(r.w1), [w2] "+r"(r.w2), [w3] "+r"(r.w3)
      : [n] "r"(n), [pairs] "r"((n - 16) / 32)
      : "q0", "q1", "lr", "cc", "memory");
  return sums;
}
#undef EI_WHOLE_VECTOR

/* One vector of inputs, at `at` bytes from the filters' first, with the four filters. */
#define EI_ONE_VECTOR(at, mac, x)                                                         \
  x "vldrb.8 q1, [%[w0], #" #at "]\n\t" mac " %[s0], q0, q1\n\tvldrb.8 q1, [%[w1], #" #at \
    "]\n\t" mac " %[s1], q0, q1\n\tvldrb.8 q1, [%[w2], #" #at "]\n\t" mac                 \
    " %[s2], q0, q1\n\tvldrb.8 q1, [%[w3], #" #at "]\n\t" mac " %[s3], q0, q1\n\t"
#define EI_FIRST "vmladav.s8"
#define EI_NEXT "vmladava.s8"
/* All 16 inputs, or the first ones of a vector and zeros: what follows a filter is read. */
#define EI_ALL(at) "vldrb.8 q0, [%[a], #" #at "]\n\t"
#define EI_SOME(at) "vctp.8 %[left]\n\tvpst\n\tvldrbt.8 q0, [%[a], #" #at "]\n\t"

#define EI_FEW_DOTS(name, text)                                                                 \
  EI_INLINE int32x4_t name(const int8_t *a, ei_four_rows r, int32_t left) {                     \
    int32x4_t sums;                                                                             \
    int32_t s0, s1, s2, s3;                                                                     \
    __asm__ volatile(                                                                           \
        text                                                                                    \
        "vmov %q[sums][2], %q[sums][0], %[s0], %[s2]\n\t"                                       \
        "vmov %q[sums][3], %q[sums][1], %[s1], %[s3]\n\t"                                       \
        : [sums] "=w"(sums), [s0] "=&Te"(s0), [s1] "=&Te"(s1), [s2] "=&Te"(s2), [s3] "=&Te"(s3) \
        : [a] "r"(a), [w0] "r"(r.w0), [w1] "r"(r.w1), [w2] "r"(r.w2), [w3] "r"(r.w3),           \
          [left] "r"(left)                                                                      \
        : "q0", "q1", "p0", "memory");                                                          \
    return sums;                                                                                \
  }
#define EI_FIRST_VECTOR EI_ONE_VECTOR(0, EI_FIRST, EI_ALL(0))
EI_FEW_DOTS(ei_dots_16, EI_FIRST_VECTOR)
EI_FEW_DOTS(ei_dots_15, EI_ONE_VECTOR(0, EI_FIRST, EI_SOME(0)))
EI_FEW_DOTS(ei_dots_32, EI_FIRST_VECTOR EI_ONE_VECTOR(16, EI_NEXT, EI_ALL(16)))
EI_FEW_DOTS(ei_dots_31, EI_FIRST_VECTOR EI_ONE_VECTOR(16, EI_NEXT, EI_SOME(16)))
EI_FEW_DOTS(ei_dots_48, EI_FIRST_VECTOR EI_ONE_VECTOR(16, EI_NEXT, EI_ALL(16))
                            EI_ONE_VECTOR(32, EI_NEXT, EI_ALL(32)))
EI_FEW_DOTS(ei_dots_47, EI_FIRST_VECTOR EI_ONE_VECTOR(16, EI_NEXT, EI_ALL(16))
                            EI_ONE_VECTOR(32, EI_NEXT, EI_SOME(32)))
EI_FEW_DOTS(ei_dots_64,
            EI_FIRST_VECTOR EI_ONE_VECTOR(16, EI_NEXT, EI_ALL(16))
                EI_ONE_VECTOR(32, EI_NEXT, EI_ALL(32)) EI_ONE_VECTOR(48, EI_NEXT, EI_ALL(48)))

/* Four channels of each vector, whose outputs lie `pitch` bytes apart. */
#define EI_FOUR_CHANNELS(name, dots, most)                                               \
  EI_NOINLINE void name(const int8_t *a, int32_t n, ei_four_rows r, const ei_four *four, \
                        int32_t vectors, int8_t *out, int32_t pitch) {                   \
    const ei_four f = *four;                                                             \
    for (const int32_t left = most; vectors > 0; vectors--, a += n, out += pitch)        \
      ei_four_out(out, dots(a, r, left), &f);                                            \
  }
EI_FOUR_CHANNELS(ei_four_of_16, ei_dots_16, n)
EI_FOUR_CHANNELS(ei_four_of_15, ei_dots_15, n)
EI_FOUR_CHANNELS(ei_four_of_32, ei_dots_32, n)
EI_FOUR_CHANNELS(ei_four_of_31, ei_dots_31, n - 16)
EI_FOUR_CHANNELS(ei_four_of_48, ei_dots_48, n)
EI_FOUR_CHANNELS(ei_four_of_47, ei_dots_47, n - 32)
EI_FOUR_CHANNELS(ei_four_of_64, ei_dots_64, n)
EI_FOUR_CHANNELS(ei_four_of_more, ei_four_dots, n)
EI_FOUR_CHANNELS(ei_four_of_16s, ei_four_dots_16, n)

/* Up to four channels, any shifts. */
EI_NOINLINE void ei_four_of_any(const int8_t *a, int32_t n, ei_four_rows r, const ei_four *four,
                                int32_t vectors, int8_t *out, int32_t pitch, int32_t channels) {
  const ei_four f = *four;
  const mve_pred16_t some = vctp32q((uint32_t)channels);
  for (; vectors > 0; vectors--, a += n, out += pitch)
    ei_four_out_any(out, ei_four_dots(a, r, n), &f, some);
}

EI_NOINLINE void ei_rows_run(const ei_rows *f, const int8_t *a, int32_t vectors, int8_t *out) {
  typedef void four_channels(const int8_t *, int32_t, ei_four_rows, const ei_four *, int32_t,
                             int8_t *, int32_t);
  static four_channels *const by_size[] = {ei_four_of_15,   ei_four_of_16, ei_four_of_31,
                                           ei_four_of_32,   ei_four_of_47, ei_four_of_48,
                                           ei_four_of_more, ei_four_of_64};
  const int32_t n = f->n, out_c = f->out_c;
  four_channels *run = n % 16 == 0 ? ei_four_of_16s : ei_four_of_more;
  if (n <= 64) run = by_size[(n - 1) / 16 * 2 + (n % 16 == 0)];
  for (int32_t o = 0; o < out_c; o += 4) {
    const int32_t left = out_c - o;
    const int8_t *w = f->weights + o * n;
    const ei_four_rows r = {w, left > 1 ? w + n : w, left > 2 ? w + 2 * n : w,
                            left > 3 ? w + 3 * n : w};
    const ei_four four = ei_four_at(f->bias + o, f->mult + o, f->shift + o, f->zero, left);
    if (left >= 4 && ei_four_short(&four))
      run(a, n, r, &four, vectors, out + o, out_c);
    else
      ei_four_of_any(a, n, r, &four, vectors, out + o, out_c, left);
  }
}

#endif
