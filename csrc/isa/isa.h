/* SPDX-License-Identifier: Apache-2.0
 * Chooses the instruction set's header from what the compiler says of its target. */
#ifndef EI_ISA_H
#define EI_ISA_H

#if defined(__ARM_FEATURE_MVE)
#include "isa/arm_mve.h"
#elif defined(__ARM_NEON)
#include "isa/arm_neon.h"
#elif defined(EI_DSP_EMULATION) || defined(__ARM_FEATURE_SIMD32) || defined(__ARM_FEATURE_DSP)
#include "isa/arm_dsp.h"
#elif defined(EI_ARMV6M_EMULATION) || defined(__ARM_ARCH_6M__)
#include "isa/armv6m.h"
#elif defined(__AVX2__)
#include "isa/x86_avx2.h"
#else
#include "isa/portable.h"
#endif

#endif
