/* SPDX-License-Identifier: Apache-2.0
 * What image.c needs of exec.c to verify steps before they run. */
#ifndef EI_EXEC_H
#define EI_EXEC_H

#include "kernel.h"

/* The kernel of this number, or NULL when it does not exist or was not linked. */
const ei_kernel *ei_find_kernel(uint16_t id);

/* Turn a step's offsets into pointers. */
void ei_resolve(const ei_model *model, const ei_step *step, uint8_t *arena, ei_call *call);

#endif
