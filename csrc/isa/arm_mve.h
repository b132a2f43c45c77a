/* SPDX-License-Identifier: Apache-2.0
 *
 * The M-profile vector extension (Cortex-M55, M85), beside the DSP instructions, which these cores
 * have too.
 */
#ifndef EI_ISA_ARM_MVE_H
#define EI_ISA_ARM_MVE_H

#include <arm_mve.h>

#define EI_ROWS
#define EI_TAPS_MANY

#include "isa/arm_dsp.h"
#include "isa/arm_mve/rows.h"
#include "isa/arm_mve/taps.h"

#endif
