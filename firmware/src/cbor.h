/* SPDX-License-Identifier: Apache-2.0
 * CBOR (RFC 8949) as SMP needs it: maps with text keys, read where they lie and written as a
 * stream. */
#ifndef CBOR_H
#define CBOR_H

#include <stdint.h>

enum cbor_kind {
  CBOR_UINT = 0,
  CBOR_NEGATIVE = 1,
  CBOR_BYTES = 2,
  CBOR_TEXT = 3,
  CBOR_ARRAY = 4,
  CBOR_MAP = 5,
  CBOR_TAG = 6,
  CBOR_SIMPLE = 7
};

/* A map that cbor_map has found to be well-formed; end is one past its last byte. */
typedef struct {
  const uint8_t *begin;
  const uint8_t *end;
} cbor;

/* 1 if these bytes are one well-formed map and no more; no bytes at all are an empty one. */
int cbor_map(cbor *map, const uint8_t *bytes, uint32_t n);

/* The value of a key. 1, 0: there is none; -1: it is of another kind, or above 32 bits. */
int cbor_u32(const cbor *map, const char *key, uint32_t *value);
int cbor_bool(const cbor *map, const char *key, int *value);
int cbor_string(const cbor *map, const char *key, enum cbor_kind kind, const uint8_t **bytes,
                uint32_t *n);

/* Written byte by byte to here, by whoever links this file. */
void cbor_byte(uint8_t byte);

void cbor_head(enum cbor_kind kind, uint64_t value); /* a number, or what follows: its length */
void cbor_write(enum cbor_kind kind, const void *bytes, uint32_t n);
void cbor_text(const char *text);
void cbor_open(enum cbor_kind kind); /* a map or an array of any length, until cbor_close */
void cbor_close(void);
void cbor_int(int32_t value);
void cbor_truth(int value);
void cbor_float(uint32_t bits); /* of 32, as IEEE 754 has them */

/* A key and its value. */
void cbor_put_u64(const char *key, uint64_t value);
void cbor_put_text(const char *key, const char *text);
void cbor_put_truth(const char *key, int value);

#endif
