/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED as fully_connected.c has it, for 4-bit weights (isa/nibbles.h), which take half
 * the flash: four outputs share each input. Also a pointwise CONV_2D, whose pixels are the vectors.
 */
#include "fixed_point.h"
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t weights;         /* data offset: records, (out_c + 1) / 2 of them */
  uint32_t bias;            /* data offset: int32 [out_c], corrected */
  uint32_t mult;            /* data offset: int32 [out_c], Q31 */
  uint32_t shift;           /* data offset: int8 [out_c], -31..30 */
  uint32_t in_c, out_c;     /* elements; in_c below 2^16 */
  int16_t out_zero;         /* zero point, -128..127 */
  int16_t act_min, act_max; /* of the fused activation, -128..127 */
  uint16_t pixels;          /* vectors in a row, 1..65535 */
} ei_fully_connected_nibbles_params;

/* All outputs of one vector. */
EI_NOINLINE void vector(const ei_call *c, const int8_t *a, int8_t *out) {
  const ei_fully_connected_nibbles_params *p = c->params;
  const int32_t n = (int32_t)p->in_c, out_c = (int32_t)p->out_c, bytes = ei_nibble_bytes(n);
  const int32_t *bias = (const void *)(c->data + p->bias);
  const int32_t *mult = (const void *)(c->data + p->mult);
  const int8_t *shift = (const int8_t *)c->data + p->shift;
  const int8_t *w = (const int8_t *)c->data + p->weights;
  for (int32_t o = 0; o < out_c; o += 4, w += 2 * bytes) {
    int32_t acc[4];
    ei_dot_nibbles(a, w, o + 2 < out_c ? w + bytes : w, n, acc);
    for (int32_t i = 0; i < 4 && o + i < out_c; i++)
      ei_output(out + o + i, ei_add_wrap(bias[o + i], acc[i]), mult[o + i], shift[o + i],
                p->out_zero);
  }
}

void ei_fully_connected_nibbles_run(const ei_call *c) {
  const ei_fully_connected_nibbles_params *p = c->params;
  const int32_t n = (int32_t)p->in_c, out_c = (int32_t)p->out_c;
  const int32_t vectors = (c->y1 - c->y0) * p->pixels;
  const int8_t *in = (const int8_t *)c->in[0] + (c->y0 - c->in_y0) * p->pixels * n;
  int8_t *out = c->out;
  for (int32_t i = 0; i < vectors; i++, in += n, out += out_c) vector(c, in, out);
  ei_clamp_all(c->out, vectors * out_c, p->act_min, p->act_max);
}

int ei_fully_connected_nibbles_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_fully_connected_nibbles_params, p, c, need);
  if (p->in_c == 0 || p->in_c > UINT16_MAX || p->out_c == 0 || p->out_c > UINT16_MAX ||
      p->pixels == 0 || c->in_y0 > c->y0)
    return EI_ERR_PARAMS;
  const uint64_t bytes = (uint64_t)(uint32_t)ei_nibble_bytes((int32_t)p->in_c);
  if (!ei_has_data(need, p->weights, (p->out_c + UINT32_C(1)) / 2 * bytes, 1) ||
      !ei_has_data(need, p->bias, p->out_c, 4) || !ei_has_data(need, p->mult, p->out_c, 4) ||
      !ei_has_data(need, p->shift, p->out_c, 1) || !ei_shifts_ok(c->data + p->shift, p->out_c))
    return EI_ERR_PARAMS;
  need->in[0] = (uint64_t)(uint32_t)(c->y1 - c->in_y0) * p->pixels * p->in_c;
  need->out = (uint64_t)(uint32_t)(c->y1 - c->y0) * p->pixels * p->out_c;
  return EI_OK;
}

uint32_t ei_fully_connected_nibbles_scratch(const void *params) {
  (void)params;
  return 0;
}
