/* SPDX-License-Identifier: Apache-2.0
 *
 * out[u] = clamp(zo + requant2(bias[u] + sum over the unit's filters f, and j, of
 *                              time[f][j] (state[f][j] - zs)))
 * after state[f] moved one to the left and took zs + requant1(sum over i of feature[f][i] in[i]).
 *
 * One sample of a batch. As EvalIntegerSVDF in TFLite (kernels/internal/reference/svdf.h), whose
 * state is int16; TFLite Micro has int8 as well (micro/kernels/svdf_common.cc).
 */
#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t feature;      /* data offset: int8 [units * rank][in_c] */
  uint32_t feature_bias; /* data offset: int32 [units * rank], -input zero point * sum(feature) */
  uint32_t time;         /* data offset: int16 or int8 [units * rank][memory] */
  uint32_t bias;         /* data offset: int32 [units] */
  uint32_t state;        /* operand: of the type of time, [units * rank][memory] */
  uint32_t in_c, units, rank, memory; /* elements */
  int32_t mult[2];                    /* Q31: to the state's scale, to the output's */
  int8_t shift[2];                    /* -31..30 */
  int8_t out_zero, state_zero;        /* zero points */
  uint32_t wide;                      /* 1: the state is int16 */
} ei_svdf_params;

static int32_t recall8(int8_t *state, const int8_t *time, int32_t n, int32_t latest, int32_t zero) {
  int32_t sum = 0;
  memmove(state, state + 1, (size_t)(n - 1));
  state[n - 1] = (int8_t)ei_clamp(ei_add_wrap(latest, zero), INT8_MIN, INT8_MAX);
  for (; n > 0; n--) sum = ei_add_wrap(sum, *time++ * (*state++ - zero));
  return sum;
}

static int32_t recall16(int16_t *state, const int16_t *time, int32_t n, int32_t latest) {
  int32_t sum = 0;
  memmove(state, state + 1, 2 * (size_t)(n - 1));
  state[n - 1] = (int16_t)ei_clamp(latest, INT16_MIN, INT16_MAX);
  for (; n > 0; n--) sum = ei_add_wrap(sum, (int32_t)*time++ * *state++);
  return sum;
}

void ei_svdf_run(const ei_call *c) {
  const ei_svdf_params *p = c->params;
  const int8_t *feature = (const int8_t *)c->data + p->feature;
  const int32_t *offset = (const void *)(c->data + p->feature_bias);
  const int32_t *bias = (const void *)(c->data + p->bias);
  const int32_t memory = (int32_t)p->memory, in_c = (int32_t)p->in_c;
  uint8_t *state = ei_operand(c, p->state);
  const uint8_t *time = c->data + p->time;
  const uint32_t row = p->memory << p->wide;
  int8_t *out = c->out;
  for (uint32_t u = 0; u < p->units; u++) {
    int32_t sum = *bias++;
    for (uint32_t r = 0; r < p->rank; r++, feature += in_c, state += row, time += row) {
      const int32_t latest =
          ei_requantize(ei_dot(c->in[0], feature, in_c, *offset++), p->mult[0], p->shift[0]);
      sum = ei_add_wrap(
          sum, p->wide ? recall16((void *)state, (const void *)time, memory, latest)
                       : recall8((void *)state, (const void *)time, memory, latest, p->state_zero));
    }
    ei_output_any(out++, sum, p->mult[1], p->shift[1], p->out_zero);
  }
}

int ei_svdf_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_svdf_params, p, c, need);
  const uint64_t filters = (uint64_t)p->units * p->rank;
  if (p->wide > 1 || p->in_c == 0 || p->units == 0 || p->rank == 0 || p->memory == 0 ||
      p->in_c > INT32_MAX / 8 || p->memory > INT32_MAX / 8 || filters > INT32_MAX / 8)
    return EI_ERR_PARAMS;
  const uint32_t size = 1u + p->wide;
  if (!ei_has_data(need, p->feature, filters * p->in_c, 1) ||
      !ei_has_data(need, p->feature_bias, filters, 4) ||
      !ei_has_data(need, p->time, filters * p->memory, size) ||
      !ei_has_data(need, p->bias, p->units, 4) ||
      !ei_has_operand(need, p->state, filters * p->memory, size, 1) ||
      !ei_shifts_ok((const uint8_t *)p->shift, 2))
    return EI_ERR_PARAMS;
  need->in[0] = p->in_c;
  need->out = p->units;
  return EI_OK;
}

uint32_t ei_svdf_scratch(const void *params) {
  (void)params;
  return 0;
}
