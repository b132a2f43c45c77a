/* SPDX-License-Identifier: Apache-2.0
 *
 * The slots of a buffer move down by one, and the input becomes the last. out: 1 if this was the
 * last inference of a cycle, else 0.
 */
#include "kernel.h"

typedef struct {
  uint32_t buffer; /* operand: bytes [slots][slot]; kept between inferences */
  uint32_t count;  /* operand: uint32, inferences of the cycle so far; kept between inferences */
  uint32_t slots;  /* >= 1 */
  uint32_t slot;   /* bytes */
  uint32_t cycles; /* inferences of a cycle */
} ei_circular_buffer_params;

void ei_circular_buffer_run(const ei_call *c) {
  const ei_circular_buffer_params *p = c->params;
  uint8_t *buffer = ei_operand(c, p->buffer);
  uint32_t *count = ei_operand(c, p->count);
  const size_t slot = (size_t)p->slot, rest = (size_t)(p->slots - 1) * slot;
  memmove(buffer, buffer + slot, rest);
  memmove(buffer + rest, c->in[0], slot);
  *count = *count + 1 < p->cycles ? *count + 1 : 0;
  *(uint8_t *)c->out = *count == 0;
}

int ei_circular_buffer_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_circular_buffer_params, p, c, need);
  if (p->slots == 0 || !ei_has_operand(need, p->buffer, (uint64_t)p->slots * p->slot, 1, 1) ||
      !ei_has_operand(need, p->count, 1, 4, 1))
    return EI_ERR_PARAMS;
  need->in[0] = p->slot;
  need->out = 1;
  return EI_OK;
}

uint32_t ei_circular_buffer_scratch(const void *params) {
  (void)params;
  return 0;
}
