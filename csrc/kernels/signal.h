/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels of TFLite Micro's audio front end (signal/src) share.
 */
#ifndef EI_SIGNAL_H
#define EI_SIGNAL_H

#include "functions.h"
#include "kernel.h"

/* How many bits a number takes; 32 for 0, as its MostSignificantBit32 says. */
static inline int ei_bits32(uint32_t x) { return x == 0 ? 32 : 32 - ei_leading_zeros(x); }

/* A 64-bit number at a multiple of 4: its low half comes first. */
static inline uint64_t ei_load64(const uint32_t *x) { return (uint64_t)x[1] << 32 | x[0]; }

static inline void ei_store64(uint32_t *x, uint64_t value) {
  x[0] = (uint32_t)value;
  x[1] = (uint32_t)(value >> 32);
}

/* Whether a count of elements is one that the kernels' loops can take. */
static inline int ei_count_ok(uint32_t n) { return n > 0 && n <= INT32_MAX / 8; }

#endif
