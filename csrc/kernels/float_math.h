/* SPDX-License-Identifier: Apache-2.0
 *
 * The few functions of <math.h> that kernels of float32 call; declared here, as compilers for bare
 * metal may come without that header. In AVR's they are macros, as its `double` has 32 bits, and
 * one is missing.
 */
#ifndef EI_FLOAT_MATH_H
#define EI_FLOAT_MATH_H

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

#endif
