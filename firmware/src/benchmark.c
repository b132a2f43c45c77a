/* SPDX-License-Identifier: Apache-2.0
 * The commands of EEMBC's and MLPerf Tiny's runner, and the replies that it expects. */
#include "app.h"
#include "port.h"

static void timestamp(void) {
  say("m-lap-us-");
  say_u64(timer_us());
  say("\r\n");
}

/* real = scale * q in thousandths, rounded as printf does, halves to even; scale as the bits of a
 * float, no FPU needed. */
static int64_t thousandths(uint32_t scale, int32_t q) {
  const int32_t exponent = (int32_t)(scale >> 23 & 0xFFu);
  const int64_t mantissa = (int64_t)(scale & 0x7FFFFFu) | 0x800000;
  const int32_t shift = 150 - exponent; /* value = mantissa * 2^-shift */
  int64_t v = mantissa * 1000;
  if (exponent == 0 || shift > 62) return 0;
  if (shift < 0) return v << (shift < -29 ? 29 : -shift); /* beyond 10^9: the scale is at its end */
  v *= q < 0 ? -(int64_t)q : (int64_t)q;
  if (shift > 0) {
    const int64_t whole = v >> shift, half = (int64_t)1 << (shift - 1), rest = v - (whole << shift);
    v = whole + (rest > half || (rest == half && whole % 2));
  }
  return (scale >> 31) != (q < 0) ? -v : v;
}

static int64_t output_value(const ei_io *io, uint32_t index) {
  const uint8_t *bytes = ei_at(&model, shared, io->offset);
  union {
    float real;
    uint32_t bits;
  } scale = {io->scale};
  int32_t q;
  switch (io->dtype) {
    case EI_FLOAT32: return thousandths(((const uint32_t *)(const void *)bytes)[index], 1);
    case EI_INT16: q = ((const int16_t *)(const void *)bytes)[index]; break;
    case EI_INT32: return (int64_t)((const int32_t *)(const void *)bytes)[index] * 1000;
    case EI_UINT32: return (int64_t)((const uint32_t *)(const void *)bytes)[index] * 1000;
    case EI_INT64:
    case EI_UINT64: { /* at a multiple of 4 */
      const uint32_t *half = (const uint32_t *)(const void *)bytes + 2u * index;
      return (int64_t)(((uint64_t)half[1] << 32 | half[0]) * 1000u);
    }
    case EI_INT8: q = (int8_t)bytes[index]; break;
    default: q = bytes[index];
  }
  return scale.bits ? thousandths(scale.bits, q - io->zero_point) : (int64_t)q * 1000;
}

static void say_real(int64_t value) {
  const uint64_t size = (uint64_t)(value < 0 ? -value : value);
  const uint32_t part = (uint32_t)(size % 1000u);
  const char decimals[3] = {(char)('0' + part / 100u), (char)('0' + part / 10u % 10u),
                            (char)('0' + part % 10u)};
  if (value < 0) say("-");
  say_u64(size / 1000u);
  say(".");
  say_bytes(decimals, 3);
}

static void results(void) {
  static const uint8_t width[] = {1, 4, 2, 4, 1, 1, 8, 4, 8}; /* bytes, by ei_dtype */
  uint32_t error;
  int first = 1;
  say("m-results-[");
  if (window_error(&error)) {
    say_real(thousandths(error, 1));
  } else {
    for (uint32_t i = 0; i < model.n_outputs; i++) {
      const ei_io *io = &model.outputs[i];
      for (uint32_t k = 0; k < io->bytes / width[io->dtype]; k++) {
        if (!first) say(",");
        say_real(output_value(io, k));
        first = 0;
      }
    }
  }
  say("]\r\n");
}

static void infer_times(uint32_t n) {
  while (n--) {
    (void)input_to_arena();
    port_listen(0);
    ei_invoke(&model, shared, 0, 0);
    port_listen(1);
  }
}

static void infer(char *rest) {
  uint32_t n = 1, warmup = input_kept() ? 10 : 0;
  const char *word = next_word(&rest);
  if (word && (!read_u32(word, &n) || n == 0)) {
    say("e-[Inference iterations must be >0]\r\n");
    return;
  }
  word = next_word(&rest);
  if (word && !read_u32(word, &warmup)) {
    say("e-[Inference warmup must be >=0]\r\n");
    return;
  }
  if (!runs_allowed(warmup ? 2 : n)) return;
  say("m-warmup-start-");
  say_u32(warmup);
  say("\r\n");
  infer_times(warmup);
  say("m-warmup-done\r\nm-infer-start-");
  say_u32(n);
  say("\r\n");
  timestamp();
  infer_times(n);
  timestamp();
  say("m-infer-done\r\n");
  results();
}

static void db_load(char *rest) {
  uint32_t n;
  if (!read_u32(next_word(&rest), &n) || n == 0) {
    say("e-[Command 'db load' must be >0 bytes]\r\n");
  } else if (n != wire_bytes()) {
    say("e-[The model's input has ");
    say_u32(wire_bytes());
    say(" bytes]\r\n");
  } else {
    input_begin(0);
    say("m-[Expecting ");
    say_u32(n);
    say(" bytes]\r\n");
  }
}

static void db_print(void) {
  const uint32_t n = input_state == INPUT_READY ? wire_bytes() : input_received;
  for (uint32_t i = 0; i < n; i++) {
    if (i % 8u == 0) say("m-buffer-");
    say_hex(wire_at(i), 1);
    say_text(i % 8u == 7u || i + 1u == n ? TEXT("\r\n") : TEXT("-"));
  }
}

static void db_bytes(const char *hex) {
  if (input_state != INPUT_PARTIAL) {
    say("e-[Use 'db load' first]\r\n");
    return;
  }
  for (; *hex; hex += 2) {
    const int byte = hex[1] ? read_hex_byte(hex) : -2;
    if (byte < 0) {
      say_text(byte == -2 ? TEXT("e-[Insufficient number of hex digits]\r\n")
                          : TEXT("e-[Invalid hex digit]\r\n"));
      return;
    }
    wire_put(input_received++, (uint8_t)byte);
    if (input_received == wire_bytes()) {
      input_advance(input_bytes());
      say("m-load-done\r\n");
      return; /* what follows the last byte is ignored, as in the original */
    }
  }
}

int benchmark_command(const char *verb, char *rest) {
  if (same(verb, "name")) {
    say("m-name-dut-[edgeinfer]\r\n");
  } else if (same(verb, "timestamp")) {
    timestamp();
  } else if (same(verb, "profile")) {
    say("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[");
    say_bytes(model.name, model.name_bytes);
    say("]\r\n");
  } else if (same(verb, "help")) {
    say("name profile timestamp results\r\ndb load N, db HEX, db print, infer N W\r\n"
        "ei info, models, model N, block, run, out, steps, mem, reset, selftest\r\n");
  } else if (same(verb, "infer")) {
    infer(rest);
  } else if (same(verb, "results")) {
    results();
  } else if (same(verb, "db")) {
    const char *word = next_word(&rest);
    if (!word)
      say("e-[Command 'db' requires a subcommand]\r\n");
    else if (same(word, "load"))
      db_load(rest);
    else if (same(word, "print"))
      db_print();
    else
      db_bytes(word);
  } else {
    return 0;
  }
  return 1;
}
