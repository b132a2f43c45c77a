/* SPDX-License-Identifier: Apache-2.0
 *
 * Elements of any type (enum ei_dtype) as int64, for kernels around a network's edges: each has one
 * loop for all types, which is small rather than fast.
 */
#ifndef EI_ELEMENT_H
#define EI_ELEMENT_H

#include "kernel.h"

/* Bytes of an element; 0 for an unknown type. */
static inline uint32_t ei_size_of(uint32_t type) {
  static const uint8_t size[] = {1, 4, 2, 4, 1, 1, 8};
  return type < sizeof size ? size[type] : 0;
}

static inline int64_t ei_load(const void *from, uint32_t type, uint32_t i) {
  switch (type) {
    case EI_INT8: return ((const int8_t *)from)[i];
    case EI_INT16: return ((const int16_t *)from)[i];
    case EI_INT32: return ((const int32_t *)from)[i];
    case EI_INT64: {
      int64_t x; /* the arena promises 4 bytes of alignment */
      memcpy(&x, (const uint8_t *)from + (size_t)i * 8, 8);
      return x;
    }
    default: return ((const uint8_t *)from)[i];
  }
}

static inline void ei_store(void *to, uint32_t type, uint32_t i, int64_t x) {
  switch (type) {
    case EI_INT8: ((int8_t *)to)[i] = (int8_t)x; break;
    case EI_INT16: ((int16_t *)to)[i] = (int16_t)x; break;
    case EI_INT32: ((int32_t *)to)[i] = (int32_t)x; break;
    case EI_INT64: memcpy((uint8_t *)to + (size_t)i * 8, &x, 8); break;
    case EI_BOOL: ((uint8_t *)to)[i] = x != 0; break;
    default: ((uint8_t *)to)[i] = (uint8_t)x;
  }
}

/* Alignment that a pointer to a type needs. */
static inline uint32_t ei_align_of(uint32_t type) {
  const uint32_t size = ei_size_of(type);
  return size < 4 ? size : 4;
}

#endif
