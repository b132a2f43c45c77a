/* SPDX-License-Identifier: Apache-2.0
 * What processors without an operating system have in common; used by cpu_<kind>.c. */
#ifndef BARE_H
#define BARE_H

#include "config.h"

#include <stdint.h>

/* At the bottom of RAM, so that running out of it is a fault and not a silently changed variable.
 */
extern uint8_t stack[EI_STACK_BYTES];

/* Paint the stack below `sp`, set up variables, and run app_main. */
void bare_start(uint32_t *sp) __attribute__((noreturn));

#endif
