/* SPDX-License-Identifier: Apache-2.0
 *
 * out[i] = in[i]: bytes that change their place in the arena, which may overlap their old one.
 *
 * The planner's own kernel. The small C libraries' memmove goes byte by byte; this one by four
 * words where both places allow it.
 */
#include "isa/isa.h"
#include "kernel.h"

typedef struct {
  uint32_t bytes;
} ei_move_params;

/* Four words whose place is a multiple of 4: without the promise, cores that cannot load from any
 * place would copy them byte by byte. */
enum { GROUP = 16 };

EI_INLINE void copy_words(void *to, const void *from) {
  uint32_t words[GROUP / 4];
#ifdef __GNUC__
  to = __builtin_assume_aligned(to, 4);
  from = __builtin_assume_aligned(from, 4);
#endif
  memcpy(words, from, GROUP);
  memcpy(to, words, GROUP);
}

void ei_move_run(const ei_call *c) {
  const ei_move_params *p = c->params;
  const uint8_t *in = c->in[0];
  uint8_t *out = c->out;
  uint32_t n = p->bytes;
  const int words = (((uintptr_t)in | (uintptr_t)out) & 3) == 0;
  if (out <= in) {
    if (words)
      for (; n >= GROUP; n -= GROUP, in += GROUP, out += GROUP) copy_words(out, in);
    for (; n > 0; n--) *out++ = *in++;
  } else {
    for (; n > 0 && (!words || n % GROUP); n--) out[n - 1] = in[n - 1];
    for (; n > 0; n -= GROUP) copy_words(out + n - GROUP, in + n - GROUP);
  }
}

int ei_move_check(const ei_call *c, ei_need *need) {
  EI_CHECK_PARAMS(ei_move_params, p, c, need);
  need->in[0] = p->bytes;
  need->out = p->bytes;
  return EI_OK;
}

uint32_t ei_move_scratch(const void *params) {
  (void)params;
  return 0;
}
