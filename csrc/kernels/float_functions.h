/* SPDX-License-Identifier: Apache-2.0
 *
 * Transcendental functions of float32 from sums, products and quotients alone, each rounded by
 * itself, so that every processor gives the same bits whatever its <math.h>. The same steps are in
 * edgeinfer/numerics/float_functions.py; approximations are those of Moshier's Cephes library.
 */
#ifndef EI_FLOAT_FUNCTIONS_H
#define EI_FLOAT_FUNCTIONS_H

#include <stdint.h>
#include <string.h>

#include "float_math.h"

#define EI_COUNT(array) (sizeof(array) / sizeof *(array))

static inline uint32_t ei_bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float ei_float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline float ei_infinity(void) { return ei_float_of(0x7F800000); }

/* A product that no compiler joins with a sum to one rounding. */
static inline float ei_times(float a, float b) {
  volatile float product = a * b;
  return product;
}

/* c[0] x^(n-1) + ... + c[n-1] */
static inline float ei_polynomial(const float *c, size_t n, float x) {
  float y = c[0];
  for (size_t i = 1; i < n; i++) y = ei_times(y, x) + c[i];
  return y;
}

/* exp(r) - 1 for |r| <= 0.35 */
static inline float ei_expm1_near(float r) {
  static const float c[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                            4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
  return ei_times(ei_polynomial(c, EI_COUNT(c), r), ei_times(r, r)) + r;
}

/* exp(x); what is below the smallest normal number is 0. */
static inline float ei_exp(float x) {
  if (!(x <= 89.0f)) return x != x ? x : ei_infinity();
  if (x < -88.0f) return 0.0f;
  const float t = ei_times(x, 1.44269504f);
  const int32_t n = (int32_t)(t < 0 ? t - 0.5f : t + 0.5f);
  const float r = x - ei_times((float)n, 0.693359375f) - ei_times((float)n, -2.12194440e-4f);
  const uint32_t bits = ei_bits_of(ei_expm1_near(r) + 1.0f);
  const int32_t exponent = (int32_t)(bits >> 23) + n;
  if (exponent <= 0) return 0.0f;
  return exponent >= 255 ? ei_infinity() : ei_float_of(bits + ((uint32_t)n << 23));
}

static inline float ei_expm1(float x) {
  return x > -0.35f && x < 0.35f ? ei_expm1_near(x) : ei_exp(x) - 1.0f;
}

/* The natural logarithm. */
static inline float ei_log(float x) {
  static const float c[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                            -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                            2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
  uint32_t bits = ei_bits_of(x);
  if (bits << 1 == 0) return -ei_infinity();
  if (x < 0) return ei_float_of(0x7FC00000);
  if ((bits & 0x7FFFFFFF) >= 0x7F800000) return x;
  int32_t n = -126;
  for (; bits < 0x00800000; n--) bits <<= 1;
  n += (int32_t)(bits >> 23);
  float m = ei_float_of((bits & 0x007FFFFF) | 0x3F000000) - 1.0f; /* x = 2^n (1 + m) */
  if (m < 0.70710678f - 1.0f) n--, m = m + m + 1.0f;
  const float square = ei_times(m, m);
  float y = ei_times(ei_times(ei_polynomial(c, EI_COUNT(c), m), m), square);
  y = y + ei_times((float)n, -2.12194440e-4f);
  y = y - ei_times(0.5f, square);
  return m + y + ei_times((float)n, 0.693359375f);
}

/* sin(x), or cos(x) with `ahead` 2: octants of pi / 4. Beyond 8192 x is taken modulo float32's 2
 * pi. */
static inline float ei_sine(float x, int32_t ahead) {
  static const float sine[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
  static const float cosine[] = {2.443315711809948e-5f, -1.388731625493765e-3f,
                                 4.166664568298827e-2f};
  float far = x < 0 ? -x : x;
  if (!(far < ei_infinity())) return ei_float_of(0x7FC00000);
  if (far > 8192.0f) far = fmodf(far, 6.2831855f);
  int32_t octant = (int32_t)ei_times(far, 1.27323954f);
  octant += octant & 1;
  const float y = (float)octant;
  far = far - ei_times(y, 0.78515625f) - ei_times(y, 2.4187564849853515625e-4f);
  far = far - ei_times(y, 3.77489497744594108e-8f);
  const int negative = ahead == 0 && x < 0;
  octant += ahead;
  const float z = ei_times(far, far);
  float result;
  if (octant & 2)
    result = ei_times(ei_times(ei_polynomial(cosine, EI_COUNT(cosine), z), z), z) -
             ei_times(0.5f, z) + 1.0f;
  else
    result = ei_times(ei_times(ei_polynomial(sine, EI_COUNT(sine), z), z), far) + far;
  return ((octant & 4) != 0) != negative ? -result : result;
}

static inline float ei_tanh(float x) {
  static const float c[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                            1.33314422036e-1f, -3.33332819422e-1f};
  const float far = x < 0 ? -x : x;
  if (!(far >= 0.625f)) {
    const float z = ei_times(x, x);
    return ei_times(ei_times(ei_polynomial(c, EI_COUNT(c), z), z), x) + x;
  }
  const float y = far > 9.1f ? 1.0f : 1.0f - 2.0f / (ei_exp(far + far) + 1.0f);
  return x < 0 ? -y : y;
}

/* 1 / (1 + exp(-x)), as Logistic in TFLite cuts it off. */
static inline float ei_logistic(float x) {
  if (x > 16.619047f) return 1.0f;
  return x < -9.0f ? ei_exp(x) : 1.0f / (1.0f + ei_exp(-x));
}

/* 1 - erf(x) */
static inline float ei_erfc(float x) {
  static const float near[] = {
      7.853861353153693e-5f, -8.010193625184903e-4f, 5.188327685732524e-3f, -2.685381193529856e-2f,
      1.128358514861418e-1f, -3.761262582423300e-1f, 1.128379165726710e+0f};
  static const float middle[] = {
      2.326819970068386e-2f,  -1.387039388740657e-1f, 3.687424674597105e-1f,
      -5.824733027278666e-1f, 6.210004621745983e-1f,  -4.944515323274145e-1f,
      3.404879937665872e-1f,  -2.741127028184656e-1f, 5.638259427386472e-1f};
  static const float tail[] = {
      -1.047766399936249e+1f, 1.297719955372516e+1f, -7.495518717768503e+0f, 2.921019019210786e+0f,
      -1.015265279202700e+0f, 4.218463358204948e-1f, -2.820767439740514e-1f, 5.641895067754075e-1f};
  const float far = x < 0 ? -x : x, square = ei_times(x, x);
  if (!(far >= 1.0f)) return 1.0f - ei_times(x, ei_polynomial(near, EI_COUNT(near), square));
  const float inverse = 1.0f / far, z = ei_times(inverse, inverse);
  float y = ei_times(ei_exp(-square), inverse);
  y = ei_times(y, far < 2.0f ? ei_polynomial(middle, EI_COUNT(middle), z)
                             : ei_polynomial(tail, EI_COUNT(tail), z));
  return x < 0 ? 2.0f - y : y;
}

#endif
