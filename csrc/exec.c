/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over steps. Firmware links only the kernels its model uses: it defines EI_KERNEL_LIST as
 * the path of a shorter list, and the others' entries stay empty.
 */
#include "exec.h"

#ifndef EI_KERNEL_LIST
#define EI_KERNEL_LIST "kernels.inc"
#endif

/* No table of all numbers: most would be empty, and on AVR constants take RAM. */
#define EI_KERNEL(name) \
  static const ei_kernel name##_kernel = {ei_##name##_run, ei_##name##_check, ei_##name##_scratch};
#include EI_KERNEL_LIST
#undef EI_KERNEL

const ei_kernel *ei_find_kernel(uint16_t id) {
  switch (id) {
#define EI_KERNEL(name) \
  case EI_KERNEL_##name: return &name##_kernel;
#include EI_KERNEL_LIST
#undef EI_KERNEL
    default: return NULL;
  }
}

uint8_t *ei_at(const ei_model *m, uint8_t *arena, uint32_t offset) {
  if (m->slow != NULL && offset >= m->fast_bytes) return m->slow + (offset - m->fast_bytes);
  if (m->state == NULL) return arena + offset;
  return offset < m->state_bytes ? m->state + offset : arena + (offset - m->state_bytes);
}

#if defined(EI_SMALL) || defined(__AVR__)
#define step_at ei_step_at
#else
EI_INLINE /* twice in flash, but its fields stay in registers in resolve() */
#endif
void step_at(const ei_model *m, uint32_t i, ei_step *step) {
#ifndef EI_NO_STEPS
  if (m->steps != NULL) {
    *step = m->steps[i];
    return;
  }
#endif
  const ei_short_step *like = &m->short_steps[i];
#ifndef EI_NO_BANDS
  const ei_band *band = NULL;
  if (m->bands != NULL) band = &m->bands[i], like = &m->short_steps[band->step];
#endif
  step->kernel = like->kernel, step->layer = like->layer, step->flags = like->flags;
  step->params = UINT32_C(4) * like->params;
  step->in[0] = like->in[0], step->in[1] = like->in[1];
  step->out = like->out, step->scratch = like->scratch;
  step->y0 = 0, step->y1 = like->rows, step->in_y0 = 0;
#ifndef EI_NO_BANDS
  if (band == NULL) return;
  step->in[0] = band->in0, step->out = band->out;
  step->y0 = band->y0, step->y1 = (uint16_t)(band->y0 + band->rows), step->in_y0 = band->in_y0;
#endif
}

#ifndef step_at
void ei_step_at(const ei_model *m, uint32_t i, ei_step *step) { step_at(m, i, step); }
#endif

uint16_t ei_step_layer(const ei_model *m, uint32_t step) {
  ei_step found;
  ei_step_at(m, step, &found);
  return found.layer;
}

#ifdef EI_SMALL
#define APART static /* as a part of run() it is shorter */
#else
#define APART EI_NOINLINE /* its frame is gone when the kernel runs */
#endif

/* Turn a step's offsets into pointers; returns its kernel. */
APART uint16_t resolve(const ei_model *m, uint32_t i, uint8_t *arena, ei_call *call) {
  ei_step step;
  step_at(m, i, &step);
  call->params = m->params + step.params;
  for (int k = 0; k < 2; k++)
    call->in[k] = step.flags & (unsigned)EI_STEP_IN0_CONST << k ? m->data + step.in[k]
                                                                : ei_at(m, arena, step.in[k]);
  call->out = ei_at(m, arena, step.out);
  call->scratch = ei_at(m, arena, step.scratch);
  call->y0 = step.y0, call->y1 = step.y1, call->in_y0 = step.in_y0;
  return step.kernel;
}

/* The steps [i, end), which only the kernel `jump` leaves their order. */
static int run(const ei_model *model, uint8_t *arena, uint32_t i, uint32_t end, ei_profile profile,
               void *context) {
  uint32_t loops = 0, next;
  ei_call call;
  call.data = model->data, call.model = model, call.arena = arena;
  call.next = &next;
  while (i < end) {
    next = i + 1;
    const uint16_t kernel = resolve(model, i, arena, &call);
    if (profile != NULL) profile(context, i, 1);
    ei_find_kernel(kernel)->run(&call);
    if (profile != NULL) profile(context, i, 0);
    if (next <= i && ++loops > EI_MAX_LOOPS) return EI_ERR_LOOP;
    i = next;
  }
  return EI_OK;
}

int ei_reset(const ei_model *model, uint8_t *arena) {
  return run(model, arena, 0, model->reset_steps, NULL, NULL);
}

int ei_invoke(const ei_model *model, uint8_t *arena, ei_profile profile, void *context) {
  return run(model, arena, model->reset_steps, model->n_steps, profile, context);
}

uint32_t ei_scratch_bytes(uint16_t kernel, const void *params) {
  const ei_kernel *k = ei_find_kernel(kernel);
  return k != NULL ? k->scratch(params) : 0;
}
