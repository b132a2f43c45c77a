/* SPDX-License-Identifier: Apache-2.0
 *
 * Any board of the Arduino framework: Serial and micros(), nothing else. Start-up, stack and faults
 * are the framework's; there is no sketch but this. */
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
    (void)timer_ticks(); /* sees every wrap */
    yield();             /* what the framework does behind: watchdogs, radio, USB */
  }
  return (uint8_t)Serial.read();
}

/* The framework's interrupts are its own. */
void port_listen(int on) { (void)on; }

void timer_init(void) {}

uint64_t timer_ticks(void) {
  static uint32_t last, wraps;
  const uint32_t now = (uint32_t)micros();
  if (now < last) wraps++;
  last = now;
  return (uint64_t)wraps << 32 | now;
}

/* A tick of micros() may be several microseconds long: begin with a new one. */
void timer_align(void) {
  const uint32_t now = (uint32_t)micros();
  while ((uint32_t)micros() == now) {
  }
}

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
