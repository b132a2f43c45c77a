/* SPDX-License-Identifier: Apache-2.0
 *
 * ARMv6 and ARMv7E-M DSP instructions (Cortex-M4, M7, M33, ARM1176): SXTB16 and SXTAB16 widen two
 * of a word's four bytes, SMLAD multiplies two pairs and adds. Words are loaded unaligned, which
 * these cores do. With EI_DSP_EMULATION a host runs this very file on C versions of the
 * instructions.
 */
#ifndef EI_ISA_ARM_DSP_H
#define EI_ISA_ARM_DSP_H

#include <stdint.h>
#include <string.h>

#ifndef EI_DSP_EMULATION
#define EI_MUL_Q31
#define EI_HALF_INT8
#define EI_MUL_ADD_HIGH
#define EI_MUL_ADD_FLOOR
#define EI_SATURATE_INT8
#endif
#define EI_PAIRS
#define EI_PAIRS_AT_ONCE
#define EI_NIBBLES
#define EI_TILE
#define EI_LINE
#define EI_DOT_2X2
#define EI_DOT_1X4
#define EI_DOT
#define EI_TAPS_X4

#if !defined(EI_DSP_EMULATION) && !defined(EI_SMALL)
#define EI_PAIRS_FRAME
#endif

#include "isa/portable.h"

#ifdef EI_DSP_EMULATION
#include "isa/arm_dsp/emulation.h"
#else
#include "isa/arm_dsp/instructions.h"
#endif

EI_INLINE uint32_t ei_load4(const int8_t *p) {
  uint32_t x;
  memcpy(&x, p, 4);
  return x;
}

#include "isa/arm_dsp/dot.h"
#ifndef EI_LINE_RUN
#include "isa/arm_dsp/line.h"
#endif
#include "isa/arm_dsp/nibbles.h"
#include "isa/arm_dsp/pairs.h"
#ifdef EI_SMALL
#include "isa/arm_dsp/pairs_small.h"
#elif defined(EI_PAIRS_FRAME)
#include "isa/arm_dsp/pairs_block.h"
#endif
#if !defined(EI_POOL) && !defined(EI_SMALL)
#define EI_POOL
#include "isa/arm_dsp/pool.h"
#endif
#include "isa/arm_dsp/taps.h"
#include "isa/arm_dsp/tile.h"

#endif
