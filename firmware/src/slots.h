/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots for models that come over the line, beside the one that is built in. A model is written to
 * a slot that is free, proves itself there, and is switched to by one more write: at whatever byte
 * the power fails, the next start finds the old model or the new one.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "app.h"

#define SHA_BYTES 32u
#define SLOT_BUILT_IN (-1)

/* What the functions below return: NULL, or one sentence of why not. */
typedef const char *slot_refusal;

/* Choose the model that runs: at start, before anything else here. */
void slots_start(void);

extern int slot_running; /* SLOT_BUILT_IN, or 0 .. EI_SLOTS - 1 */
extern int slot_kept;    /* what a reset brings */

/* The whole image in a slot and the SHA-256 that came with it; NULL: there is none. */
const uint8_t *slot_image(int slot, uint32_t *bytes, const uint8_t **sha);
uint32_t slot_room(void); /* bytes of an image at most */

/* Begin an upload, or go on with one of the same size and SHA-256 (NULL: it is not known, nor can
 * the upload go on later); *next is the byte to send. */
slot_refusal slot_begin(uint32_t bytes, const uint8_t *sha, uint32_t *next);
/* Bytes of the image from `at` on, in order; the last ones make it prove itself. Not all need be
 * taken: *next is the byte to send. */
slot_refusal slot_put(uint32_t at, const uint8_t *bytes, uint32_t n, uint32_t *next);
/* Run a slot's model, until the next reset or for good. */
slot_refusal slot_switch(int slot, int keep);
slot_refusal slot_erase(int slot);

#endif
