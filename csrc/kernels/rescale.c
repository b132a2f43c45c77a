/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = clamp(zo + requant(in[i] - zi)) between integer types; values below the zero point have
 * a multiplier of their own. QUANTIZE of int16, and the RELU family of int16.
 *
 * As Requantize and QuantizeLeakyRelu in TFLite (kernels/internal/reference).
 */
#include "fixed_point.h"
#include "kernel.h"

typedef struct {
  uint32_t count;            /* elements */
  uint8_t in_size, out_size; /* bytes of an element: 1, 2 or 4, signed */
  int8_t shift[2];           /* -31..30: of values from the zero point on, and below */
  int32_t mult[2];           /* Q31 */
  int32_t in_zero, out_zero; /* zero points */
  int32_t least, most;       /* of the result */
} ei_rescale_params;

static int32_t load(const void *p, uint32_t size, uint32_t i) {
  return size == 1   ? ((const int8_t *)p)[i]
         : size == 2 ? ((const int16_t *)p)[i]
                     : ((const int32_t *)p)[i];
}

void ei_rescale_run(const ei_call *c) {
  const ei_rescale_params *p = c->params;
  for (uint32_t i = 0; i < p->count; i++) {
    const int32_t x = ei_add_wrap(load(c->in[0], p->in_size, i), -p->in_zero);
    const int below = x < 0;
    int32_t q = ei_add_wrap(ei_requantize(x, p->mult[below], p->shift[below]), p->out_zero);
    q = ei_clamp(q, p->least, p->most);
    if (p->out_size == 1)
      ((int8_t *)c->out)[i] = (int8_t)q;
    else if (p->out_size == 2)
      ((int16_t *)c->out)[i] = (int16_t)q;
    else
      ((int32_t *)c->out)[i] = q;
  }
}

static int size_ok(uint32_t size) { return size == 1 || size == 2 || size == 4; }

int ei_rescale_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_rescale_params, p, c, need);
  if (p->count > INT32_MAX / 4 || !size_ok(p->in_size) || !size_ok(p->out_size) ||
      p->in_zero == INT32_MIN || !ei_shifts_ok((const uint8_t *)p->shift, 2))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * p->in_size;
  need->out = (uint64_t)p->count * p->out_size;
  need->in_align = p->in_size, need->out_align = p->out_size;
  return EI_OK;
}

uint32_t ei_rescale_scratch(const void *params) {
  (void)params;
  return 0;
}
