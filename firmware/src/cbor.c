/* SPDX-License-Identifier: Apache-2.0
 * Reads CBOR from untrusted bytes without a copy, and writes it without a buffer. */
#include "cbor.h"

#include "small.h"

#define DEPTH 4u       /* of maps and arrays within each other */
#define BREAK 0xFFu    /* ends what has no length */
#define FALSE_ITEM 20u /* simple values */
#define TRUE_ITEM 21u
#define FLOAT32 26u
#define ENDLESS 31u /* additional information: until a BREAK */

typedef struct {
  uint8_t kind;
  uint8_t info; /* additional information, as it stands */
  uint64_t value;
} head;

/* Takes a head; 0: it is cut off or of no meaning. */
static int take_head(cbor *c, head *h) {
  if (c->begin == c->end) return 0;
  const uint8_t first = *c->begin++;
  h->kind = first >> 5;
  h->info = first & 31u;
  h->value = h->info;
  if (h->info < 24u || h->info == ENDLESS) return 1;
  if (h->info > 27u) return 0;
  uint32_t n = 1u << (h->info - 24u);
  if ((uint32_t)(c->end - c->begin) < n) return 0;
  for (h->value = 0; n; n--) h->value = h->value << 8 | *c->begin++;
  return 1;
}

static int skip(cbor *c, uint32_t depth);

/* Passes what is in an array or a map, which take one item or two at a time. */
static int skip_inside(cbor *c, const head *h, uint32_t depth) {
  for (uint64_t i = 0; h->info == ENDLESS || i < h->value; i++) {
    if (h->info == ENDLESS && c->begin != c->end && *c->begin == BREAK) {
      c->begin++;
      return 1;
    }
    if (!skip(c, depth) || (h->kind == CBOR_MAP && !skip(c, depth))) return 0;
  }
  return 1;
}

/* Passes one item; 0: it is not well-formed. */
static int skip(cbor *c, uint32_t depth) {
  head h;
  if (!take_head(c, &h)) return 0;
  if (h.kind == CBOR_ARRAY || h.kind == CBOR_MAP)
    return depth != 0 && skip_inside(c, &h, depth - 1u);
  if (h.info == ENDLESS) return 0; /* a break out of place, or a string in pieces */
  if (h.kind == CBOR_TAG) return depth != 0 && skip(c, depth - 1u);
  if (h.kind != CBOR_BYTES && h.kind != CBOR_TEXT) return 1;
  if (h.value > (uint64_t)(c->end - c->begin)) return 0;
  c->begin += h.value;
  return 1;
}

int cbor_map(cbor *map, const uint8_t *bytes, uint32_t n) {
  map->begin = bytes;
  map->end = bytes + n;
  if (n == 0) return 1;
  cbor rest = *map;
  return *bytes >> 5 == CBOR_MAP && skip(&rest, DEPTH) && rest.begin == rest.end;
}

/* Takes the value's head of a key; what is in a string then comes next. 0: there is none. */
static int find(const cbor *map, const char *key, head *value, cbor *at) {
  head whole, h;
  *at = *map;
  if (at->begin == at->end) return 0;
  (void)take_head(at, &whole);
  const int endless = whole.info == ENDLESS;
  for (uint64_t i = 0; endless ? *at->begin != BREAK : i < whole.value; i++) {
    const uint8_t *const begin = at->begin;
    (void)take_head(at, &h);
    const uint8_t *text = at->begin;
    const char *wanted = key;
    int equal = h.kind == CBOR_TEXT;
    for (uint64_t k = 0; equal && k < h.value; k++)
      equal = *wanted && *text++ == (uint8_t)*wanted++;
    at->begin = begin;
    (void)skip(at, DEPTH);
    if (equal && !*wanted) return take_head(at, value);
    (void)skip(at, DEPTH);
  }
  return 0;
}

int cbor_u32(const cbor *map, const char *key, uint32_t *value) {
  head h;
  cbor at;
  if (!find(map, key, &h, &at)) return 0;
  if (h.kind != CBOR_UINT || h.value > UINT32_MAX) return -1;
  *value = (uint32_t)h.value;
  return 1;
}

int cbor_bool(const cbor *map, const char *key, int *value) {
  head h;
  cbor at;
  if (!find(map, key, &h, &at)) return 0;
  if (h.kind != CBOR_SIMPLE || (h.info != FALSE_ITEM && h.info != TRUE_ITEM)) return -1;
  *value = h.info == TRUE_ITEM;
  return 1;
}

int cbor_string(const cbor *map, const char *key, enum cbor_kind kind, const uint8_t **bytes,
                uint32_t *n) {
  head h;
  cbor at;
  if (!find(map, key, &h, &at)) return 0;
  if (h.kind != kind) return -1;
  *bytes = at.begin;
  *n = (uint32_t)h.value;
  return 1;
}

void cbor_head(enum cbor_kind kind, uint64_t value) {
  uint32_t log = 0; /* of the bytes that the value takes */
  if (value < 24u) {
    cbor_byte((uint8_t)((uint32_t)kind << 5 | (uint32_t)value));
    return;
  }
  while (log < 3u && value >> (8u << log)) log++;
  cbor_byte((uint8_t)((uint32_t)kind << 5 | (24u + log)));
  for (uint32_t shift = 8u << log; shift;) cbor_byte((uint8_t)(value >> (shift -= 8u)));
}

void cbor_write(enum cbor_kind kind, const void *bytes, uint32_t n) {
  const uint8_t *at = bytes;
  cbor_head(kind, n);
  while (n--) cbor_byte(*at++);
}

void cbor_text(const char *text) {
  uint32_t n = 0;
  while (text[n]) n++;
  cbor_write(CBOR_TEXT, text, n);
}

void cbor_open(enum cbor_kind kind) { cbor_byte((uint8_t)((uint32_t)kind << 5 | ENDLESS)); }

void cbor_close(void) { cbor_byte(BREAK); }

void cbor_int(int32_t value) {
  if (value < 0)
    cbor_head(CBOR_NEGATIVE, (uint32_t)-(value + 1));
  else
    cbor_head(CBOR_UINT, (uint32_t)value);
}

void cbor_truth(int value) { cbor_head(CBOR_SIMPLE, value ? TRUE_ITEM : FALSE_ITEM); }

void cbor_float(uint32_t bits) {
  cbor_byte((uint8_t)(CBOR_SIMPLE << 5 | FLOAT32));
  for (uint32_t shift = 32u; shift;) cbor_byte((uint8_t)(bits >> (shift -= 8u)));
}

void cbor_put_u64(const char *key, uint64_t value) {
  cbor_text(key);
  cbor_head(CBOR_UINT, value);
}

void cbor_put_text(const char *key, const char *text) {
  cbor_text(key);
  cbor_text(text);
}

void cbor_put_truth(const char *key, int value) {
  cbor_text(key);
  cbor_truth(value);
}
