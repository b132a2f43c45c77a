/* SPDX-License-Identifier: Apache-2.0
 *
 * The self-test of a model with state and all, on an AVR: says "right" or what is wrong on the
 * serial line. The image lies in RAM, as csrc reads it by ordinary pointers.
 */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "edgeinfer.h"

extern const uint8_t image[], image_end[];
static uint8_t arena[ARENA_BYTES] __attribute__((aligned(EI_ARENA_ALIGN)));

static void say(const char *text) {
  for (; *text; text++) {
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = (uint8_t)*text;
  }
}

int main(void) {
  ei_model model;
  UCSR0B = 1 << TXEN0;
  if (ei_verify(image, (size_t)(image_end - image), &model) != EI_OK ||
      model.arena_bytes > sizeof arena) {
    say("refused\n");
  } else {
    (void)ei_reset(&model, arena);
    ei_selftest_input(&model, arena);
    const int error = ei_invoke(&model, arena, 0, 0);
    const int right = error == EI_OK && ei_output_crc(&model, arena) == model.selftest_crc;
    say(right ? "right\n" : "wrong\n");
  }
  cli(); /* asleep without interrupts, simavr ends */
  sleep_enable();
  sleep_cpu();
  for (;;) {
  }
}
