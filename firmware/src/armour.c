/* SPDX-License-Identifier: Apache-2.0
 *
 * One piece goes out and stays here until the host has it; of those that come in, some may be ahead
 * of one that was lost. The host alone is in a hurry: it asks, and asks again. So there is no clock
 * here.
 */
#include "armour.h"

#include "smp.h"

#if EI_SMP_BYTES

#define START 0x1Eu
#define PIECE_BYTES 12u /* numbers, flags and count, data, CRC-16: 16 characters of base64 */
#define HEAD_BYTES 2u
#define DATA_BYTES 8u
#define CRC_AT (HEAD_BYTES + DATA_BYTES)
#define NUMBERS 15u /* are counted modulo 16 */
#define OPENS 0x10u /* flags: a new session; the host wants a piece back */
#define ASKS 0x20u
#define COUNT 0x0Fu
#define AHEAD 4u        /* pieces that may come before the one that is wanted */
#define AHEAD_BIT 0x10u /* which of them have, in what is sent */
#define SLOTS 8u
#define GONE 128u    /* bytes in a row of no piece: this host knows none */
#define GREETING 16u /* so many does a '%' count for, which greets */

static uint8_t armoured, outside;
static uint8_t inside, filled, bits; /* of the piece that is coming in */
static uint32_t group;
static uint8_t piece[PIECE_BYTES];
static uint8_t came[SLOTS][DATA_BYTES], counts[SLOTS]; /* by number; 0: it has not */
static uint8_t reading, taken, wanted; /* number of the one that is read; of the first that lacks */
static uint8_t held[DATA_BYTES], holds, number, sent; /* the one that goes out */

static uint32_t check(const uint8_t *bytes) {
  uint32_t crc = 0;
  for (uint32_t i = 0; i < CRC_AT; i++) crc = smp_crc16(crc, bytes[i]);
  return crc;
}

/* How far a number is behind another one. */
static uint32_t after(uint32_t first, uint32_t later) { return (later - first) & NUMBERS; }

static int there(uint32_t n) { return after(reading, n) < SLOTS && counts[n % SLOTS]; }

/* What is held if it is complete, and in any case what has come. */
static void send(void) {
  uint8_t bytes[PIECE_BYTES] = {0};
  bytes[0] = (uint8_t)(number << 4 | wanted);
  for (uint32_t i = 0; i < AHEAD; i++)
    if (there((wanted + 1u + i) & NUMBERS)) bytes[1] = (uint8_t)(bytes[1] | AHEAD_BIT << i);
  if (sent) {
    bytes[1] = (uint8_t)(bytes[1] | holds);
    for (uint32_t i = 0; i < holds; i++) bytes[HEAD_BYTES + i] = held[i];
  }
  const uint32_t crc = check(bytes);
  bytes[CRC_AT] = (uint8_t)(crc >> 8);
  bytes[CRC_AT + 1u] = (uint8_t)crc;
  port_putc(START);
  for (uint32_t i = 0; i < PIECE_BYTES; i += 3u) {
    const uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1u] << 8 | bytes[i + 2u];
    for (int shift = 18; shift >= 0; shift -= 6) port_putc(smp_base64_digit(three >> shift & 63u));
  }
}

void line_bare(void) {
  armoured = taken = holds = sent = inside = 0;
  reading = wanted;
  for (uint32_t i = 0; i < SLOTS; i++) counts[i] = 0;
}

static void take(void) {
  const uint8_t count = piece[1] & COUNT;
  const uint32_t n = piece[0] >> 4;
  if (check(piece) != ((uint32_t)piece[CRC_AT] << 8 | piece[CRC_AT + 1u]) || count > DATA_BYTES)
    return;
  outside = 0;
  if (piece[1] & OPENS) {
    line_bare();
    armoured = 1;
    wanted = reading = (uint8_t)n;
    number = piece[0] & NUMBERS;
  } else if (!armoured) {
    return;
  }
  if (sent && (piece[0] & NUMBERS) == ((number + 1u) & NUMBERS)) {
    number = (number + 1u) & NUMBERS;
    holds = sent = 0;
  }
  if (count && after(wanted, n) <= AHEAD && after(reading, n) < SLOTS && !counts[n % SLOTS]) {
    for (uint32_t i = 0; i < count; i++) came[n % SLOTS][i] = piece[HEAD_BYTES + i];
    counts[n % SLOTS] = count;
    while (there(wanted)) wanted = (wanted + 1u) & NUMBERS;
  }
  if (piece[1] & ASKS) send();
}

/* Whether a byte from the line is one of a piece. */
static int takes(uint8_t c) {
  const int value = smp_base64_value(c);
  if (c == START) {
    inside = 1;
    filled = bits = 0;
    return 1;
  }
  if (!inside || value < 0) {
    inside = 0;
    if (!armoured) return 0;
    outside = (uint8_t)(outside + (c == '%' ? GREETING : 1u));
    if (outside >= GONE) line_bare();
    return 0;
  }
  group = group << 6 | (uint32_t)value;
  bits = (uint8_t)(bits + 6u);
  if (bits >= 8u) {
    bits = (uint8_t)(bits - 8u);
    piece[filled++] = (uint8_t)(group >> bits);
  }
  if (filled == PIECE_BYTES) {
    inside = 0;
    take();
  }
  return 1;
}

uint8_t line_getc(void) {
  for (;;) {
    if (reading != wanted) {
      const uint32_t slot = reading % SLOTS;
      const uint8_t byte = came[slot][taken++];
      if (taken == counts[slot]) {
        counts[slot] = taken = 0;
        reading = (reading + 1u) & NUMBERS;
      }
      return byte;
    }
    if (holds && !sent) { /* the reply has ended */
      sent = 1;
      send();
    }
    const int was = armoured;
    const uint8_t c = port_getc();
    if (!takes(c) && !was) return c;
  }
}

uint8_t line_raw(void) { return armoured ? line_getc() : port_getc(); }

void line_flush(void) {
  if (holds && !sent) {
    sent = 1;
    send();
  }
  while (sent) (void)takes(port_getc());
}

void line_putc(uint8_t c) {
  if (armoured && sent) line_flush();
  if (!armoured) {
    port_putc(c);
    return;
  }
  held[holds++] = c;
  if (holds == DATA_BYTES) line_flush();
}
#endif
