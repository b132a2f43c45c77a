/* SPDX-License-Identifier: Apache-2.0
 * One model, one serial line, one loop. */
#include "app.h"
#include "armour.h"

static void answer(char *command) {
  char *rest = command;
  const char *verb = next_word(&rest);
  if (!verb) return; /* a bare '%': a host that wants to be in step */
  if (model_error != EI_OK) {
    say("e-[Model refused with error -");
    say_u32((uint32_t)-model_error);
    say("]\r\n");
  } else if (same(verb, "ei")) {
    if (!ei_command(rest)) say("e-[Unknown ei command]\r\n");
  } else if (!benchmark_command(verb, rest)) {
    say("e-[Unknown command: ");
    say_word(verb);
    say("]\r\n");
  }
}

int app_start(void) {
  port_init();
  line_bare(); /* where a reset leaves variables as they are */
  timer_init();
  model_start();
  say("m-timestamp-mode-performance\r\n");
  if (!benchmark_command("timestamp", 0)) return 1;
  say("m-init-done\r\n" READY);
  return 0;
}

void app_turn(void) {
  char *command = receive_command();
  if (command)
    answer(command);
  else
    say("e-[Command longer than 80 bytes]\r\n");
  say(READY);
}

int app_main(void) {
  if (app_start()) return 1;
  for (;;) app_turn();
}
