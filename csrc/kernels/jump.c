/* SPDX-License-Identifier: Apache-2.0
 *
 * Go on at another step: always, or if the byte at in[0] is 0. IF and WHILE are such steps.
 */
#include "kernel.h"

typedef struct {
  uint32_t target; /* index of a step, or one past the last */
  uint32_t always; /* 1: whatever the byte is */
} ei_jump_params;

void ei_jump_run(const ei_call *c) {
  const ei_jump_params *p = c->params;
  if (p->always || *(const uint8_t *)c->in[0] == 0) *c->next = p->target;
}

int ei_jump_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_jump_params, p, c, need);
  if (p->target < need->first_step || p->target > need->end_step) return EI_ERR_PARAMS;
  need->in[0] = p->always ? 0 : 1;
  return EI_OK;
}

uint32_t ei_jump_scratch(const void *params) {
  (void)params;
  return 0;
}
