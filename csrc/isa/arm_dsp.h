/* SPDX-License-Identifier: Apache-2.0
 *
 * ARMv6 and ARMv7E-M DSP instructions (Cortex-M4, M7, M33, ARM1176): SXTB16 and SXTAB16 widen two
 * of a word's four bytes, SMLAD multiplies two pairs and adds. Words are loaded unaligned, which
 * these cores do. With EI_DSP_EMULATION a host runs this very file on C versions of the
 * instructions.
 */
#ifndef EI_ISA_ARM_DSP_H
#define EI_ISA_ARM_DSP_H

#include <stdint.h>
#include <string.h>

#define EI_DOT_2X2
#define EI_DOT_1X4
#define EI_DOT
#define EI_TAPS_X4

#include "isa/portable.h"

#ifdef EI_DSP_EMULATION
#include "isa/arm_dsp_emulation.h"
#else
/* Bytes 0 and 2 of x, sign-extended into the two halves. */
EI_INLINE uint32_t ei_sxtb16(uint32_t x) {
  uint32_t r;
  __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(x));
  return r;
}
/* Bytes 1 and 3. */
EI_INLINE uint32_t ei_sxtb16_ror8(uint32_t x) {
  uint32_t r;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
  return r;
}
/* Bytes 0 and 2 of x, sign-extended and added to the halves of a. */
EI_INLINE uint32_t ei_sxtab16(uint32_t a, uint32_t x) {
  uint32_t r;
  __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(x));
  return r;
}
/* Bytes 1 and 3. */
EI_INLINE uint32_t ei_sxtab16_ror8(uint32_t a, uint32_t x) {
  uint32_t r;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(a), "r"(x));
  return r;
}
/* acc + low(a) low(b) + high(a) high(b). */
EI_INLINE int32_t ei_smlad(uint32_t a, uint32_t b, int32_t acc) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
  return acc;
}
#endif

EI_INLINE uint32_t ei_load4(const int8_t *p) {
  uint32_t x;
  memcpy(&x, p, 4);
  return x;
}

EI_INLINE int32_t ei_mac(int32_t acc, int32_t a, int32_t w) {
  return (int32_t)((uint32_t)acc + (uint32_t)(a * w));
}

EI_INLINE void ei_dot_2x2(const int8_t *a0, const int8_t *a1, const int8_t *w0, const int8_t *w1,
                          int32_t n, int32_t acc[4]) {
  int32_t s00 = acc[0], s01 = acc[1], s10 = acc[2], s11 = acc[3];
  const int8_t *const end = a0 + (n & ~3);
  while (a0 != end) {
    /* Few values live at a time: with nine pointers and sums, registers are what is short. */
    uint32_t a = ei_load4(a0), b = ei_load4(a1), v = ei_load4(w0);
    const uint32_t ae = ei_sxtb16(a), be = ei_sxtb16(b);
    a = ei_sxtb16_ror8(a), b = ei_sxtb16_ror8(b);
    uint32_t ve = ei_sxtb16(v);
    v = ei_sxtb16_ror8(v);
    s00 = ei_smlad(ae, ve, s00), s10 = ei_smlad(be, ve, s10);
    s00 = ei_smlad(a, v, s00), s10 = ei_smlad(b, v, s10);
    v = ei_load4(w1);
    ve = ei_sxtb16(v);
    v = ei_sxtb16_ror8(v);
    s01 = ei_smlad(ae, ve, s01), s11 = ei_smlad(be, ve, s11);
    s01 = ei_smlad(a, v, s01), s11 = ei_smlad(b, v, s11);
    a0 += 4, a1 += 4, w0 += 4, w1 += 4;
  }
  for (n &= 3; n > 0; n--) {
    const int32_t a = *a0++, b = *a1++, v = *w0++, w = *w1++;
    s00 = ei_mac(s00, a, v), s01 = ei_mac(s01, a, w);
    s10 = ei_mac(s10, b, v), s11 = ei_mac(s11, b, w);
  }
  acc[0] = s00, acc[1] = s01, acc[2] = s10, acc[3] = s11;
}

EI_INLINE void ei_dot_1x4(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[4]) {
  int32_t s[4] = {acc[0], acc[1], acc[2], acc[3]};
  const int8_t *r[4] = {w, w + n, w + 2 * n, w + 3 * n};
  const int8_t *const end = a + (n & ~3);
  while (a != end) {
    const uint32_t x = ei_load4(a);
    const uint32_t xe = ei_sxtb16(x), xo = ei_sxtb16_ror8(x);
    a += 4;
    for (int c = 0; c < 4; c++) {
      const uint32_t v = ei_load4(r[c]);
      r[c] += 4;
      s[c] = ei_smlad(xe, ei_sxtb16(v), s[c]);
      s[c] = ei_smlad(xo, ei_sxtb16_ror8(v), s[c]);
    }
  }
  for (n &= 3; n > 0; n--, a++)
    for (int c = 0; c < 4; c++) s[c] = ei_mac(s[c], *a, *r[c]++);
  for (int c = 0; c < 4; c++) acc[c] = s[c];
}

EI_INLINE int32_t ei_dot(const int8_t *a, const int8_t *w, int32_t n, int32_t acc) {
  const int8_t *const end = a + (n & ~3);
  while (a != end) {
    const uint32_t x = ei_load4(a), v = ei_load4(w);
    a += 4, w += 4;
    acc = ei_smlad(ei_sxtb16(x), ei_sxtb16(v), acc);
    acc = ei_smlad(ei_sxtb16_ror8(x), ei_sxtb16_ror8(v), acc);
  }
  for (n &= 3; n > 0; n--) acc = ei_mac(acc, *a++, *w++);
  return acc;
}

/* One word load brings four channels; widening adds the offset at no cost, and the compiler makes
 * SMLABB and SMLATT of the halves. */
EI_INLINE void ei_taps_x4(const int8_t *a, int32_t a_skip, const int8_t *wt, int32_t w_skip,
                          int32_t col, int32_t h, int32_t w, int32_t offset, int32_t acc[4]) {
  const uint32_t both = ((uint32_t)offset & 0xFFFF) | (uint32_t)offset << 16;
  int32_t s0 = acc[0], s1 = acc[1], s2 = acc[2], s3 = acc[3];
  for (; h > 0; h--, a += a_skip, wt += w_skip)
    for (int32_t x = w; x > 0; x--, a += col, wt += col) {
      const uint32_t in = ei_load4(a), v = ei_load4(wt);
      const uint32_t xe = ei_sxtab16(both, in), xo = ei_sxtab16_ror8(both, in);
      const uint32_t ve = ei_sxtb16(v), vo = ei_sxtb16_ror8(v);
      s0 = ei_mac(s0, (int16_t)xe, (int16_t)ve);
      s1 = ei_mac(s1, (int16_t)xo, (int16_t)vo);
      s2 = ei_mac(s2, (int16_t)(xe >> 16), (int16_t)(ve >> 16));
      s3 = ei_mac(s3, (int16_t)(xo >> 16), (int16_t)(vo >> 16));
    }
  acc[0] = s0, acc[1] = s1, acc[2] = s2, acc[3] = s3;
}

#endif
