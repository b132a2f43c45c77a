/* SPDX-License-Identifier: Apache-2.0
 * What image.c needs of exec.c to verify steps before they run. */
#ifndef EI_EXEC_H
#define EI_EXEC_H

#include "isa/isa.h"
#include "kernel.h"

/* The kernel of this number, or NULL when it does not exist or was not linked. */
const ei_kernel *ei_find_kernel(uint16_t id);

/* The step of this number as an image tells it at full length. */
void ei_step_at(const ei_model *m, uint32_t i, ei_step *step);

#endif
