/* SPDX-License-Identifier: Apache-2.0
 *
 * The few functions of <math.h> that kernels of float32 call; declared here, as compilers for bare
 * metal may come without that header.
 */
#ifndef EI_FLOAT_MATH_H
#define EI_FLOAT_MATH_H

float sqrtf(float x);
float floorf(float x);
float ceilf(float x);
float rintf(float x);
float fmodf(float x, float y);
double exp(double x);

#endif
