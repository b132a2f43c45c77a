/* SPDX-License-Identifier: Apache-2.0
 *
 * The check of the kernels over records of 3x3 filters (isa/tile.h).
 */
#ifndef EI_FILTERS_3X3_H
#define EI_FILTERS_3X3_H

#include "conv.h"

static inline int ei_filters_3x3_check(const ei_call *c, const ei_conv *p, uint32_t weights,
                                       ei_need *need) {
  const int result = ei_conv_check(c, p, need);
  if (result != EI_OK) return result;
  if (p->k_h != 3 || p->k_w != 3 || p->dil_h != 1 || p->dil_w != 1 || p->in_c != p->out_c ||
      p->out_c < EI_TILE_CHANNELS || weights % 4 != 0 ||
      weights + (uint64_t)p->out_c * sizeof(ei_filter_3x3) > need->data_bytes)
    return EI_ERR_PARAMS;
  const ei_filter_3x3 *filter = (const void *)(c->data + weights);
  for (int32_t i = p->out_c; i > 0; i--, filter++)
    if (filter->weights[0][3] < 1 || filter->weights[0][3] > EI_MAX_RIGHT_SHIFT)
      return EI_ERR_PARAMS;
  return EI_OK;
}

#endif
