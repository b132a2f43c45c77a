/* SPDX-License-Identifier: Apache-2.0
 * The serial line as text: lines out, commands ended by '%' in. */
#include "app.h"
#include "armour.h"
#if EI_SMP_BYTES
#include "smp.h"
#endif

uint32_t sent_crc;

static char command[COMMAND_BYTES + 1] __attribute__((section(".bss.serial")));

void say_bytes(const char *text, uint32_t n) {
  sent_crc = ei_crc32(sent_crc, (const uint8_t *)text, n);
  for (uint32_t i = 0; i < n; i++) line_putc((uint8_t)text[i]);
}

void say_text(const char *text) {
  for (char c; (c = TEXT_AT(text)) != 0; text++) say_bytes(&c, 1);
}

void say_word(const char *word) {
  for (; *word; word++) say_bytes(word, 1);
}

void say_u64(uint64_t value) {
  char digits[20];
  uint32_t i = sizeof digits;
  while (value > 0xFFFFFFFFu) {
    digits[--i] = (char)('0' + value % 10u);
    value /= 10u;
  }
  uint32_t low = (uint32_t)value;
  do {
    digits[--i] = (char)('0' + low % 10u);
    low /= 10u;
  } while (low);
  say_bytes(digits + i, (uint32_t)sizeof digits - i);
}

void say_u32(uint32_t value) { say_u64(value); }

void say_hex(const uint8_t *bytes, uint32_t n) {
  static const char hex[] = "0123456789abcdef";
  for (uint32_t i = 0; i < n; i++) {
    const char two[2] = {hex[bytes[i] >> 4], hex[bytes[i] & 15u]};
    say_bytes(two, 2);
  }
}

void say_hex32(uint32_t value) {
  const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                            (uint8_t)value};
  say_hex(bytes, 4);
}

void say_line(const char *begin, uint64_t value) {
  say_text(begin);
  say_u64(value);
  say("]\r\n");
}

char *receive_command(void) {
  uint32_t n = 0;
  for (;;) {
    const char c = (char)line_getc();
#if EI_SMP_BYTES
    if (smp_takes((uint8_t)c)) { /* a frame begins in no command */
      n = 0;
      continue;
    }
#endif
    if (c == '%') break;
    if (c == '\r' || c == '\n') continue; /* so that a person can type at a terminal */
    if (n < COMMAND_BYTES) command[n] = c;
    if (n <= COMMAND_BYTES) n++;
  }
  if (n > COMMAND_BYTES) return 0;
  command[n] = 0;
  return command;
}

char *next_word(char **rest) {
  char *word = *rest, *end;
  while (*word == ' ') word++;
  if (!*word) return 0;
  for (end = word; *end && *end != ' ';) end++;
  if (*end) *end++ = 0;
  *rest = end;
  return word;
}

int same_text(const char *word, const char *text) {
  while (*word && *word == TEXT_AT(text)) word++, text++;
  return *word == TEXT_AT(text);
}

int read_u32(const char *word, uint32_t *value) {
  uint32_t v = 0;
  if (!word || !*word) return 0;
  for (; *word; word++) {
    const uint32_t digit = (uint32_t)*word - '0';
    if (digit > 9u || v > (0xFFFFFFFFu - digit) / 10u) return 0;
    v = v * 10u + digit;
  }
  *value = v;
  return 1;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int read_hex_byte(const char *digits) {
  const int high = hex_digit(digits[0]);
  const int low = high < 0 ? -1 : hex_digit(digits[1]);
  return low < 0 ? -1 : high * 16 + low;
}

int read_hex32(const char *digits, uint32_t *value) {
  uint32_t v = 0;
  for (uint32_t i = 0; i < 4; i++) {
    const int byte = read_hex_byte(digits + 2 * i);
    if (byte < 0) return 0;
    v = v << 8 | (uint32_t)byte;
  }
  *value = v;
  return 1;
}
