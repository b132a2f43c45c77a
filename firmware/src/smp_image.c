/* SPDX-License-Identifier: Apache-2.0
 * SMP's group 1, of images: the model that is built in, as slot 0, and the slots for others. */
#include "smp.h"

#if EI_SMP_BYTES
#include "slots.h"

enum id { STATE = 0, UPLOAD = 1, ERASE = 5 };

static uint32_t next; /* byte of the upload */

/* What is known of slot i - 1 of slots.h, or of what is built in (0). NULL: it holds no image. */
static const uint8_t *image_at(uint32_t i, uint32_t *bytes, const uint8_t **sha) {
  static const uint8_t built_in[SHA_BYTES] = EI_IMAGE_SHA;
#if EI_SLOTS
  if (i > 0) return slot_image((int)i - 1, bytes, sha);
#endif
  *sha = built_in;
  return i ? 0 : model_built_in(bytes);
}

static void say_image(uint32_t i, int running, int kept) {
  uint32_t bytes;
  const uint8_t *sha, *image = image_at(i, &bytes, &sha);
  ei_model m;
  if (!image) return;
  const int bootable = ei_verify(image, (size_t)bytes, &m) == EI_OK;
  cbor_open(CBOR_MAP);
  cbor_put_u64("slot", i);
  cbor_text("version");
  cbor_write(CBOR_TEXT, bootable ? m.name : "", bootable ? m.name_bytes : 0);
  cbor_text("hash");
  cbor_write(CBOR_BYTES, sha, SHA_BYTES);
  cbor_put_truth("bootable", bootable);
  cbor_put_truth("pending", kept && !running);
  cbor_put_truth("confirmed", kept);
  cbor_put_truth("active", running);
  cbor_close();
}

static void say_state(void) {
  cbor_text("images");
  cbor_open(CBOR_ARRAY);
#if EI_SLOTS
  for (int i = SLOT_BUILT_IN; i < (int)EI_SLOTS; i++)
    say_image((uint32_t)(i + 1), i == slot_running, i == slot_kept);
#else
  say_image(0, 1, 1);
#endif
  cbor_close();
  cbor_put_u64("splitStatus", 0);
}

static void say_next(void) { cbor_put_u64("off", next); }

#if EI_SLOTS
static int answer_to(slot_refusal refusal) {
  return refusal ? smp_refuse(SMP_BAD_STATE, refusal) : SMP_OK;
}

/* The slot of slots.h whose image has this hash; EI_SLOTS: there is none. */
static int find(const uint8_t *hash, uint32_t n) {
  for (int i = SLOT_BUILT_IN; n == SHA_BYTES && i < (int)EI_SLOTS; i++) {
    uint32_t bytes, same = 0;
    const uint8_t *sha;
    if (!image_at((uint32_t)(i + 1), &bytes, &sha)) continue;
    while (same < SHA_BYTES && sha[same] == hash[same]) same++;
    if (same == SHA_BYTES) return i;
  }
  return (int)EI_SLOTS;
}

/* Run the image with this hash; with confirm also after a reset. Without hash: the one that runs.
 */
static int set_state(const cbor *request) {
  const uint8_t *hash;
  uint32_t n;
  int keep = 0, slot = slot_running;
  const int named = cbor_string(request, "hash", CBOR_BYTES, &hash, &n);
  if (named < 0 || cbor_bool(request, "confirm", &keep) < 0 || (!named && !keep))
    return smp_refuse(SMP_INVALID, "State needs a hash, or confirm");
  if (named) slot = find(hash, n);
  if (slot == (int)EI_SLOTS) return smp_refuse(SMP_NO_ENTRY, "No slot has an image of this hash");
  return answer_to(slot_switch(slot, keep));
}

static int upload(const cbor *request) {
  uint32_t off, bytes, n, sha_bytes, image = 0;
  const uint8_t *data, *sha = 0;
  if (cbor_u32(request, "off", &off) <= 0 ||
      cbor_string(request, "data", CBOR_BYTES, &data, &n) <= 0 ||
      cbor_u32(request, "image", &image) < 0)
    return smp_refuse(SMP_INVALID, "Upload needs off and data");
  if (image) return smp_refuse(SMP_NO_ENTRY, "There is image 0 only");
  if (off == 0) {
    const int with_sha = cbor_string(request, "sha", CBOR_BYTES, &sha, &sha_bytes);
    if (with_sha < 0 || (with_sha && sha_bytes != SHA_BYTES) ||
        cbor_u32(request, "len", &bytes) <= 0)
      return smp_refuse(SMP_INVALID, "Upload begins with len, and sha of 32 bytes if any");
    const slot_refusal refusal = slot_begin(bytes, sha, &next);
    if (refusal || next) return answer_to(refusal);
  }
  return answer_to(slot_put(off, data, n, &next));
}

static int erase(const cbor *request) {
  uint32_t slot = 1;
  if (cbor_u32(request, "slot", &slot) < 0 || slot > EI_SLOTS)
    return smp_refuse(SMP_NO_ENTRY, "There is no such slot");
  return answer_to(slot_erase((int)slot - 1));
}
#else
static int no_slots(const cbor *request) {
  (void)request;
  return smp_refuse(SMP_BAD_STATE, "This firmware has no slots for uploaded models");
}
#define set_state no_slots
#define upload no_slots
#define erase no_slots
#endif

static const smp_command commands[] = {
    {STATE, SMP_READ, 0, say_state},
    {STATE, SMP_WRITE, set_state, say_state},
    {UPLOAD, SMP_WRITE, upload, say_next},
    {ERASE, SMP_WRITE, erase, 0},
};
const smp_group smp_image = {1, sizeof commands / sizeof *commands, commands};
#endif
