/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = value, of any type of 1, 2, 4 or 8 bytes.
 */
#include "kernel.h"

typedef struct {
  uint32_t size;    /* bytes of an element: 1, 2, 4 or 8 */
  uint32_t count;   /* elements */
  uint8_t value[8]; /* an element, then zeros */
} ei_fill_params;

void ei_fill_run(const ei_call *c) {
  const ei_fill_params *p = c->params;
  uint8_t *out = c->out;
  if (p->size == 1) {
    memset(out, p->value[0], (size_t)p->count);
    return;
  }
  for (uint32_t i = p->count; i > 0; i--, out += p->size) memcpy(out, p->value, (size_t)p->size);
}

int ei_fill_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_fill_params, p, c, need);
  if (p->size != 1 && p->size != 2 && p->size != 4 && p->size != 8) return EI_ERR_PARAMS;
  need->out = (uint64_t)p->count * p->size;
  return EI_OK;
}

uint32_t ei_fill_scratch(const void *params) {
  (void)params;
  return 0;
}
