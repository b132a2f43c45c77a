/* SPDX-License-Identifier: Apache-2.0
 *
 * An Arduino with an AVR: simavr's core with the boot loader and a program in its flash, and its
 * serial line on the pseudo-terminal that is standard input and output. As on the board, a host
 * that opens the line resets it, into the boot loader. It runs in real time: what waits for a host,
 * as a boot loader does, waits as long as a board would. */
#include <errno.h>
#include <poll.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_hex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SLICES = 500 }; /* a second has this many; the line and the clock are looked at in each */

static avr_t *avr;
static uint8_t received[4096], sent[4096];
static size_t next, have, to_send;
static int connected, room = 1;

static void on_sent(struct avr_irq_t *irq, uint32_t value, void *context) {
  (void)irq, (void)context;
  if (to_send < sizeof sent) sent[to_send++] = (uint8_t)value;
}

static void on_room(struct avr_irq_t *irq, uint32_t value, void *context) {
  (void)irq, (void)value;
  room = context != NULL;
}

static void connect_line(void) {
  uint32_t flags = 0;
  avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
  flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
  avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
  const uint32_t uart = AVR_IOCTL_UART_GETIRQ('0');
  avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUTPUT), on_sent, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUT_XON), on_room, avr);
  avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUT_XOFF), on_room, NULL);
}

/* Boot loader and program; the core then starts in the former. */
static int load(char *boot, const char *program) {
  elf_firmware_t firmware = {0};
  ihex_chunk_p chunks = NULL;
  const int n = read_ihex_chunks(boot, &chunks);
  if (n <= 0) return fprintf(stderr, "%s is no boot loader\n", boot);
  for (int i = 0; i < n; i++) {
    if (chunks[i].baseaddr + chunks[i].size > avr->flashend + 1u)
      return fprintf(stderr, "%s is larger than %s\n", boot, avr->mmcu);
    memcpy(avr->flash + chunks[i].baseaddr, chunks[i].data, chunks[i].size);
    if (i == 0) avr->reset_pc = avr->pc = chunks[i].baseaddr;
  }
  avr->codeend = avr->flashend;
  if (strcmp(program, "none") == 0) {
    memcpy(avr->flash, "\xFF\xCF", 2); /* rjmp .: simavr ends in erased flash */
    return 0;
  }
  if (elf_read_firmware(program, &firmware) != 0 || firmware.flashsize > avr->flashend)
    return fprintf(stderr, "%s is no program for %s\n", program, avr->mmcu);
  memcpy(avr->flash + firmware.flashbase, firmware.flash, firmware.flashsize);
  return 0;
}

static void external_reset(void) {
  next = have = to_send = 0;
  room = 1;
  avr_reset(avr);
  avr_regbit_set(avr, avr->reset_flags.extrf);
}

static void look_at_line(void) {
  struct pollfd line = {.fd = STDIN_FILENO, .events = POLLIN};
  if (poll(&line, 1, 0) < 0 && errno != EINTR) exit(1);
  const int here = !(line.revents & (POLLHUP | POLLERR));
  if (here && !connected) external_reset();
  connected = here;
  if (connected && to_send) {
    const ssize_t n = write(STDOUT_FILENO, sent, to_send);
    if (n > 0) memmove(sent, sent + n, to_send -= (size_t)n);
  }
  if (!connected) to_send = 0;
  if (next == have && line.revents & POLLIN) {
    const ssize_t n = read(STDIN_FILENO, received, sizeof received);
    next = 0;
    have = n > 0 ? (size_t)n : 0;
  }
}

int main(int argc, char **argv) {
  struct timespec until;
  if (argc != 5) return fprintf(stderr, "usage: %s MCU HZ BOOT.hex PROGRAM.elf|none\n", argv[0]);
  avr = avr_make_mcu_by_name(argv[1]);
  if (!avr) return fprintf(stderr, "simavr does not know %s\n", argv[1]);
  avr_init(avr);
  avr->frequency = (uint32_t)strtoul(argv[2], NULL, 10);
  avr->log = LOG_ERROR;
  if (load(argv[3], argv[4])) return 1;
  connect_line();
  avr_irq_t *const in = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
  /* A byte of 115200 baud takes as long as ten bits. */
  const avr_cycle_count_t slice = avr->frequency / SLICES, byte = avr->frequency / 11520u;
  avr_cycle_count_t look = avr->cycle, feed = avr->cycle;
  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  for (;;) {
    const int state = avr_run(avr);
    if (state == cpu_Done || state == cpu_Crashed) return fprintf(stderr, "the core stopped\n");
    if (next < have && room && avr->cycle >= feed) {
      avr_raise_irq(in, received[next++]);
      feed = avr->cycle + byte;
    }
    if (avr->cycle < look) continue;
    look_at_line();
    look = avr->cycle + slice;
    until.tv_nsec += 1000000000 / SLICES;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  }
}
