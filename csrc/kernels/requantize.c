/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = clamp(zo + requant(in[i] - zi)): quantized integers of any type to another type or
 * scale, and functions of int16 that are two straight lines: the RELU family, LEAKY_RELU and ABS.
 *
 * As Requantize in TFLite (kernels/internal/reference/requantize.h), ReluQuantized
 * (kernels/activations.cc), QuantizeLeakyRelu and AbsEvalQuantized.
 */
#include "element.h"
#include "fixed_point.h"

typedef struct {
  uint8_t in_type, out_type; /* enum ei_dtype: int8, uint8, int16 or int32 */
  int16_t shift;             /* -31..30 */
  uint32_t count;
  int32_t in_zero, out_zero;
  int32_t mult;             /* Q31 */
  int32_t below_mult;       /* the same below the zero point, */
  int16_t below_shift;      /* -31..30, */
  int16_t below_negated;    /* where 1 changes the sign first */
  int16_t act_min, act_max; /* of the activation or the type; int32 is not clipped */
} ei_requantize_params;

void ei_requantize_run(const ei_call *c) {
  const ei_requantize_params *p = c->params;
  for (uint32_t i = 0; i < p->count; i++) {
    const uint32_t centred = (uint32_t)ei_load(c->in[0], p->in_type, i) - (uint32_t)p->in_zero;
    int32_t x = (int32_t)centred;
    if (x >= 0)
      x = ei_requantize(x, p->mult, p->shift);
    else
      x = ei_requantize((int32_t)(p->below_negated ? 0u - centred : centred), p->below_mult,
                        p->below_shift);
    const int32_t q = ei_add_wrap(x, p->out_zero);
    ei_store(c->out, p->out_type, i,
             p->out_type == EI_INT32 ? q : ei_clamp(q, p->act_min, p->act_max));
  }
}

int ei_requantize_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_requantize_params, p, c, need);
  const uint32_t types[] = {p->in_type, p->out_type};
  for (int i = 0; i < 2; i++)
    if (types[i] > EI_UINT8 || types[i] == EI_FLOAT32) return EI_ERR_PARAMS;
  if (p->shift < -31 || p->shift > 30 || p->below_shift < -31 || p->below_shift > 30)
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)p->count * ei_size_of(p->in_type);
  need->out = (uint64_t)p->count * ei_size_of(p->out_type);
  need->in_align = ei_align_of(p->in_type), need->out_align = ei_align_of(p->out_type);
  return EI_OK;
}

uint32_t ei_requantize_scratch(const void *params) {
  (void)params;
  return 0;
}
