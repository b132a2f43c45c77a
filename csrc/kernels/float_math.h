/* SPDX-License-Identifier: Apache-2.0
 *
 * The few functions of <math.h> that kernels of float32 call; declared here, as compilers for bare
 * metal may come without that header. In AVR's they are macros, as its `double` has 32 bits, and
 * one is missing. And no product after it is joined with a sum to one rounding, whatever the
 * compiler was told: some builds, as the Arduino IDE's, cannot be given flags.
 */
#ifndef EI_FLOAT_MATH_H
#define EI_FLOAT_MATH_H

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#ifdef __AVR__
#include <math.h>
/* The nearest whole number, of two the even one. */
static inline float rintf(float x) {
  const float below = floorf(x), rest = x - below;
  return rest > 0.5f || (rest == 0.5f && fmodf(below, 2.0f) != 0) ? below + 1.0f : below;
}
#else
float sqrtf(float x);
float floorf(float x);
float ceilf(float x);
float rintf(float x);
float fmodf(float x, float y);
#endif

/* x between low and high, as ActivationFunctionWithMinMax in TFLite: zeros keep their sign, and no
 * number stays none. */
static inline float ei_clamp_float(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

#endif
