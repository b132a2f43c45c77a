/* SPDX-License-Identifier: Apache-2.0
 * What image.c needs of exec.c to verify steps before they run. */
#ifndef EI_EXEC_H
#define EI_EXEC_H

#include "isa/isa.h"
#include "kernel.h"

/* The kernel of this number, or NULL when it does not exist or was not linked. */
const ei_kernel *ei_find_kernel(uint16_t id);

/* Whether what is run are bands. A firmware none of whose images has any leaves them out. */
#ifdef EI_NO_BANDS
#define EI_IN_BANDS(m) ((void)(m), 0)
#else
#define EI_IN_BANDS(m) ((m)->bands != NULL)
#endif

/* The step of this number, but for its rows, which go to `call`, and the places of its first
 * operand and its result: if it is a band these are its own. */
EI_INLINE const ei_step *ei_step_at(const ei_model *m, uint32_t i, ei_call *call, uint32_t *in0,
                                    uint32_t *out) {
  if (!EI_IN_BANDS(m)) {
    const ei_step *step = &m->steps[i];
    *in0 = step->in[0], *out = step->out;
    call->y0 = step->y0, call->y1 = step->y1, call->in_y0 = step->in_y0;
    return step;
  }
  const ei_band *band = &m->bands[i];
  *in0 = band->in0, *out = band->out;
  call->y0 = band->y0, call->y1 = band->y0 + band->rows, call->in_y0 = band->in_y0;
  return &m->steps[band->step];
}

#endif
