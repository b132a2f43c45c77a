/* SPDX-License-Identifier: Apache-2.0
 *
 * The vectors of x86-64 processors: AVX2, and with it AVX-512's sums of four products of bytes
 * (VNNI).
 */
#ifndef EI_ISA_X86_AVX2_H
#define EI_ISA_X86_AVX2_H

#include <immintrin.h>
#include <string.h>

#define EI_QUADS
#define EI_STRIP
#define EI_SUMS
#define EI_TAPS_MANY

#include "isa/portable.h"

#include "isa/x86_avx2/scaled.h"
#ifdef __AVX512VNNI__
#include "isa/x86_avx2/quads_vnni.h"
#else
#include "isa/x86_avx2/quads.h"
#endif
#include "isa/x86_avx2/strip.h"
#include "isa/x86_avx2/sums.h"
#include "isa/x86_avx2/taps.h"

#endif
