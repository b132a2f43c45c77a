/* SPDX-License-Identifier: Apache-2.0
 *
 * SMP's console framing. A packet is the length of what follows, a message and its CRC-16, in
 * base64, on lines of at most 127 bytes: the first begins with 06 09, the others with 04 14. Bytes
 * that were lost or changed end in a wrong length or CRC, and the packet is forgotten.
 */
#include "smp.h"

#if EI_SMP_BYTES
#include "armour.h"

#define LINE_TEXT 124u /* characters of base64 in a line */
#define LENGTH_BYTES 2u
#define CRC_BYTES 2u

enum place { OUTSIDE, FIRST_06, NEXT_04, INSIDE };

uint8_t smp_packet[EI_SMP_BYTES] __attribute__((section(".bss.serial"), aligned(8)));

static uint8_t place;
static uint8_t open;       /* a packet has begun, perhaps on an earlier line */
static uint8_t bits;       /* of `group` that are no byte yet */
static uint32_t group;     /* the last characters, six bits each */
static uint32_t received;  /* bytes of the packet */
static uint32_t sent, crc; /* characters of the line that goes out; CRC-16 of the message */

int smp_base64_value(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

uint8_t smp_base64_digit(uint32_t value) {
  if (value < 26u) return (uint8_t)('A' + value);
  if (value < 52u) return (uint8_t)('a' + value - 26u);
  if (value < 62u) return (uint8_t)('0' + value - 52u);
  return value == 62u ? '+' : '/';
}

uint32_t smp_crc16(uint32_t value, uint8_t byte) {
  value ^= (uint32_t)byte << 8;
  for (uint32_t i = 0; i < 8u; i++) value = value << 1 ^ (value & 0x8000u ? 0x1021u : 0u);
  return value & 0xFFFFu;
}

/* At a line's end: the packet is whole, goes on, or is none. */
static void line_end(void) {
  const uint32_t length = (uint32_t)smp_packet[0] << 8 | smp_packet[1];
  uint32_t check = 0;
  if (!open || received < LENGTH_BYTES) {
    open = 0;
    return;
  }
  if (received < LENGTH_BYTES + length && LENGTH_BYTES + length <= EI_SMP_BYTES) return;
  open = 0;
  if (received != LENGTH_BYTES + length || length < CRC_BYTES) return;
  for (uint32_t i = LENGTH_BYTES; i < received; i++) check = smp_crc16(check, smp_packet[i]);
  if (check == 0) smp_receive(smp_packet + LENGTH_BYTES, length - CRC_BYTES);
}

static void take_character(uint8_t c) {
  const int value = smp_base64_value(c);
  if (value < 0) { /* padding: the rest of the group is no byte */
    bits = 0;
    return;
  }
  group = group << 6 | (uint32_t)value;
  bits = (uint8_t)(bits + 6u);
  if (bits < 8u) return;
  bits = (uint8_t)(bits - 8u);
  if (received < EI_SMP_BYTES)
    smp_packet[received++] = (uint8_t)(group >> bits);
  else
    open = 0;
}

int smp_takes(uint8_t c) {
  switch (place) {
    case FIRST_06:
    case NEXT_04:
      if (c != (place == FIRST_06 ? 0x09u : 0x14u)) break;
      if (place == FIRST_06) {
        open = 1;
        received = 0;
      }
      place = INSIDE;
      bits = 0;
      return 1;
    case INSIDE:
      if (c == '\n') {
        place = OUTSIDE;
        line_end();
        return 1;
      }
      if (c == '\r') return 1;
      if (c != '=' && smp_base64_value(c) < 0) break;
      take_character(c);
      return 1;
    default: break;
  }
  if (place != OUTSIDE) open = 0; /* something is missing */
  place = c == 0x06u ? FIRST_06 : c == 0x04u ? NEXT_04 : OUTSIDE;
  return place != OUTSIDE;
}

static void put_text(uint8_t c) {
  if (sent == LINE_TEXT) {
    line_putc('\n');
    line_putc(0x04);
    line_putc(0x14);
    sent = 0;
  }
  line_putc(c);
  sent++;
}

static void put_byte(uint8_t byte) {
  group = group << 8 | byte;
  bits = (uint8_t)(bits + 8u);
  while (bits >= 6u) {
    bits = (uint8_t)(bits - 6u);
    put_text(smp_base64_digit(group >> bits & 63u));
  }
}

void smp_send_begin(uint32_t n) {
  const uint32_t length = n + CRC_BYTES;
  bits = 0;
  sent = crc = 0;
  line_putc(0x06);
  line_putc(0x09);
  put_byte((uint8_t)(length >> 8));
  put_byte((uint8_t)length);
}

void smp_send(uint8_t byte) {
  crc = smp_crc16(crc, byte);
  put_byte(byte);
}

void smp_send_end(void) {
  const uint32_t check = crc;
  put_byte((uint8_t)(check >> 8));
  put_byte((uint8_t)check);
  if (bits) { /* 2 or 4 of them are left */
    const uint32_t left = 6u - bits;
    put_text(smp_base64_digit(group << left & 63u));
    for (uint32_t i = 0; i < left / 2u; i++) put_text('=');
  }
  bits = 0;
  line_putc('\n');
}
#endif
