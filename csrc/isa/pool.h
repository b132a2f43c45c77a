/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over the window of an average pool, of several channels at a time, for cores that have
 * EI_POOL: in 16 bits, which hold them up to so many taps.
 */
#ifndef EI_ISA_POOL_H
#define EI_ISA_POOL_H

enum { EI_POOL_TAPS = 255 };

#endif
