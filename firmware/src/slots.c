/* SPDX-License-Identifier: Apache-2.0
 * Two slots (one where there is little memory), switched so that no power cut does harm. */
#include "slots.h"

#include "small.h"

#if EI_SLOTS
#include <string.h>

#include "store.h"

#define SLOT_BYTES (EI_STORE_BYTES / EI_SLOTS / EI_STORE_BLOCK * EI_STORE_BLOCK)
#define BLANK 0xFFFFFFFFu

/* A slot begins with it, and the image follows. Each part is written when the one before it has
 * become true, and ends in what proves it whole. What is not to be believed any more gets zeros for
 * its CRC: nothing but the CRC itself could undo that, also not half an erasure. */
typedef struct {
  uint32_t firmware; /* CRC-32 of the model built in: another firmware's slots are not ours */
  uint32_t bytes;    /* of the image, which has proved itself */
  uint8_t sha[SHA_BYTES];
  uint32_t crc; /* CRC-32 of what is before */
  uint32_t reserved;
  uint32_t order;       /* of the switch to this slot: the highest one is valid */
  uint32_t order_check; /* ~order */
  uint32_t unused[2];
} slot_header;

enum { HEADER_BYTES = sizeof(slot_header), WHOLE_BYTES = offsetof(slot_header, order) };

int slot_running, slot_kept;

static const uint8_t *store;
static struct {
  uint32_t bytes; /* 0: there is no upload */
  uint32_t received;
  int slot;
  uint8_t sha[SHA_BYTES];
} upload;

static const slot_header *header_of(int slot) {
  return (const void *)(store + (uint32_t)slot * SLOT_BYTES);
}

/* It holds an image that has proved itself, and was not given up. A switch at which the power
 * failed counts as given up: it cannot be written anew. */
static int whole(int slot) {
  const slot_header *h = header_of(slot);
  const int switched = h->order != BLANK || h->order_check != BLANK;
  return h->firmware == EI_IMAGE_CRC && h->bytes <= SLOT_BYTES - HEADER_BYTES &&
         h->crc == ei_crc32(0, (const uint8_t *)h, offsetof(slot_header, crc)) &&
         (!switched || h->order_check == ~h->order);
}

/* 0: it was not switched to, or not for good. */
static uint32_t order_of(int slot) {
  const slot_header *h = header_of(slot);
  return whole(slot) && h->order != BLANK ? h->order : 0;
}

static int there_is(int slot) { return store && slot >= 0 && slot < (int)EI_SLOTS; }

const uint8_t *slot_image(int slot, uint32_t *bytes, const uint8_t **sha) {
  if (!there_is(slot) || !whole(slot)) return 0;
  const slot_header *h = header_of(slot);
  *bytes = h->bytes;
  *sha = h->sha;
  return (const uint8_t *)h + HEADER_BYTES;
}

uint32_t slot_room(void) { return store ? SLOT_BYTES - HEADER_BYTES : 0; }

static int use(int slot) {
  uint32_t bytes;
  const uint8_t *sha;
  const uint8_t *image =
      slot == SLOT_BUILT_IN ? model_built_in(&bytes) : slot_image(slot, &bytes, &sha);
  const int error = image ? model_use(image, bytes) : EI_ERR_FORMAT;
  if (error == EI_OK) slot_running = slot;
  return error;
}

void slots_start(void) {
  uint32_t before = BLANK;
  store = store_start();
  upload.bytes = 0;
  for (uint32_t turn = 0; store && turn < EI_SLOTS; turn++) { /* from the last switch on */
    int best = SLOT_BUILT_IN;
    for (int i = 0; i < (int)EI_SLOTS; i++)
      if (order_of(i) < before && order_of(i) > (best < 0 ? 0 : order_of(best))) best = i;
    if (best < 0) break;
    before = order_of(best);
    if (use(best) == EI_OK) {
      slot_kept = best;
      return;
    }
  }
  slot_running = slot_kept = SLOT_BUILT_IN;
  model_error = use(SLOT_BUILT_IN);
}

static slot_refusal sentence(int error) {
  switch (error) {
    case EI_OK: return 0;
    case EI_ERR_VERSION: return "The image is of another version of edgeinfer";
    case EI_ERR_CRC: return "The image was damaged on the way";
    case EI_ERR_KERNEL: return "The model needs a kernel that this firmware does not have";
    case MODEL_TOO_LARGE: return "The model needs a larger arena than this firmware has";
    case MODEL_FAILS: return "The model fails its self-test here";
    default: return "This is no sound image";
  }
}

/* What is written must be there afterwards. */
static int write_checked(int slot, uint32_t at, const void *bytes, uint32_t n) {
  store_write((uint32_t)slot * SLOT_BYTES + at, bytes, n);
  return memcmp(store + (uint32_t)slot * SLOT_BYTES + at, bytes, n) == 0;
}

/* The same, of the image. A block is erased when the first byte for it has come. */
static int write_image(uint32_t at, const uint8_t *bytes, uint32_t n) {
  const uint32_t begin = HEADER_BYTES + at;
  uint32_t block = (begin + EI_STORE_BLOCK - 1u) / EI_STORE_BLOCK * EI_STORE_BLOCK;
  for (; block < begin + n; block += EI_STORE_BLOCK)
    store_erase((uint32_t)upload.slot * SLOT_BYTES + block);
  return write_checked(upload.slot, begin, bytes, n);
}

static int give_up(int slot) {
  static const uint32_t zeros[2];
  return write_checked(slot, offsetof(slot_header, crc), zeros, sizeof zeros);
}

/* An erasure that is cut short may leave the header. */
static void vacate(int slot) {
  if (whole(slot)) (void)give_up(slot);
  store_erase((uint32_t)slot * SLOT_BYTES);
}

static int same_upload(const slot_header *h, uint32_t bytes, const uint8_t *sha) {
  return h->bytes == bytes && memcmp(h->sha, sha, SHA_BYTES) == 0;
}

/* The slot that the next start does not need; if it can be, one that holds nothing. */
static int free_slot(void) {
  if (EI_SLOTS == 1 || slot_kept == 1) return 0;
  return slot_kept == 0 || (whole(0) && !whole(1)) ? 1 : 0;
}

slot_refusal slot_begin(uint32_t bytes, const uint8_t *sha, uint32_t *next) {
  if (sha && upload.bytes == bytes && memcmp(upload.sha, sha, SHA_BYTES) == 0) {
    *next = upload.received;
    return 0;
  }
  if (!store) return "This board keeps no uploaded models";
  for (int i = 0; i < (int)EI_SLOTS; i++)
    if (sha && whole(i) && same_upload(header_of(i), bytes, sha)) {
      *next = bytes;
      return 0;
    }
  if (bytes == 0 || bytes > slot_room()) return "The image is larger than a slot";
  const int slot = free_slot();
  if (slot == slot_running) (void)use(slot == slot_kept ? SLOT_BUILT_IN : slot_kept);
  if (slot == slot_kept) slot_kept = SLOT_BUILT_IN;
  vacate(slot);
  upload.slot = slot;
  upload.bytes = bytes;
  *next = upload.received = 0;
  memset(upload.sha, 0, SHA_BYTES);
  if (sha) memcpy(upload.sha, sha, SHA_BYTES);
  return 0;
}

/* All bytes are there: do they make a model that runs here? */
static slot_refusal finish(void) {
  slot_header h;
  const uint8_t *image = (const uint8_t *)header_of(upload.slot) + HEADER_BYTES;
  const slot_refusal refusal = sentence(model_try(image, upload.bytes));
  if (refusal) return refusal;
  memset(&h, 0xFF, sizeof h);
  h.firmware = EI_IMAGE_CRC;
  h.bytes = upload.bytes;
  memcpy(h.sha, upload.sha, SHA_BYTES);
  h.crc = ei_crc32(0, (const uint8_t *)&h, offsetof(slot_header, crc));
  return write_checked(upload.slot, 0, &h, WHOLE_BYTES) ? 0 : "The memory of the slot fails";
}

slot_refusal slot_put(uint32_t at, const uint8_t *bytes, uint32_t n, uint32_t *next) {
  slot_refusal refusal = 0;
  uint8_t last[STORE_UNIT];
  *next = upload.received;
  if (!upload.bytes) return "No upload has begun";
  if (at != upload.received || at == upload.bytes) return 0; /* the host goes on from *next */
  if (n > upload.bytes - at) return "There are more bytes than were announced";
  const uint32_t rest = n % STORE_UNIT, ends = at + n == upload.bytes;
  int good = n == rest || write_image(at, bytes, n - rest);
  if (good && rest && ends) {
    memset(last, 0xFF, sizeof last);
    memcpy(last, bytes + n - rest, rest);
    good = write_image(at + n - rest, last, sizeof last);
  }
  upload.received += ends ? n : n - rest;
  if (!good)
    refusal = "The memory of the slot fails";
  else if (ends)
    refusal = finish();
  if (refusal) upload.bytes = 0;
  *next = upload.received;
  return refusal;
}

/* Let the next start find this slot: by one write of its own order, or by giving up the other's. */
static slot_refusal keep_slot(int slot) {
  uint32_t order[2], last = 0;
  int good = 1;
  for (int i = 0; i < (int)EI_SLOTS; i++)
    if (order_of(i) > last) last = order_of(i);
  if (slot == SLOT_BUILT_IN) {
    for (int i = 0; i < (int)EI_SLOTS; i++)
      if (i != slot_kept && order_of(i)) good = give_up(i) && good; /* the valid one last */
    if (slot_kept != SLOT_BUILT_IN) good = good && give_up(slot_kept);
  } else if (order_of(slot)) {
    good = slot_kept == SLOT_BUILT_IN || give_up(slot_kept);
  } else {
    order[0] = last + 1u;
    order[1] = ~order[0];
    good = write_checked(slot, offsetof(slot_header, order), order, sizeof order);
  }
  if (!good) return "The memory of the slot fails";
  slot_kept = slot;
  return 0;
}

slot_refusal slot_switch(int slot, int keep) {
  const int before = slot_running;
  slot_refusal refusal = 0;
  if (slot != SLOT_BUILT_IN && !(there_is(slot) && whole(slot)))
    return "There is no image in this slot";
  if (slot != before) refusal = sentence(use(slot));
  if (!refusal && keep && slot != slot_kept) refusal = keep_slot(slot);
  if (refusal) (void)use(before);
  return refusal;
}

slot_refusal slot_erase(int slot) {
  if (!there_is(slot)) return "There is no such slot";
  if (slot == slot_running || slot == slot_kept) return "The model in this slot is in use";
  if (upload.slot == slot) upload.bytes = 0;
  vacate(slot);
  return 0;
}
#endif
