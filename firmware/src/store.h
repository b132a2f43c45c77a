/* SPDX-License-Identifier: Apache-2.0
 *
 * Where uploaded models are kept: memory that is read like any other, erased in blocks of
 * EI_STORE_BLOCK bytes to 0xFF, and then written once in units of STORE_UNIT. store_<kind>.c.
 */
#ifndef STORE_H
#define STORE_H

#include <stdint.h>

#define STORE_UNIT 8u

/* The first of EI_STORE_BYTES bytes; NULL: there are none. */
const uint8_t *store_start(void);
void store_erase(uint32_t at);                                   /* a block's first byte */
void store_write(uint32_t at, const uint8_t *bytes, uint32_t n); /* whole units */

#endif
