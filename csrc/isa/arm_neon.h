/* SPDX-License-Identifier: Apache-2.0
 *
 * The vectors of Arm's application processors (NEON), of ARMv7 and AArch64, with SDOT where the
 * core has it. ARMv7 has the DSP instructions beside them.
 */
#ifndef EI_ISA_ARM_NEON_H
#define EI_ISA_ARM_NEON_H

#include <arm_neon.h>
#include <string.h>

#define EI_QUADS
#define EI_STRIP
#define EI_SUMS
#define EI_POOL
#define EI_TAPS_MANY

#if defined(__ARM_FEATURE_SIMD32) || defined(__ARM_FEATURE_DSP)
#include "isa/arm_dsp.h"
#else
#include "isa/portable.h"
#endif

#include "isa/arm_neon/four.h"
#include "isa/arm_neon/quads.h"
#include "isa/arm_neon/strip.h"
#include "isa/arm_neon/sums.h"
#include "isa/arm_neon/pool.h"
#include "isa/arm_neon/taps.h"

#endif
