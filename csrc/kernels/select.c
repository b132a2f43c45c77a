/* SPDX-License-Identifier: Apache-2.0
 *
 * out = condition ? a : b, with broadcasting; elements of 1, 2, 4 or 8 bytes.
 */
#include "broadcast.h"

typedef struct {
  ei_broadcast walk; /* of the condition, a and b */
  uint32_t size;     /* bytes of an element */
  uint32_t b;        /* operand; the condition and a are the call's inputs */
} ei_select_params;

void ei_select_run(const ei_call *c) {
  const ei_select_params *p = c->params;
  const uint8_t *condition = c->in[0], *a = c->in[1], *b = ei_operand(c, p->b);
  uint8_t *out = c->out;
  uint32_t at[EI_BROADCAST_DIMS] = {0}, place[3] = {0};
  for (uint32_t n = ei_broadcast_count(&p->walk); n > 0; n--, out += p->size) {
    const uint8_t *from =
        condition[place[0]] ? a + (size_t)place[1] * p->size : b + (size_t)place[2] * p->size;
    memmove(out, from, (size_t)p->size);
    ei_broadcast_next(&p->walk, at, place);
  }
}

int ei_select_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_select_params, p, c, need);
  uint64_t reach[3];
  const uint32_t n = ei_broadcast_check(&p->walk, reach);
  if (n == 0 || (p->size != 1 && p->size != 2 && p->size != 4 && p->size != 8))
    return EI_ERR_PARAMS;
  if (!ei_has_operand(need, p->b, reach[2] * p->size, 1, 0)) return EI_ERR_BOUNDS;
  need->in[0] = reach[0];
  need->in[1] = reach[1] * p->size;
  need->out = (uint64_t)n * p->size;
  return EI_OK;
}

uint32_t ei_select_scratch(const void *params) {
  (void)params;
  return 0;
}
