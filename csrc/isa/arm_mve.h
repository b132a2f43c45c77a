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
#define EI_TILE_RUN
#define EI_COPY
#define EI_LINE_RUN
#define EI_POOL
#define EI_SUMS

#include "isa/arm_dsp.h"
#include "isa/arm_mve/line.h"
#include "isa/arm_mve/pool.h"
#include "isa/arm_mve/rows.h"
#include "isa/arm_mve/sums.h"
#include "isa/arm_mve/taps.h"
#include "isa/arm_mve/tile.h"
#include "isa/arm_mve/copy.h"

#endif
