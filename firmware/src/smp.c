/* SPDX-License-Identifier: Apache-2.0
 * SMP's messages: a header of 8 bytes and a CBOR map, from a request to its reply. */
#include "smp.h"

#if EI_SMP_BYTES

#define HEADER_BYTES 8u
#define OP_MASK 7u
#define REPLY 1u /* added to the operation that is replied to */

static const smp_group *const groups[] = {&smp_os, &smp_image, &smp_model};
static const char *reason;
static uint32_t counted;
static uint8_t sending;

int smp_refuse(enum smp_error error, const char *text) {
  reason = text;
  return error;
}

void cbor_byte(uint8_t byte) {
  if (sending)
    smp_send(byte);
  else
    counted++;
}

/* 0: there is none. */
static const smp_command *find(uint32_t group, uint32_t id, uint32_t op) {
  for (uint32_t i = 0; i < sizeof groups / sizeof *groups; i++)
    for (uint32_t k = 0; k < groups[i]->n; k++) {
      const smp_command *command = &groups[i]->commands[k];
      if (groups[i]->group == group && command->id == id && command->op == op) return command;
    }
  return 0;
}

static void body(const smp_command *command, int error) {
  cbor_open(CBOR_MAP);
  if (error) {
    cbor_put_u64("rc", (uint64_t)error);
    if (reason) cbor_put_text("rsn", reason);
  } else if (command->answer) {
    command->answer();
  }
  cbor_close();
}

void smp_receive(const uint8_t *message, uint32_t n) {
  cbor request;
  int error = SMP_OK;
  if (n < HEADER_BYTES) return;
  const uint32_t op = message[0] & OP_MASK, length = (uint32_t)message[2] << 8 | message[3];
  if (length != n - HEADER_BYTES || (op & REPLY) || op > SMP_WRITE) return;
  uint8_t header[HEADER_BYTES];
  for (uint32_t i = 0; i < HEADER_BYTES; i++) header[i] = message[i];
  const smp_command *command = find((uint32_t)message[4] << 8 | message[5], message[7], op);
  reason = 0;
  if (!command)
    error = smp_refuse(SMP_NOT_SUPPORTED, "There is no such command");
  else if (!cbor_map(&request, message + HEADER_BYTES, length))
    error = smp_refuse(SMP_INVALID, "The request is no map of CBOR");
  else if (command->act)
    error = command->act(&request);
  sending = 0;
  counted = 0;
  body(command, error);
  header[0] = (uint8_t)(header[0] + REPLY);
  header[1] = 0;
  header[2] = (uint8_t)(counted >> 8);
  header[3] = (uint8_t)counted;
  sending = 1;
  smp_send_begin(HEADER_BYTES + counted);
  for (uint32_t i = 0; i < HEADER_BYTES; i++) smp_send(header[i]);
  body(command, error);
  smp_send_end();
  smp_sent();
}
#endif
