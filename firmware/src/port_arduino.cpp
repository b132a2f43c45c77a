/* SPDX-License-Identifier: Apache-2.0
 *
 * Any board of the Arduino framework: Serial, micros(), a cycle counter, nothing else. Start-up,
 * stack and faults are the framework's; there is no sketch but this. */
#include <Arduino.h>

extern "C" {
#include "app.h"
#include "port.h"
}

/* Written at once, since each write may be a packet of USB. AVR has little RAM, and no USB. */
#ifdef __AVR__
enum { SENT_BYTES = 1 };
#else
enum { SENT_BYTES = 64 };
#endif
static uint8_t sent[SENT_BYTES];
static uint8_t to_send;

static void send(void) {
  (void)Serial.write(sent, to_send);
  to_send = 0;
}

/* Microseconds since boot. */
static uint64_t now_us(void) {
  static uint32_t last, wraps;
  const uint32_t now = (uint32_t)micros();
  if (now < last) wraps++;
  last = now;
  return (uint64_t)wraps << 32 | now;
}

void port_init(void) {
  Serial.begin(EI_BAUD);
  while (!Serial) { /* where it is USB, until a host listens */
  }
}

void port_putc(uint8_t c) {
  sent[to_send++] = c;
  if (to_send == SENT_BYTES) send();
}

int port_readable(void) { return Serial.available() > 0; }

uint8_t port_getc(void) {
  send();
  while (!port_readable()) {
    (void)now_us(); /* sees every wrap */
    yield();        /* what the framework does behind: watchdogs, radio, USB */
  }
  return (uint8_t)Serial.read();
}

/* The framework's interrupts are its own. */
void port_listen(int on) { (void)on; }

/* A tick of micros() may be several microseconds long: begin with a new one. */
static void new_microsecond(void) {
  const uint32_t now = (uint32_t)micros();
  while ((uint32_t)micros() == now) {
  }
}

#if EI_CYCLES

#ifdef __arm__
#define REG_CPUID REG32(0xE000ED00u)
#define REG_DEMCR REG32(0xE000EDFCu)
#define REG_DWT_CTRL REG32(0xE0001000u)
#define REG_DWT_CYCCNT REG32(0xE0001004u)
#define REG_DWT_LAR REG32(0xE0001FB0u)
#define CORTEX_M7 0xC27u

static void count_cycles(void) {
  REG_DEMCR |= 1u << 24; /* TRCENA */
  if ((REG_CPUID >> 4 & 0xFFFu) == CORTEX_M7) REG_DWT_LAR = 0xC5ACCE55u;
  REG_DWT_CTRL |= 1u;
}

static uint32_t cycles(void) { return REG_DWT_CYCCNT; }
#else
static void count_cycles(void) {}

static uint32_t cycles(void) { return (uint32_t)ESP.getCycleCount(); }
#endif

uint8_t timer_cycles;
static uint64_t begin_ticks, begin_us; /* ticks and microseconds at the last timer_align */
static uint32_t begin_cycles;
static uint8_t fresh; /* no tick was read since */

/* A counter is there if it counts: emulators have one that stands still. */
void timer_init(void) {
  count_cycles();
  const uint32_t first = cycles(), us = (uint32_t)micros();
  while ((uint32_t)micros() - us < 10u) {
  }
  timer_cycles = cycles() != first;
  begin_ticks = 0;
  begin_us = now_us();
  begin_cycles = cycles();
}

uint64_t timer_us(void) { return now_us(); }

/* The counter has 32 bits, some seconds. micros() says how often it has wrapped, roughly enough; it
 * is asked after the counter, and not at all at the beginning of what is timed. */
uint64_t timer_ticks(void) {
  const uint32_t since = cycles() - begin_cycles;
  if (!timer_cycles) return now_us();
  if (fresh) {
    fresh = 0;
    return begin_ticks + since;
  }
  const uint64_t about = (now_us() - begin_us) * (EI_CLOCK_HZ / 1000000u);
  return begin_ticks + about + (uint64_t)(int64_t)(int32_t)(since - (uint32_t)about);
}

void timer_align(void) {
  if (!timer_cycles) return new_microsecond();
  fresh = 0;
  begin_ticks = timer_ticks();
  begin_us = now_us();
  begin_cycles = cycles();
  fresh = 1;
}

#else

void timer_init(void) {}

uint64_t timer_ticks(void) { return now_us(); }

void timer_align(void) { new_microsecond(); }
#endif

/* The line first says what it has. */
void cpu_reset(void) {
  send();
  Serial.flush();
#if defined(__AVR__)
  cli();
  ((void (*)(void))0)(); /* the vector of a reset: a watchdog would catch an old boot loader too */
#elif defined(ESP8266) || defined(ESP32)
  ESP.restart();
#elif defined(__arm__)
  REG32(0xE000ED0Cu) = 0x05FA0004u; /* SCB->AIRCR: VECTKEY, SYSRESETREQ */
#endif
  for (;;) {
  }
}

void cpu_fault(void) { say("e-[The Arduino framework reports no faults]\r\n"); }

#ifdef __AVR__
extern "C" char __data_start[], _end[];
uint32_t static_bytes(void) {
  return (uint32_t)(_end - __data_start) - ei_image_bytes - EI_ARENA_BYTES - EI_INPUT_BYTES -
         (COMMAND_BYTES + 1) - EI_SMP_BYTES - EI_SLOTS * EI_STORE_BYTES;
}
#else
uint32_t static_bytes(void) { return 0; } /* each framework's linker names its sections otherwise */
#endif

void setup(void) {
  paint_stack();
  (void)app_start();
}

void loop(void) { app_turn(); }
