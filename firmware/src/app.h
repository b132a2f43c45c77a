/* SPDX-License-Identifier: Apache-2.0
 * What the files of the firmware share. docs/protocol.md is the protocol's description. */
#ifndef APP_H
#define APP_H

#include "config.h"
#include "edgeinfer.h"

#define PROTOCOL "1"
#define COMMAND_BYTES 80
#define READY "m-ready\r\n"

/* A literal that only `say` and `same` read, by TEXT_AT. On AVR it would take RAM, were it not so.
 */
#ifdef __AVR__
#include <avr/pgmspace.h>
#define TEXT(literal) PSTR(literal)
#define TEXT_AT(pointer) ((char)pgm_read_byte(pointer))
#else
#define TEXT(literal) ("" literal)
#define TEXT_AT(pointer) (*(pointer))
#endif

/* serial.c: lines out, commands in. */
#define say(literal) say_text(TEXT(literal))
void say_text(const char *text);
void say_word(const char *word); /* in RAM */
void say_bytes(const char *text, uint32_t n);
void say_u32(uint32_t value);
void say_u64(uint64_t value);
void say_hex(const uint8_t *bytes, uint32_t n);
void say_hex32(uint32_t value);
#define say_field(name, value) say_line(TEXT("m-ei-" name "-["), value)
void say_line(const char *begin, uint64_t value); /* one line: <begin><value>] */
extern uint32_t sent_crc;    /* CRC-32 of all bytes said since it was set to 0 */
char *receive_command(void); /* NULL: it was too long */

/* Words of a command, and what they may mean. */
char *next_word(char **rest); /* NULL: no more */
#define same(word, literal) same_text(word, TEXT(literal))
int same_text(const char *word, const char *text);
int read_u32(const char *word, uint32_t *value); /* decimal; 0: it is not a number */
int read_hex_byte(const char *digits);           /* two digits; negative: they are not hex */
int read_hex32(const char *digits, uint32_t *value);

/* state.c: the models, of which one is chosen, its input and its arena. The arena begins with the
 * states of several models; `shared` is the rest, which an inference of any model uses. */
extern ei_model model;
extern int model_error; /* what ei_verify found */
extern const uint32_t model_count;
extern uint32_t model_chosen;
extern uint8_t arena[];
extern uint8_t slow_arena[]; /* with EI_SLOW_BYTES, its part in a second RAM */
#define shared (arena + EI_STATE_BYTES)
extern const uint8_t ei_image[]; /* all images, one after the other */
extern const uint32_t ei_image_bytes;
const uint8_t *model_image(uint32_t number, uint32_t *bytes); /* a slot's, if that runs */

enum { INPUT_ABSENT, INPUT_PARTIAL, INPUT_READY };
extern uint8_t input_state;
extern uint32_t input_received; /* bytes, in order from the first */

#if EI_WINDOW_BYTES
extern float window[]; /* the input as reals, EI_WINDOW_BYTES of them; kept for the result */
#endif

void model_start(void);             /* the state of all models; the first is chosen */
void model_choose(uint32_t number); /* below model_count; its state is as it was */
enum { MODEL_TOO_LARGE = -100, MODEL_FAILS = -101 }; /* beside the errors of ei_verify */
const uint8_t *model_built_in(uint32_t *bytes);      /* the first image */
int model_use(const uint8_t *image, uint32_t bytes); /* it is `model` from here on, if EI_OK */
int model_try(const uint8_t *image, uint32_t bytes); /* also by its self-test; `model` is reset */
uint32_t model_selftest(const ei_model *m);          /* CRC-32 of its outputs; `model` is reset */
int input_kept(void);                                /* whether an input survives an inference */
uint32_t input_bytes(void);                          /* of all inputs, in order */
void input_begin(uint32_t received);                 /* the rest is about to come */
uint8_t *input_at(uint32_t index);
void input_advance(uint32_t received);
int input_to_arena(void);      /* 0: it must be loaded (again) */
int runs_allowed(uint32_t n);  /* 0, and an e- line: n inferences from this input are impossible */
int receive_block(char *rest); /* the verb "block"; 1, or GARBLED when it must be sent again */
#define GARBLED 2

/* convert.c: the input as the benchmark's runner sends it. */
uint32_t wire_bytes(void);
uint8_t *wire_at(uint32_t index);            /* where a byte of it is now */
void wire_put(uint32_t index, uint8_t byte); /* bytes in order: the input follows */
void wire_follow(void);                      /* the input came in blocks: its reals follow */
int window_error(uint32_t *bits); /* mean squared error, bits of a float; 0: none is wanted */

/* Verbs; 0: the word is none of theirs. */
int benchmark_command(const char *verb, char *rest);
int ei_command(char *rest);

/* main.c: the loop that answers, whole or turn by turn. */
int app_main(void);
int app_start(void); /* 0: done */
void app_turn(void); /* waits for a command and answers it */

/* fault.c: tell the host and wait for one, which resets the board. `at` is the address of the
 * instruction or of what it touched; 0: the stack was used up. */
void report_fault(uint32_t number, uintptr_t at);

/* bare.c, or stack.c where others set up the stack: bytes, the most so far. */
uint32_t stack_used(void);
void paint_stack(void);     /* stack.c: what will be used from here on */
extern uintptr_t stack_top; /* set by it */
/* bare.c, cpu_linux.c or port_arduino.cpp */
uint32_t static_bytes(void); /* of variables, without arena, stack and serial buffers */

#endif
