/* SPDX-License-Identifier: Apache-2.0
 *
 * The DSP instructions that the loops of this folder are written with.
 */
#ifndef EI_ISA_ARM_DSP_INSTRUCTIONS_H
#define EI_ISA_ARM_DSP_INSTRUCTIONS_H

/* Bytes 0 and 2 of x, sign-extended into the two halves. */
EI_INLINE uint32_t ei_sxtb16(uint32_t x) {
  uint32_t r;
  __asm__ volatile("sxtb16 %0, %1" : "=r"(r) : "r"(x));
  return r;
}
/* Bytes 1 and 3. */
EI_INLINE uint32_t ei_sxtb16_ror8(uint32_t x) {
  uint32_t r;
  __asm__ volatile("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
  return r;
}
/* Bytes 0 and 2 of x, sign-extended and added to the halves of a. */
EI_INLINE uint32_t ei_sxtab16(uint32_t a, uint32_t x) {
  uint32_t r;
  __asm__ volatile("sxtab16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(x));
  return r;
}
/* Bytes 1 and 3. */
EI_INLINE uint32_t ei_sxtab16_ror8(uint32_t a, uint32_t x) {
  uint32_t r;
  __asm__ volatile("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(a), "r"(x));
  return r;
}
/* acc + low(a) low(b) + high(a) high(b). */
EI_INLINE int32_t ei_smlad(uint32_t a, uint32_t b, int32_t acc) {
  __asm__ volatile("smlad %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b));
  return acc;
}
/* The same into another register: for a first sum, whose start is needed again. */
EI_INLINE int32_t ei_smlad_from(uint32_t a, uint32_t b, int32_t start) {
  int32_t r;
  __asm__ volatile("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(start));
  return r;
}
/* From 0. */
EI_INLINE int32_t ei_smuad(uint32_t a, uint32_t b) {
  int32_t r;
  __asm__ volatile("smuad %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/* The halves as named: B the low one, T the high one. */
#define EI_SMLA(xy)                                                              \
  EI_INLINE int32_t ei_smla##xy(uint32_t a, uint32_t b, int32_t acc) {           \
    __asm__ volatile("smla" #xy " %0, %1, %2, %0" : "+r"(acc) : "r"(a), "r"(b)); \
    return acc;                                                                  \
  }
EI_SMLA(bb)
EI_SMLA(bt)
EI_SMLA(tb)
EI_SMLA(tt)
#undef EI_SMLA
/* The low half of a and, above it, that of b. */
EI_INLINE uint32_t ei_pkhbt(uint32_t a, uint32_t b) {
  uint32_t r;
  __asm__ volatile("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/* The high half of a and, below it, that of b. */
EI_INLINE uint32_t ei_pkhtb(uint32_t a, uint32_t b) {
  uint32_t r;
  __asm__ volatile("pkhtb %0, %1, %2, asr #16" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/* The two words at `bytes` from p, a constant; aligned to 4, which ARMv6 asks for, too. In
 * Arm state LDRD takes only an even register and the next one. */
EI_INLINE void ei_load_two_at(const uint32_t *p, int bytes, uint32_t *x, uint32_t *y) {
#ifdef __thumb__
  uint32_t a, b;
  __asm__ volatile("ldrd %0, %1, [%2, %3]" : "=&r"(a), "=r"(b) : "r"(p), "i"(bytes) : "memory");
  *x = a, *y = b;
#else
  register uint32_t a __asm__("r4"), b __asm__("r5");
  __asm__ volatile("ldrd %0, %1, [%2, %3]" : "=r"(a), "=r"(b) : "r"(p), "i"(bytes) : "memory");
  *x = a, *y = b;
#endif
}
/* Stores x and y at `bytes` from p, aligned to 4. */
EI_INLINE void ei_store_two_at(uint32_t *p, int bytes, uint32_t x, uint32_t y) {
#ifdef __thumb__
  __asm__ volatile("strd %0, %1, [%2, %3]" : : "r"(x), "r"(y), "r"(p), "i"(bytes) : "memory");
#else
  register uint32_t a __asm__("r6") = x, b __asm__("r7") = y;
  __asm__ volatile("strd %0, %1, [%2, %3]" : : "r"(a), "r"(b), "r"(p), "i"(bytes) : "memory");
#endif
}
/* The last bit that LSRS shifts out is the one that rounds: ADC adds it. */
EI_INLINE int32_t ei_mul_q31(int32_t a, int32_t b) {
  int32_t low, high;
  __asm__("smull %0, %1, %2, %3\n\tlsrs %0, %0, #31\n\tadc %1, %0, %1, lsl #1"
          : "=&r"(low), "=&r"(high)
          : "r"(a), "r"(b)
          : "cc");
  return high;
}
/* c + the rounded high word of a b. Volatile, as all of these: outputs then come one after the
 * other, with few values alive. */
EI_INLINE int32_t ei_mul_add_high(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__ volatile("smmlar %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/* c + the high word of a b. */
EI_INLINE int32_t ei_mul_add_floor(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__ volatile("smmla %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
EI_INLINE int32_t ei_saturate_int8(int32_t x) {
  int32_t r;
  __asm__ volatile("ssat %0, #8, %1" : "=r"(r) : "r"(x));
  return r;
}
/* Two words, aligned to 4, and the address after them. */
EI_INLINE const uint32_t *ei_load_two(const uint32_t *p, uint32_t *x, uint32_t *y) {
#ifdef __thumb__
  uint32_t a, b;
  __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(a), "=&r"(b), "+r"(p) : : "memory");
  *x = a, *y = b;
  return p;
#else
  register uint32_t a __asm__("r4"), b __asm__("r5");
  __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(a), "=&r"(b), "+r"(p) : : "memory");
  *x = a, *y = b;
  return p;
#endif
}
EI_INLINE const uint32_t *ei_load_one(const uint32_t *p, uint32_t *x) {
  uint32_t a;
  __asm__ volatile("ldr %0, [%1], #4" : "=&r"(a), "+r"(p) : : "memory");
  *x = a;
  return p;
}
EI_INLINE int32_t ei_half_int8(int32_t x) {
  int32_t r;
  __asm__("ssat %0, #8, %1, asr #1" : "=r"(r) : "r"(x));
  return r;
}

#endif
