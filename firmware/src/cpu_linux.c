/* SPDX-License-Identifier: Apache-2.0
 * A Linux process as the board: start-up, stack's high-water mark, faults as signals. */
#include "linux.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "port.h"

/* From the linker. */
extern char __data_start[], _end[];

static sigjmp_buf boot;

uint32_t static_bytes(void) {
  return (uint32_t)(_end - __data_start) - EI_ARENA_BYTES - EI_INPUT_BYTES - EI_SMP_BYTES;
}

void cpu_reset(void) { siglongjmp(boot, 1); }

void cpu_fault(void) { (void)raise(SIGILL); }

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  const uintptr_t at = (uintptr_t)info->si_addr, top = stack_top;
  /* Linux lets a stack grow to 8 MB: far below the top it is the stack that has met its end. */
  const int over = number == SIGSEGV && at < top && top - at > (1u << 20) && top - at < (1u << 26);
  report_fault((uint32_t)number, over ? 0 : at ? at : 1u);
}

static void catch_faults(void) {
  static uint8_t own_stack[64 * 1024];
  static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  const stack_t other = {.ss_sp = own_stack, .ss_size = sizeof own_stack};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  (void)sigaltstack(&other, 0);
  for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    (void)sigaction(numbers[i], &action, 0);
  (void)signal(SIGPIPE, SIG_IGN);
}

static int usage(const char *program) {
  fprintf(stderr,
          "usage: %s [--tcp [ADDRESS:]PORT | --pty] [--count FILE] [--store FILE]\n"
          "Serves board %s on standard input and output; with --tcp to one host at a time\n"
          "(ADDRESS is 127.0.0.1 unless given), with --pty on a pseudo-terminal whose name is\n"
          "said. --count: the clock is a 64-bit word in FILE that somebody counts up. --store: "
          "uploaded\n"
          "models are kept in FILE; otherwise they end with the process.\n",
          program, EI_BOARD);
  return 2;
}

int main(int argc, char **argv) {
  int opened = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--tcp") == 0 && i + 1 < argc)
      opened = linux_tcp(argv[++i]);
    else if (strcmp(argv[i], "--pty") == 0)
      opened = linux_pty();
    else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
      opened = linux_count(argv[++i]);
    else if (strcmp(argv[i], "--store") == 0 && i + 1 < argc)
      opened = EI_SLOTS ? linux_store(argv[++i]) : ++i;
    else
      return usage(argv[0]);
    if (opened < 0) {
      perror(argv[i]);
      return 1;
    }
  }
  catch_faults();
  paint_stack();
  (void)sigsetjmp(boot, 1);
  return app_main();
}
