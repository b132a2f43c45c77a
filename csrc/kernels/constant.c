/* SPDX-License-Identifier: Apache-2.0
 *
 * out = bytes of the image: values that the PC knows, such as a shape.
 */
#include "kernel.h"

typedef struct {
  uint32_t value; /* offset of the bytes in the image's data */
  uint32_t bytes;
} ei_constant_params;

void ei_constant_run(const ei_call *c) {
  const ei_constant_params *p = c->params;
  memcpy(c->out, c->data + p->value, (size_t)p->bytes);
}

int ei_constant_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_constant_params, p, c, need);
  if (!ei_has_data(need, p->value, p->bytes, 1)) return EI_ERR_BOUNDS;
  need->out = p->bytes;
  return EI_OK;
}

uint32_t ei_constant_scratch(const void *params) {
  (void)params;
  return 0;
}
