/* SPDX-License-Identifier: Apache-2.0
 * Included by what is not in a hurry: compiled for size, where kernels are for speed. */
#ifndef SMALL_H
#define SMALL_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("Os")
#endif

#endif
