/* SPDX-License-Identifier: Apache-2.0
 *
 * edgeinfer's own commands: byte-exact data, ticks, memory. A command may end in a tag
 * "~SSCCCCCCCC": a sequence number and the CRC-32 of everything before the tag and of the sequence
 * number. It is then refused if a byte was changed, and the reply ends in "m-ei-end-SS-CCCCCCCC",
 * the CRC-32 of its lines.
 */
#include "app.h"
#include "port.h"
#if EI_SLOTS
#include "slots.h"
#endif

static void info(void) {
  uint32_t bytes;
  const uint8_t *image;
  say("m-ei-protocol-[" PROTOCOL "]\r\nm-ei-board-[" EI_BOARD "]\r\nm-ei-timer-[");
  say_text(timer_cycles ? TEXT(EI_TIMER) : TEXT("micros"));
  say("]\r\nm-ei-model-[");
  say_bytes(model.name, model.name_bytes);
  for (uint32_t side = 0; side < 2; side++) {
    const ei_io *io = side ? model.outputs : model.inputs;
    const uint32_t n = side ? model.n_outputs : model.n_inputs;
    say_text(side ? TEXT("]\r\nm-ei-outputs-[") : TEXT("]\r\nm-ei-inputs-["));
    for (uint32_t i = 0; i < n; i++) {
      if (i) say(" ");
      say_u32(io[i].bytes);
    }
  }
  say("]\r\n");
  say_field("hz", TIMER_HZ);
  say_field("steps", model.n_steps - model.reset_steps);
  image = model_image(model_chosen, &bytes);
  say_field("image", bytes);
  /* Without the CRC at its end: over all of it, every image has the same. */
  say_field("crc", ei_crc32(0, image, bytes - 4u));
  say_field("keeps", (uint64_t)input_kept());
  say_field("models", model_count);
  say_field("chosen", model_chosen);
  say_field("states", EI_STATE_BYTES);
#if EI_SLOTS
  say_field("slot", (uint64_t)(slot_running + 1));
#endif
}

static void models(void) {
  for (uint32_t i = 0; i < model_count; i++) {
    ei_model other;
    uint32_t bytes;
    const uint8_t *image = model_image(i, &bytes);
    if (ei_verify(image, (size_t)bytes, &other) != EI_OK) other.name_bytes = 0;
    say("m-ei-listed-[");
    say_u32(i);
    say(" ");
    say_bytes(other.name, other.name_bytes);
    say("]\r\n");
  }
}

static void choose(char *rest) {
  uint32_t number;
  if (!read_u32(next_word(&rest), &number) || number >= model_count) {
    say("e-[ei model needs a number below ");
    say_u32(model_count);
    say("]\r\n");
    return;
  }
  if (number != model_chosen) model_choose(number); /* a repeated command keeps the input */
  say_field("chosen", number);
}

static void run(char *rest) {
  uint32_t n = 1;
  const char *word = next_word(&rest);
  if (word && (!read_u32(word, &n) || n == 0)) {
    say("e-[ei run needs a number above 0]\r\n");
    return;
  }
  if (!runs_allowed(n)) return;
  while (n--) {
    uint64_t begin;
    (void)input_to_arena();
    port_listen(0);
    timer_align();
    begin = timer_ticks();
    ei_invoke(&model, shared, 0, 0);
    begin = timer_ticks() - begin;
    port_listen(1);
    say_field("run", begin);
  }
}

/* Called around each step; talks only between steps, outside of what is timed. */
static void step_hook(void *context, uint32_t step, int begin) {
  uint64_t *start = context;
  if (begin) {
    port_listen(0);
    timer_align();
    *start = timer_ticks();
  } else {
    const uint64_t ticks = timer_ticks() - *start;
    port_listen(1);
    say("m-ei-step-[");
    say_u32(step);
    say(" ");
    say_u32(ei_step_layer(&model, step));
    say_line(TEXT(" "), ticks);
  }
}

static void steps(void) {
  uint64_t start = 0;
  if (!runs_allowed(1)) return;
  (void)input_to_arena();
  ei_invoke(&model, shared, step_hook, &start);
}

static void out(void) {
  for (uint32_t i = 0; i < model.n_outputs; i++) {
    const ei_io *io = &model.outputs[i];
    const uint8_t *bytes = ei_at(&model, shared, io->offset);
    for (uint32_t at = 0; at < io->bytes; at += 32u) {
      say("m-ei-out-[");
      say_hex(bytes + at, io->bytes - at < 32u ? io->bytes - at : 32u);
      say("]\r\n");
    }
  }
}

static void selftest(void) {
  const uint32_t crc = model_selftest(&model);
  say_text(crc == model.selftest_crc ? TEXT("m-ei-selftest-[ok ") : TEXT("m-ei-selftest-[fail "));
  say_hex32(crc);
  say(" ");
  say_hex32(model.selftest_crc);
  say("]\r\n");
}

static void reset(void) {
  if (!input_kept()) input_state = INPUT_ABSENT; /* a reset may use the whole arena */
  (void)ei_reset(&model, shared);
  say_field("reset", model.reset_steps);
}

static void memory(void) {
  say_field("stack-used", stack_used());
  say_field("stack", EI_STACK_BYTES);
  say_field("static", static_bytes());
  say_field("arena", model_count > 1 ? EI_ARENA_BYTES + EI_SLOW_BYTES : model.arena_bytes);
  say_field("slow", EI_SLOW_BYTES);
  say_field("input", EI_INPUT_BYTES);
}

/* Cut the tag off. Returns its sequence number, -1 when there is none, -2 when a byte was changed.
 */
static int take_tag(char *text) {
  uint32_t n = 0, crc;
  while (text[n]) n++;
  if (n < 11u || text[n - 11u] != '~') return -1;
  const int sequence = read_hex_byte(text + n - 10u);
  if (sequence < 0 || !read_hex32(text + n - 8u, &crc)) return -2;
  const uint8_t last = (uint8_t)sequence;
  n -= 11u;
  text[n] = 0;
  return ei_crc32(ei_crc32(0, (const uint8_t *)text, n), &last, 1) == crc ? sequence : -2;
}

/* Said without an end line: the host then asks again. */
static int garbled(void) {
  say("e-[Bytes were garbled]\r\n");
  return 1;
}

int ei_command(char *rest) {
  const int sequence = take_tag(rest);
  const char *verb;
  int known = 1;
  if (sequence == -2) return garbled();
  sent_crc = 0;
  verb = next_word(&rest);
  if (!verb) return 0;
  if (same(verb, "info")) {
    info();
  } else if (same(verb, "models")) {
    models();
  } else if (same(verb, "model")) {
    choose(rest);
  } else if (same(verb, "block")) {
    known = receive_block(rest);
  } else if (same(verb, "run")) {
    run(rest);
  } else if (same(verb, "out")) {
    out();
  } else if (same(verb, "steps")) {
    steps();
  } else if (same(verb, "mem")) {
    memory();
  } else if (same(verb, "reset")) {
    reset();
  } else if (same(verb, "selftest")) {
    selftest();
  } else if (same(verb, "fault")) {
    cpu_fault();
  } else {
    known = 0;
  }
  if (known == GARBLED) return garbled();
  if (known && sequence >= 0) {
    const uint8_t number = (uint8_t)sequence;
    const uint32_t crc = sent_crc;
    say("m-ei-end-");
    say_hex(&number, 1);
    say("-");
    say_hex32(crc);
    say("\r\n");
  }
  return known;
}
