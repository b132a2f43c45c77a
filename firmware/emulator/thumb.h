/* SPDX-License-Identifier: Apache-2.0
 *
 * Thumb instructions by what they cost (Arm's Architecture Reference Manuals v6-M and v7-M, the
 * encodings of chapter A5). */
#include <stdbool.h>
#include <stdint.h>

enum kind {
  ALU,
  MULTIPLY,
  MULTIPLY_ADD,
  LONG_MULTIPLY,
  LONG_MULTIPLY_ADD,
  DIVIDE,
  LOAD,
  STORE,
  INDEXED_STORE, /* at a sum of two registers */
  MULTIPLE,      /* loads or stores of `n` words */
  FLOAT_MULTIPLY_ADD,
  FLOAT_DIVIDE,
  BRANCH,
  CALL,
  KINDS
};

struct thumb {
  enum kind kind;
  unsigned n;   /* words of a MULTIPLE */
  bool returns; /* a MULTIPLE that loads the program counter */
};

static unsigned bits_of(unsigned list) { return (unsigned)__builtin_popcount(list); }

static struct thumb thumb_multiple(unsigned list, bool returns) {
  const struct thumb found = {MULTIPLE, bits_of(list), returns};
  return found;
}

static struct thumb thumb_is(enum kind kind) {
  const struct thumb found = {kind, 0, false};
  return found;
}

static struct thumb thumb_16(unsigned h) {
  switch (h >> 12) {
    case 0x4:
      if ((h & 0x0F00u) == 0x0700u || (h & 0xFD87u) == 0x4487u) return thumb_is(BRANCH);
      if (h & 0x0800u) return thumb_is(LOAD);
      return thumb_is((h & 0xFFC0u) == 0x4340u ? MULTIPLY : ALU);
    case 0x5: return thumb_is((h >> 9 & 7u) < 3u ? INDEXED_STORE : LOAD);
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9: return thumb_is(h & 0x0800u ? LOAD : STORE);
    case 0xB:
      if ((h & 0xFE00u) == 0xB400u) return thumb_multiple(h & 0x1FFu, false);
      if ((h & 0xFE00u) == 0xBC00u) return thumb_multiple(h & 0x1FFu, h & 0x100u);
      return thumb_is((h & 0xF500u) == 0xB100u ? BRANCH : ALU);
    case 0xC: return thumb_multiple(h & 0xFFu, false);
    case 0xD:
    case 0xE: return thumb_is(BRANCH);
    default: return thumb_is(ALU);
  }
}

static struct thumb thumb_float(unsigned h, unsigned low) {
  if ((h & 0xFFE0u) == 0xEC40u || (h & 0xFF00u) != 0xEE00u) {
    const bool moves = (h & 0xFFE0u) == 0xEC40u; /* two core registers and a double */
    const bool single = (h & 0x0120u) == 0x0100u;
    if (moves || (h & 0xFE00u) != 0xEC00u) return thumb_is(ALU);
    if (single) return thumb_is(h & 0x10u ? LOAD : STORE);
    return thumb_multiple((1u << (low & 31u)) - 1u, false);
  }
  if (low & 0x10u) return thumb_is(ALU); /* from and to core registers */
  switch (h & 0xB0u) {
    case 0x00:
    case 0x10:
    case 0x90:
    case 0xA0: return thumb_is(FLOAT_MULTIPLY_ADD);
    case 0x80: return thumb_is(FLOAT_DIVIDE);
    case 0xB0: return thumb_is((h & 0xFu) == 1u && (low & 0xC0u) == 0xC0u ? FLOAT_DIVIDE : ALU);
    default: return thumb_is(ALU);
  }
}

static struct thumb thumb_32(unsigned h, unsigned low) {
  if ((h & 0xEC00u) == 0xEC00u) return thumb_float(h, low);
  if ((h & 0xFE40u) == 0xE800u) return thumb_multiple(low, (h & 0x10u) && (low & 0x8000u));
  if ((h & 0xFE40u) == 0xE840u) {
    if ((h & 0xFFF0u) == 0xE8D0u && (low & 0xFFE0u) == 0xF000u) return thumb_is(BRANCH);
    return thumb_multiple(3u, false);
  }
  if ((h & 0xF800u) == 0xF000u && (low & 0x8000u)) {
    if ((low & 0xD000u) == 0xD000u) return thumb_is(CALL);
    return thumb_is((low & 0x1000u) || (h & 0x0380u) != 0x0380u ? BRANCH : ALU);
  }
  if ((h & 0xFE00u) == 0xF800u) {
    if (h & 0x10u) return thumb_is((h & 0x60u) == 0x40u && low >> 12 == 15u ? BRANCH : LOAD);
    return thumb_is(!(h & 0x80u) && !(low & 0x0FC0u) ? INDEXED_STORE : STORE);
  }
  if ((h & 0xFF80u) == 0xFB00u) return thumb_is(low >> 12 == 15u ? MULTIPLY : MULTIPLY_ADD);
  if ((h & 0xFF80u) == 0xFB80u) {
    if ((h & 0x50u) == 0x10u) return thumb_is(DIVIDE);
    return thumb_is(h & 0x40u ? LONG_MULTIPLY_ADD : LONG_MULTIPLY);
  }
  return thumb_is(ALU);
}
