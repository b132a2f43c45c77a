/* SPDX-License-Identifier: Apache-2.0
 * SMP's group 0, of the operating system: echo, reset, parameters. */
#include "smp.h"

#if EI_SMP_BYTES
#include "armour.h"

enum id { ECHO = 0, RESET = 5, PARAMETERS = 6 };

static const uint8_t *echoed;
static uint32_t echoed_bytes;
static uint8_t reset_due;

static int echo(const cbor *request) {
  if (cbor_string(request, "d", CBOR_TEXT, &echoed, &echoed_bytes) > 0) return SMP_OK;
  return smp_refuse(SMP_INVALID, "Echo needs a text d");
}

static void say_echo(void) {
  cbor_text("r");
  cbor_write(CBOR_TEXT, echoed, echoed_bytes);
}

static int reset(const cbor *request) {
  (void)request;
  reset_due = 1;
  return SMP_OK;
}

void smp_sent(void) {
  const uint64_t begin = timer_ticks();
  if (!reset_due) return;
  line_flush();
  reset_due = 0;                                    /* where a reset leaves variables as they are */
  while (timer_ticks() - begin < TIMER_HZ / 100u) { /* what a FIFO holds goes out meanwhile */
  }
  cpu_reset();
}

static void say_parameters(void) {
  cbor_put_u64("buf_size", EI_SMP_BYTES);
  cbor_put_u64("buf_count", 1);
}

static const smp_command commands[] = {
    {ECHO, SMP_WRITE, echo, say_echo},
    {ECHO, SMP_READ, echo, say_echo},
    {RESET, SMP_WRITE, reset, 0},
    {PARAMETERS, SMP_READ, 0, say_parameters},
};
const smp_group smp_os = {0, sizeof commands / sizeof *commands, commands};
#endif
