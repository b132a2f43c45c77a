/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole firmware at a line on which anything may come: frames and commands as a host sends
 * them, and the same with bytes changed, lost, doubled or made up. Sanitizers watch; whatever has
 * come, a bare '%' must then be answered and a sound model run.
 *
 * usage: fuzz_line SEED COUNT IMAGE: counts frames and commands; IMAGE is uploaded now and then.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "slots.h"
#include "smp.h"

enum { LINE = 8192, MOST_RUNS = 50, TURN = 64 /* one in eight of so many has a good line */ };

static const char ready[] = "m-ready\r\n";

static uint64_t chance;
static uint8_t input[LINE];
static uint32_t have, next_byte;
static uint64_t made, wanted, resets, swaps;
static uint32_t runs;
static char said[sizeof ready - 1u];
static int good, pieces; /* the latter: all is sent as such */
static uint8_t content[LINE];
static uint32_t contents, content_at;
static uint32_t from_board,
    of_board; /* characters of its piece so far, and their first twelve bits */
static uint64_t passed;
static jmp_buf boot;
static uint8_t image[65536] __attribute__((aligned(16)));
static uint32_t image_bytes, at;

static uint32_t dice(uint32_t sides) {
  chance = chance * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(chance >> 33) % sides;
}

static void fail(const char *what) {
  fprintf(stderr, "%s, after %llu\n", what, (unsigned long long)made);
  abort();
}

/* A message under construction. */
static uint8_t message[LINE];
static uint32_t length;

static void byte(uint32_t value) { message[length++] = (uint8_t)value; }

static void head(uint32_t kind, uint32_t value) {
  if (value < 24u) {
    byte(kind << 5 | value);
  } else if (value < 65536u) {
    byte(kind << 5 | 25u);
    byte(value >> 8);
    byte(value);
  } else {
    byte(kind << 5 | 26u);
    for (int shift = 24; shift >= 0; shift -= 8) byte(value >> shift);
  }
}

static void text(const char *word) {
  head(CBOR_TEXT, (uint32_t)strlen(word));
  while (*word) byte((uint8_t)*word++);
}

static void pair(const char *key, uint32_t value) {
  text(key);
  head(CBOR_UINT, value);
}

static void bytes(const char *key, const uint8_t *from, uint32_t n) {
  text(key);
  head(CBOR_BYTES, n);
  memcpy(message + length, from, n);
  length += n;
}

static void begin_message(uint32_t op, uint32_t group, uint32_t id) {
  length = 0;
  byte(8u | op);
  byte(0);
  byte(0);
  byte(0);
  byte(group >> 8);
  byte(group);
  byte(dice(256));
  byte(id);
}

static void an_upload(void) {
  static const uint8_t sha[SHA_BYTES] = {1, 2, 3};
  uint32_t n = 8u * (1u + dice(40));
  if (n > image_bytes - at) n = image_bytes - at;
  begin_message(SMP_WRITE, 1, 1);
  if (at == 0) {
    byte(CBOR_MAP << 5 | 4u);
    pair("len", image_bytes);
    bytes("sha", sha, SHA_BYTES);
  } else {
    byte(CBOR_MAP << 5 | 2u);
  }
  pair("off", at);
  bytes("data", image + at, n);
  at = at + n == image_bytes ? 0 : at + n;
}

static void a_state(void) {
  uint32_t n;
  const uint8_t *sha = image;
  const int slot = (int)dice(EI_SLOTS + 1u) - 1;
  begin_message(SMP_WRITE, 1, 0);
  byte(CBOR_MAP << 5 | 2u);
  if (slot < 0 || !slot_image(slot, &n, &sha)) {
    static const uint8_t built_in[SHA_BYTES] = EI_IMAGE_SHA;
    sha = built_in;
  }
  bytes("hash", sha, SHA_BYTES);
  text("confirm");
  byte(0xF4u + dice(2));
}

static void a_request(void) {
  static const uint32_t groups[] = {0, 1, 17737};
  const uint32_t kind = dice(good ? 6 : 12);
  if (kind < 5u) {
    an_upload();
  } else if (kind == 5u) {
    a_state();
  } else if (kind == 6u) {
    begin_message(SMP_WRITE, 17737, 2);
    byte(CBOR_MAP << 5 | 2u);
    pair("off", input_received);
    bytes("data", image + dice(100), dice(300));
  } else if (kind == 7u) {
    begin_message(SMP_WRITE, 17737, 3 + dice(2));
    byte(CBOR_MAP << 5 | 1u);
    pair(dice(2) ? "n" : "from", dice(5));
  } else if (kind == 8u) {
    begin_message(SMP_WRITE, 0, 0);
    byte(CBOR_MAP << 5 | 1u);
    text("d");
    text("echo");
  } else {
    begin_message(dice(2) ? SMP_READ : SMP_WRITE, groups[dice(3)], dice(9));
    byte(CBOR_MAP << 5 | 1u);
    pair(dice(2) ? "off" : "slot", dice(700));
  }
  message[2] = (uint8_t)((length - 8u) >> 8);
  message[3] = (uint8_t)(length - 8u);
  while (!good && dice(4) == 0)
    message[dice(length)] = (uint8_t)dice(256); /* with a CRC that is right */
}

static void put(uint32_t c) {
  if (have < LINE) input[have++] = (uint8_t)c;
}

/* The message as a packet on lines. */
static void put_packet(void) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static uint8_t packet[LINE];
  uint32_t crc = 0, n = 0, line = 0;
  packet[n++] = (uint8_t)((length + 2u) >> 8);
  packet[n++] = (uint8_t)(length + 2u);
  for (uint32_t i = 0; i < length; i++) {
    packet[n++] = message[i];
    crc ^= (uint32_t)message[i] << 8;
    for (int k = 0; k < 8; k++) crc = crc << 1 ^ (crc & 0x8000u ? 0x1021u : 0u);
    crc &= 0xFFFFu;
  }
  packet[n++] = (uint8_t)(crc >> 8);
  packet[n++] = (uint8_t)crc;
  put(6);
  put(9);
  for (uint32_t i = 0; i < n; i += 3u) {
    const uint32_t left = n - i;
    const uint32_t group = (uint32_t)packet[i] << 16 | (left > 1u ? packet[i + 1u] << 8 : 0) |
                           (left > 2u ? packet[i + 2u] : 0);
    if (line == 124u) {
      put('\n');
      put(4);
      put(20);
      line = 0;
    }
    put((uint8_t)digits[group >> 18]);
    put((uint8_t)digits[group >> 12 & 63u]);
    put(left > 1u ? (uint8_t)digits[group >> 6 & 63u] : '=');
    put(left > 2u ? (uint8_t)digits[group & 63u] : '=');
    line += 4u;
  }
  put('\n');
}

/* A piece with what it should say, mostly: it acknowledges the board's last one. */
static void put_piece(uint32_t flags, uint32_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint32_t number = dice(16) ? of_board >> 4 & 15u : dice(16);
  const uint32_t wants = dice(16) ? (of_board >> 8) + 1u : dice(16);
  uint8_t p[12] = {(uint8_t)(number << 4 | (wants & 15u)), (uint8_t)(flags | n)};
  uint32_t crc = 0;
  for (uint32_t i = 0; i < n && i < 8u; i++) p[2 + i] = content[content_at + i];
  for (uint32_t i = 0; i < 10u; i++) {
    crc ^= (uint32_t)p[i] << 8;
    for (int k = 0; k < 8; k++) crc = crc << 1 ^ (crc & 0x8000u ? 0x1021u : 0u);
    crc &= 0xFFFFu;
  }
  p[10] = (uint8_t)(crc >> 8);
  p[11] = (uint8_t)crc;
  put(0x1E);
  for (uint32_t i = 0; i < 12u; i += 3u) {
    const uint32_t group = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) put((uint8_t)digits[group >> shift & 63u]);
  }
}

/* The next bytes of what is to be sent, or a question. 0: all was sent. */
static int go_on(void) {
  const uint32_t left = contents - content_at, n = left < 8u ? left : 8u;
  if (!left) return 0;
  put_piece(dice(8) ? 0x20u : dice(16) << 4, dice(32) ? n : dice(16));
  if (dice(4)) {
    content_at += n;
    passed++;
  }
  return 1;
}

static void a_command(void) {
  static const char *const words[] = {
      "name",   "profile",  "timestamp",  "help",     "results",    "db",          "load",
      "print",  "infer",    "ei",         "info",     "run",        "out",         "steps",
      "mem",    "reset",    "selftest",   "block",    "0 0 0",      "600",         "1",
      "3",      "2 1",      "0a1b2c3d4e", "ei info",  "ei steps",   "ei selftest", "db load 600",
      "ei out", "db print", "infer 2 1",  "ei run 2", "ei block 0", "~0000000000", "e"};
  char line[128];
  uint32_t n = 0;
  for (uint32_t i = 1u + dice(3); i; i--) {
    const char *word = words[dice(sizeof words / sizeof *words)];
    while (*word && n < 100u) line[n++] = *word++;
    if (i > 1) line[n++] = ' ';
  }
  if (dice(3) == 0 && n > 3u && memcmp(line, "ei ", 3) == 0) { /* a tag that is right */
    const uint8_t sequence = (uint8_t)dice(256);
    const uint32_t crc = ei_crc32(ei_crc32(0, (uint8_t *)line + 3, n - 3u), &sequence, 1);
    n += (uint32_t)sprintf(line + n, "~%02x%08x", sequence, crc);
  }
  for (uint32_t i = 0; i < n; i++) put((uint8_t)line[i]);
  put('%');
}

/* What a bad line makes of it. */
static void damage(void) {
  const uint32_t where = dice(have), kind = dice(5), n = 1u + dice(8);
  if (kind == 0)
    input[where] ^= (uint8_t)(1u << dice(8));
  else if (kind == 1)
    input[where] = (uint8_t)dice(256);
  else if (kind == 2 && where + n < have)
    memmove(input + where, input + where + n, (have -= n) - where);
  else if (kind == 3 && have + n < LINE)
    memmove(input + where + n, input + where, (have += n) - n - where);
  else
    for (uint32_t i = where; i < have && i < where + n; i++) input[i] = (uint8_t)dice(256);
}

/* Enough terminators for a block that is under way, and all must be in step again. */
static void get_in_step(void) {
  static int running = SLOT_BUILT_IN;
  for (uint32_t i = 0; i < 300u; i++) put('%');
  pieces = 0;
  good = made / TURN % 8u == 0;
  at = 0;
  if (model_error != EI_OK) fail("No model runs");
  if (slot_running < SLOT_BUILT_IN || slot_running >= (int)EI_SLOTS) fail("What runs is nowhere");
  swaps += slot_running != running;
  running = slot_running;
}

static void more(void) {
  have = next_byte = runs = 0;
  if (pieces && go_on()) {
    while (!good && dice(12) == 0) damage();
    return;
  }
  if (made % TURN == 1u && memcmp(said, ready, sizeof said) != 0) fail("It is not in step");
  if (made == wanted) {
    printf("%llu frames and commands, %llu pieces, %llu resets, %llu other models\n",
           (unsigned long long)wanted, (unsigned long long)passed, (unsigned long long)resets,
           (unsigned long long)swaps);
    exit(0);
  }
  if (made++ % TURN == 0) {
    get_in_step();
    return;
  }
  if (made % TURN == 3u && dice(2)) { /* a session begins */
    of_board = dice(4096);
    put_piece(0x30, 0);
    pieces = 1;
    contents = content_at = 0;
    return;
  }
  if (good || dice(3)) {
    a_request();
    put_packet();
  } else {
    a_command();
  }
  while (!good && !pieces && dice(3) == 0) damage();
  if (pieces) {
    memcpy(content, input, contents = have);
    content_at = have = 0;
  }
}

uint8_t port_getc(void) {
  while (next_byte == have) more();
  return input[next_byte++];
}

int port_readable(void) { return 1; }
/* Numbers of the piece that the board sends. */
static void listen(uint8_t c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *digit = strchr(digits, c);
  if (c == 0x1E)
    from_board = of_board = 0;
  else if (digit && *digit && from_board++ < 2u)
    of_board = of_board << 6 | (uint32_t)(digit - digits);
}

void port_putc(uint8_t c) {
  if (pieces) listen(c);
  memmove(said, said + 1, sizeof said - 1u);
  said[sizeof said - 1u] = (char)c;
}
void port_init(void) {}
void port_listen(int on) { (void)on; }
void timer_init(void) {}
uint64_t timer_ticks(void) {
  static uint64_t ticks;
  return ticks += 1000;
}
void timer_align(void) {}
uint32_t static_bytes(void) { return 0; }
uint32_t stack_used(void) { return 0; }
void cpu_fault(void) {}
void cpu_reset(void) {
  resets++;
  longjmp(boot, 1);
}

/* `infer 999999999` is a right command: a host that does not want to wait presses reset. */
int __real_ei_invoke(const ei_model *m, uint8_t *to, ei_profile profile, void *context);
int __wrap_ei_invoke(const ei_model *m, uint8_t *to, ei_profile profile, void *context);
int __wrap_ei_invoke(const ei_model *m, uint8_t *to, ei_profile profile, void *context) {
  if (++runs > MOST_RUNS) cpu_reset();
  return __real_ei_invoke(m, to, profile, context);
}

int main(int argc, char **argv) {
  FILE *file = argc == 4 ? fopen(argv[3], "rb") : 0;
  if (!file) return 2;
  image_bytes = (uint32_t)fread(image, 1, sizeof image, file);
  fclose(file);
  chance = strtoull(argv[1], 0, 10) * 2u + 1u;
  wanted = strtoull(argv[2], 0, 10);
  (void)setjmp(boot);
  return app_main();
}
