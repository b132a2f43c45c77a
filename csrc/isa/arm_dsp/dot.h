/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of bytes that lie one after the other.
 */
#ifndef EI_ISA_ARM_DSP_DOT_H
#define EI_ISA_ARM_DSP_DOT_H

EI_INLINE int32_t ei_mac(int32_t acc, int32_t a, int32_t w) {
  return (int32_t)((uint32_t)acc + (uint32_t)(a * w));
}

/* acc + the sum of four weights by inputs that are widened already: 0 and 2, 1 and 3. */
EI_INLINE int32_t ei_dot_4(uint32_t even, uint32_t odd, const int8_t *w, int32_t acc) {
  const uint32_t v = ei_load4(w);
  acc = ei_smlad(even, ei_sxtb16(v), acc);
  return ei_smlad(odd, ei_sxtb16_ror8(v), acc);
}

EI_INLINE void ei_dot_2x2(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[4]) {
  int32_t s00 = acc[0], s01 = acc[1], s10 = acc[2], s11 = acc[3];
  /* Fourteen values live at a time, as many as there are registers: one distance n from the first
   * vector and row to the second ones, and half of the weights at a time. */
  for (const int8_t *const end = a + (n & ~3); a != end;) {
    uint32_t y = ei_load4(a + n), x = ei_load4(a);
    a += 4;
    const uint32_t ye = ei_sxtb16(y), xe = ei_sxtb16(x);
    y = ei_sxtb16_ror8(y), x = ei_sxtb16_ror8(x);
    uint32_t v = ei_load4(w + n);
    uint32_t ve = ei_sxtb16(v);
    v = ei_sxtb16_ror8(v);
    s01 = ei_smlad(xe, ve, s01), s11 = ei_smlad(ye, ve, s11);
    s01 = ei_smlad(x, v, s01), s11 = ei_smlad(y, v, s11);
    v = ei_load4(w);
    w += 4;
    ve = ei_sxtb16(v);
    v = ei_sxtb16_ror8(v);
    s00 = ei_smlad(xe, ve, s00), s10 = ei_smlad(ye, ve, s10);
    s00 = ei_smlad(x, v, s00), s10 = ei_smlad(y, v, s10);
  }
  for (int32_t left = n & 3; left > 0; left--, a++, w++) {
    const int32_t x = a[0], y = a[n], u = w[0], v = w[n];
    s00 = ei_mac(s00, x, u), s01 = ei_mac(s01, x, v);
    s10 = ei_mac(s10, y, u), s11 = ei_mac(s11, y, v);
  }
  acc[0] = s00, acc[1] = s01, acc[2] = s10, acc[3] = s11;
}

EI_INLINE void ei_dot_1x4(const int8_t *a, const int8_t *w, int32_t n, int32_t acc[4]) {
  int32_t s0 = acc[0], s1 = acc[1], s2 = acc[2], s3 = acc[3];
  const int8_t *w2 = w + 2 * n;
  for (const int8_t *const end = a + (n & ~3); a != end;) {
    uint32_t x = ei_load4(a);
    a += 4;
    const uint32_t xe = ei_sxtb16(x);
    x = ei_sxtb16_ror8(x);
    s1 = ei_dot_4(xe, x, w + n, s1);
    s0 = ei_dot_4(xe, x, w, s0);
    w += 4;
    s3 = ei_dot_4(xe, x, w2 + n, s3);
    s2 = ei_dot_4(xe, x, w2, s2);
    w2 += 4;
  }
  for (int32_t left = n & 3; left > 0; left--, a++, w++, w2++) {
    s0 = ei_mac(s0, a[0], w[0]), s1 = ei_mac(s1, a[0], w[n]);
    s2 = ei_mac(s2, a[0], w2[0]), s3 = ei_mac(s3, a[0], w2[n]);
  }
  acc[0] = s0, acc[1] = s1, acc[2] = s2, acc[3] = s3;
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

#endif
