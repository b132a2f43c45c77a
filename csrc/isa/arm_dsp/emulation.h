/* SPDX-License-Identifier: Apache-2.0
 *
 * The DSP instructions of instructions.h in C, so that a host checks the Cortex-M4 path under
 * sanitizers; portable.h has those for requantization. Semantics: ARMv7-M Architecture Reference
 * Manual, A7.7 (SXTB16, SXTAB16, SMLAD).
 */
#ifndef EI_ISA_ARM_DSP_EMULATION_H
#define EI_ISA_ARM_DSP_EMULATION_H

EI_INLINE uint32_t ei_sxtb16(uint32_t x) {
  const uint32_t low = (uint32_t)(int32_t)(int8_t)(x & 0xFF) & 0xFFFF;
  const uint32_t high = (uint32_t)(int32_t)(int8_t)((x >> 16) & 0xFF) << 16;
  return high | low;
}

EI_INLINE uint32_t ei_sxtb16_ror8(uint32_t x) { return ei_sxtb16((x >> 8) | (x << 24)); }

EI_INLINE uint32_t ei_sxtab16(uint32_t a, uint32_t x) {
  const uint32_t wide = ei_sxtb16(x);
  return ((a + wide) & 0xFFFF) | (((a >> 16) + (wide >> 16)) << 16);
}

EI_INLINE uint32_t ei_sxtab16_ror8(uint32_t a, uint32_t x) {
  return ei_sxtab16(a, (x >> 8) | (x << 24));
}

EI_INLINE int32_t ei_smlad(uint32_t a, uint32_t b, int32_t acc) {
  const int32_t low = (int16_t)(a & 0xFFFF) * (int16_t)(b & 0xFFFF);
  const int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
  return (int32_t)((uint32_t)acc + (uint32_t)low + (uint32_t)high);
}

EI_INLINE int32_t ei_smlad_from(uint32_t a, uint32_t b, int32_t start) {
  return ei_smlad(a, b, start);
}

EI_INLINE int32_t ei_smuad(uint32_t a, uint32_t b) { return ei_smlad(a, b, 0); }

EI_INLINE int32_t ei_smlabb(uint32_t a, uint32_t b, int32_t acc) {
  return ei_smlad(a & 0xFFFF, b, acc);
}

EI_INLINE int32_t ei_smlabt(uint32_t a, uint32_t b, int32_t acc) {
  return ei_smlabb(a, b >> 16, acc);
}

EI_INLINE int32_t ei_smlatb(uint32_t a, uint32_t b, int32_t acc) {
  return ei_smlabb(a >> 16, b, acc);
}

EI_INLINE int32_t ei_smlatt(uint32_t a, uint32_t b, int32_t acc) {
  return ei_smlabb(a >> 16, b >> 16, acc);
}

EI_INLINE uint32_t ei_pkhbt(uint32_t a, uint32_t b) { return (a & 0xFFFF) | b << 16; }

EI_INLINE uint32_t ei_pkhtb(uint32_t a, uint32_t b) { return (a & 0xFFFF0000) | b >> 16; }

EI_INLINE void ei_load_two_at(const uint32_t *p, int bytes, uint32_t *x, uint32_t *y) {
  *x = p[bytes / 4], *y = p[bytes / 4 + 1];
}

EI_INLINE void ei_store_two_at(uint32_t *p, int bytes, uint32_t x, uint32_t y) {
  p[bytes / 4] = x, p[bytes / 4 + 1] = y;
}

EI_INLINE const uint32_t *ei_load_two(const uint32_t *p, uint32_t *x, uint32_t *y) {
  *x = p[0], *y = p[1];
  return p + 2;
}

EI_INLINE const uint32_t *ei_load_one(const uint32_t *p, uint32_t *x) {
  *x = *p;
  return p + 1;
}

#endif
