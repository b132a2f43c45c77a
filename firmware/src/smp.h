/* SPDX-License-Identifier: Apache-2.0
 *
 * The Simple Management Protocol (SMP, of MCUmgr) on the serial line, beside the ASCII commands.
 * smp_frame.c knows the line, smp.c messages, smp_<group>.c what they ask for. docs/protocol.md has
 * the bytes.
 */
#ifndef SMP_H
#define SMP_H

#include "app.h"
#include "cbor.h"
#include "small.h"

/* What a request may be answered with instead, as MCUmgr numbers it (MGMT_ERR_...). */
enum smp_error {
  SMP_OK = 0,
  SMP_INVALID = 3,      /* the request contradicts itself or the protocol */
  SMP_NO_ENTRY = 5,     /* what it names does not exist */
  SMP_BAD_STATE = 6,    /* not now */
  SMP_NOT_SUPPORTED = 8 /* no such command */
};

enum smp_op { SMP_READ = 0, SMP_WRITE = 2 };

/* One command of a group. `act` does what is asked for, once. `answer` then says, twice, what is in
 * the map of the reply: first its bytes are counted, then sent. */
typedef struct {
  uint8_t id;
  uint8_t op;
  int (*act)(const cbor *request); /* NULL: nothing to do */
  void (*answer)(void);            /* NULL: the map is empty, and so is the line of a table's end */
} smp_command;

typedef struct {
  uint16_t group;
  uint16_t n;
  const smp_command *commands;
} smp_group;

extern const smp_group smp_os, smp_image, smp_model;

/* One sentence for an error, which goes with its number. */
int smp_refuse(enum smp_error error, const char *reason);

/* The request, whole. A command that has read all of it may keep results here until the reply is
 * sent. */
extern uint8_t smp_packet[];

/* smp_frame.c: whether a byte from the line belongs to a frame; if it is the last one, the request
 * is answered. */
int smp_takes(uint8_t byte);
void smp_send_begin(uint32_t n); /* bytes of the message that comes */
void smp_send(uint8_t byte);
void smp_send_end(void);

/* CRC-16 as XMODEM has it: polynomial 0x1021, from 0. */
uint32_t smp_crc16(uint32_t value, uint8_t byte);
int smp_base64_value(uint8_t c); /* negative: it is no digit */
uint8_t smp_base64_digit(uint32_t value);

/* smp_os.c: a reply was sent whole; carries out the reset that it promised. */
void smp_sent(void);

/* smp.c: answer a message. */
void smp_receive(const uint8_t *message, uint32_t n);

#endif
