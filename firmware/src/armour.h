/* SPDX-License-Identifier: Apache-2.0
 *
 * The serial line as commands and replies see it. A host that finds the line to be bad sends all in
 * small numbered pieces with a CRC (docs/protocol.md), and gets all in such: every byte then passes
 * once and in order. Without SMP there is the bare line.
 */
#ifndef ARMOUR_H
#define ARMOUR_H

#include "config.h"
#include "port.h"

#if EI_SMP_BYTES
uint8_t line_getc(void); /* of a command: pieces are looked for */
uint8_t line_raw(void);  /* of binary data, which may look like pieces where there are none */
void line_putc(uint8_t c);
void line_flush(void); /* until the host has all */
void line_bare(void);  /* for what comes now: the host may be gone */
#else
#define line_getc port_getc
#define line_raw port_getc
#define line_putc port_putc
#define line_flush()
#define line_bare()
#endif

#endif
