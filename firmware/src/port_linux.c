/* SPDX-License-Identifier: Apache-2.0
 * Linux: the serial line is standard input and output, a TCP connection or a pseudo-terminal. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "linux.h"
#include "port.h"

static int input = STDIN_FILENO, output = STDOUT_FILENO;
static int listener = -1; /* with TCP: where hosts connect */
static uint8_t received[512], sent[512];
static uint32_t next, have, to_send;

int linux_tcp(const char *text) {
  char address[INET_ADDRSTRLEN] = "127.0.0.1";
  const char *colon = strrchr(text, ':');
  const int on = 1;
  struct sockaddr_in own;
  memset(&own, 0, sizeof own);
  errno = EINVAL;
  if (colon) {
    const size_t n = (size_t)(colon - text);
    if (n >= sizeof address) return -1;
    memcpy(address, text, n);
    address[n] = 0;
  }
  own.sin_family = AF_INET;
  own.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : text));
  if (own.sin_port == 0 || inet_pton(AF_INET, address, &own.sin_addr) != 1) return -1;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -1;
  if (bind(listener, (const struct sockaddr *)&own, sizeof own) < 0) return -1;
  input = output = -1;
  return listen(listener, 1);
}

int linux_pty(void) {
  const int line = posix_openpt(O_RDWR | O_NOCTTY);
  struct termios raw;
  if (line < 0 || grantpt(line) < 0 || unlockpt(line) < 0 || tcgetattr(line, &raw) < 0) return -1;
  cfmakeraw(&raw);
  if (tcsetattr(line, TCSANOW, &raw) < 0) return -1;
  const char *name = ptsname(line);
  if (!name || open(name, O_RDWR | O_NOCTTY) < 0) return -1; /* held open while no host is there */
  (void)printf("%s\n", name);
  (void)fflush(stdout);
  input = output = line;
  return 0;
}

void port_init(void) { next = have = to_send = 0; }

static void flush(void) {
  uint32_t done = 0;
  while (done < to_send) {
    const ssize_t n = write(output, sent + done, to_send - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break; /* the host is gone, and what it asked for with it */
    done += (uint32_t)n;
  }
  to_send = 0;
}

void port_putc(uint8_t c) {
  sent[to_send++] = c;
  if (to_send == sizeof sent || c == '\n') flush();
}

/* Waits a little: only a fault handler asks, over and over, and must not keep a core busy. */
int port_readable(void) {
  struct pollfd line = {.fd = input, .events = POLLIN};
  return next < have || listener >= 0 || poll(&line, 1, 10) > 0;
}

/* Wait for a host to connect. */
static void greet(void) {
  const int on = 1;
  if (input >= 0) (void)close(input);
  do input = output = accept(listener, 0, 0);
  while (input < 0 && errno == EINTR);
  if (input < 0) exit(1);
  (void)setsockopt(input, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

uint8_t port_getc(void) {
  flush();
  while (next == have) {
    if (listener >= 0 && input < 0) greet();
    const ssize_t n = read(input, received, sizeof received);
    if (n > 0) {
      next = 0;
      have = (uint32_t)n;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (listener >= 0) {
      greet();
    } else {
      exit(0); /* the other end was closed */
    }
  }
  return received[next++];
}

void port_listen(int on) { (void)on; }
