/* SPDX-License-Identifier: Apache-2.0
 * What the files of the firmware share. docs/protocol.md is the protocol's description. */
#ifndef APP_H
#define APP_H

#include "config.h"
#include "edgeinfer.h"

#define PROTOCOL "1"
#define COMMAND_BYTES 80
#define READY "m-ready\r\n"

/* serial.c: lines out, commands in. */
void say(const char *text);
void say_bytes(const char *text, uint32_t n);
void say_u32(uint32_t value);
void say_u64(uint64_t value);
void say_hex(const uint8_t *bytes, uint32_t n);
void say_hex32(uint32_t value);
void say_field(const char *name, uint32_t value); /* one line: m-ei-<name>-[<value>] */
extern uint32_t sent_crc;    /* CRC-32 of all bytes said since it was set to 0 */
char *receive_command(void); /* NULL: it was too long */

/* Words of a command, and what they may mean. */
char *next_word(char **rest); /* NULL: no more */
int same(const char *a, const char *b);
int read_u32(const char *word, uint32_t *value); /* decimal; 0: it is not a number */
int read_hex_byte(const char *digits);           /* two digits; negative: they are not hex */
int read_hex32(const char *digits, uint32_t *value);

/* state.c: the model, its input and its arena. */
extern ei_model model;
extern int model_error; /* what ei_verify found */
extern uint8_t arena[];
extern const uint8_t ei_image[], ei_image_end[];

enum { INPUT_ABSENT, INPUT_PARTIAL, INPUT_READY };
extern uint8_t input_state;
extern uint32_t input_received; /* bytes, in order from the first */

void model_start(void);
uint32_t input_bytes(void);          /* of all inputs, in order */
void input_begin(uint32_t received); /* the rest is about to come */
uint8_t *input_at(uint32_t index);
void input_advance(uint32_t received);
int input_to_arena(void);      /* 0: it must be loaded (again) */
int runs_allowed(uint32_t n);  /* 0, and an e- line: n inferences from this input are impossible */
int receive_block(char *rest); /* the verb "block"; 1, or GARBLED when it must be sent again */
#define GARBLED 2

/* Verbs; 0: the word is none of theirs. */
int benchmark_command(const char *verb, char *rest);
int ei_command(char *rest);

int app_main(void); /* main.c: the loop that answers */

/* fault.c: tell the host and wait for one, which resets the board. `at` is the address of the
 * instruction or of what it touched; 0: the stack was used up. */
void report_fault(uint32_t number, uintptr_t at);

/* bare.c, or cpu_linux.c */
uint32_t stack_used(void);   /* bytes, the most so far */
uint32_t static_bytes(void); /* of variables, without arena, stack and serial buffers */

#endif
