/* SPDX-License-Identifier: Apache-2.0
 * SMP's group of edgeinfer: the model that runs, byte-exact data, ticks, memory. */
#include "smp.h"

#if EI_SMP_BYTES
#include "port.h"
#if EI_SLOTS
#include "slots.h"
#endif

enum id { INFO, TENSORS, DATA, INVOKE, PROFILE, MEMORY, SELFTEST, RESET };

/* An executed step, and what `invoke` and `profile` keep in the packet until the reply is sent. */
typedef struct {
  uint64_t ticks;
  uint32_t step;
} measured;

enum { MOST_TICKS = EI_SMP_BYTES / sizeof(uint64_t), MOST_STEPS = EI_SMP_BYTES / sizeof(measured) };

static uint32_t first, count; /* of bytes, ticks or steps that the reply is about */
static uint32_t crc;

static int absent(void) {
  return model_error == EI_OK ? SMP_OK : smp_refuse(SMP_BAD_STATE, "No model runs");
}

static int check_model(const cbor *request) {
  (void)request;
  return absent();
}

static void say_info(void) {
  const uint8_t *image;
  uint32_t bytes;
  cbor_put_text("board", EI_BOARD);
  cbor_put_text("timer", timer_cycles ? EI_TIMER : "micros");
  cbor_put_text("kernels", EI_KERNELS);
  cbor_put_u64("hz", TIMER_HZ);
  cbor_put_u64("arena", EI_ARENA_BYTES + EI_SLOW_BYTES);
#if EI_SLOTS
  cbor_put_u64("slot", (uint64_t)(slot_running + 1));
  cbor_put_u64("slots", EI_SLOTS);
  cbor_put_u64("slot_bytes", slot_room());
#else
  cbor_put_u64("slots", 0);
#endif
  if (model_error != EI_OK) return;
  cbor_text("model");
  cbor_write(CBOR_TEXT, model.name, model.name_bytes);
  cbor_put_u64("steps", model.n_steps - model.reset_steps);
  image = model_image(model_chosen, &bytes);
  cbor_put_u64("image", bytes);
  cbor_put_u64("crc", ei_crc32(0, image, bytes - 4u));
  cbor_put_truth("keeps", input_kept());
}

static void say_tensor(const ei_io *io) {
  union {
    float real;
    uint32_t bits;
  } scale = {io->scale};
  cbor_open(CBOR_MAP);
  cbor_put_u64("type", io->dtype);
  cbor_put_u64("bytes", io->bytes);
  cbor_text("dims");
  cbor_head(CBOR_ARRAY, io->rank);
  for (uint32_t i = 0; i < io->rank; i++) cbor_head(CBOR_UINT, io->dims[i]);
  cbor_text("scale");
  cbor_float(scale.bits);
  cbor_text("zero");
  cbor_int(io->zero_point);
  cbor_close();
}

static void say_tensors(void) {
  cbor_text("inputs");
  cbor_head(CBOR_ARRAY, model.n_inputs);
  for (uint32_t i = 0; i < model.n_inputs; i++) say_tensor(&model.inputs[i]);
  cbor_text("outputs");
  cbor_head(CBOR_ARRAY, model.n_outputs);
  for (uint32_t i = 0; i < model.n_outputs; i++) say_tensor(&model.outputs[i]);
}

/* The input, in order from off 0. */
static int put_input(const cbor *request) {
  const uint8_t *data;
  uint32_t off, n;
  if (absent()) return absent();
  if (cbor_u32(request, "off", &off) <= 0 ||
      cbor_string(request, "data", CBOR_BYTES, &data, &n) <= 0 || off > input_bytes() ||
      n > input_bytes() - off)
    return smp_refuse(SMP_INVALID, "Data needs off and data within the model's input");
  if (off && (input_state == INPUT_ABSENT || off > input_received))
    return smp_refuse(SMP_BAD_STATE, "Bytes are missing before this offset");
  input_begin(off);
  for (uint32_t i = 0; i < n; i++) *input_at(off + i) = data[i];
  input_advance(off + n);
  if (input_state == INPUT_READY) wire_follow();
  first = off + n;
  return SMP_OK;
}

static void say_first(void) { cbor_put_u64("off", first); }

static uint32_t output_bytes(void) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < model.n_outputs; i++) sum += model.outputs[i].bytes;
  return sum;
}

static int get_output(const cbor *request) {
  if (absent()) return absent();
  first = 0;
  if (cbor_u32(request, "off", &first) < 0 || first > output_bytes())
    return smp_refuse(SMP_INVALID, "Data needs off within the model's outputs");
  count = output_bytes() - first;
  if (count > EI_SMP_BYTES) count = EI_SMP_BYTES;
  return SMP_OK;
}

static void say_output(void) {
  uint32_t begin = 0;
  say_first();
  cbor_put_u64("len", output_bytes());
  cbor_text("data");
  cbor_head(CBOR_BYTES, count);
  for (uint32_t i = 0; i < model.n_outputs; begin += model.outputs[i++].bytes)
    for (uint32_t k = 0; k < model.outputs[i].bytes; k++)
      if (begin + k - first < count) cbor_byte(ei_at(&model, shared, model.outputs[i].offset)[k]);
}

/* Whether n inferences can be run from the input that is there. */
static int check_runs(uint32_t n) {
  if (absent()) return absent();
  if (input_state != INPUT_READY) return smp_refuse(SMP_BAD_STATE, "No input: load it with data");
  if (n > 1 && !input_kept())
    return smp_refuse(SMP_BAD_STATE, "No room to keep the input: one inference each");
  return SMP_OK;
}

static int invoke(const cbor *request) {
  uint64_t *ticks = (void *)smp_packet;
  uint32_t n = 1;
  if (cbor_u32(request, "n", &n) < 0 || n == 0 || n > MOST_TICKS)
    return smp_refuse(SMP_INVALID, "Invoke takes n from 1 to an eighth of the packet's bytes");
  if (check_runs(n)) return check_runs(n);
  for (count = 0; count < n; count++) {
    (void)input_to_arena();
    port_listen(0);
    timer_align();
    const uint64_t begin = timer_ticks();
    ei_invoke(&model, shared, 0, 0);
    ticks[count] = timer_ticks() - begin;
    port_listen(1);
  }
  return SMP_OK;
}

static void say_ticks(void) {
  const uint64_t *ticks = (const void *)smp_packet;
  cbor_text("ticks");
  cbor_head(CBOR_ARRAY, count);
  for (uint32_t i = 0; i < count; i++) cbor_head(CBOR_UINT, ticks[i]);
}

static void step_hook(void *context, uint32_t step, int begin) {
  uint64_t *start = context;
  if (begin) {
    port_listen(0);
    timer_align();
    *start = timer_ticks();
    return;
  }
  const uint64_t ticks = timer_ticks() - *start;
  port_listen(1);
  if (count - first < MOST_STEPS) {
    measured *to = (measured *)(void *)smp_packet + (count - first);
    to->ticks = ticks;
    to->step = step;
  }
  count++;
}

/* One inference; as many steps as the packet holds, from the one that is asked for on. */
static int profile(const cbor *request) {
  uint64_t start = 0;
  first = 0;
  if (cbor_u32(request, "from", &first) < 0)
    return smp_refuse(SMP_INVALID, "Profile takes from, a number of steps");
  if (check_runs(1)) return check_runs(1);
  (void)input_to_arena();
  count = 0;
  ei_invoke(&model, shared, step_hook, &start);
  return SMP_OK;
}

static void say_profile(void) {
  const measured *at = (const void *)smp_packet;
  const uint32_t left = count > first ? count - first : 0;
  const uint32_t n = left < MOST_STEPS ? left : MOST_STEPS;
  cbor_put_u64("from", first);
  cbor_put_u64("total", count);
  cbor_text("steps");
  cbor_head(CBOR_ARRAY, n);
  for (uint32_t i = 0; i < n; i++) {
    cbor_head(CBOR_ARRAY, 3);
    cbor_head(CBOR_UINT, at[i].step);
    cbor_head(CBOR_UINT, ei_step_layer(&model, at[i].step));
    cbor_head(CBOR_UINT, at[i].ticks);
  }
}

static void say_memory(void) {
  cbor_put_u64("stack_used", stack_used());
  cbor_put_u64("stack", EI_STACK_BYTES);
  cbor_put_u64("static", static_bytes());
  cbor_put_u64("arena", model_count > 1 ? EI_ARENA_BYTES + EI_SLOW_BYTES : model.arena_bytes);
  cbor_put_u64("input", EI_INPUT_BYTES);
}

static int selftest(const cbor *request) {
  (void)request;
  if (absent()) return absent();
  crc = model_selftest(&model);
  return SMP_OK;
}

static void say_selftest(void) {
  cbor_put_truth("ok", crc == model.selftest_crc);
  cbor_put_u64("got", crc);
  cbor_put_u64("wanted", model.selftest_crc);
}

static int reset(const cbor *request) {
  (void)request;
  if (absent()) return absent();
  if (!input_kept()) input_state = INPUT_ABSENT; /* a reset may use the whole arena */
  (void)ei_reset(&model, shared);
  return SMP_OK;
}

static const smp_command commands[] = {
    {INFO, SMP_READ, 0, say_info},
    {TENSORS, SMP_READ, check_model, say_tensors},
    {DATA, SMP_WRITE, put_input, say_first},
    {DATA, SMP_READ, get_output, say_output},
    {INVOKE, SMP_WRITE, invoke, say_ticks},
    {PROFILE, SMP_WRITE, profile, say_profile},
    {MEMORY, SMP_READ, check_model, say_memory},
    {SELFTEST, SMP_WRITE, selftest, say_selftest},
    {RESET, SMP_WRITE, reset, 0},
};
const smp_group smp_model = {17737, sizeof commands / sizeof *commands, commands};
#endif
