/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's search, for the host only: can buffers be packed into a given height?
 *
 * The caller owns all memory. A search is started once for a height; it then runs in slices of
 * nodes and from several starts, and keeps what it has proven to be impossible. It depends on
 * nothing but its arguments: same arguments, same result, on every machine. */
#ifndef EDGEINFER_PACKER_H
#define EDGEINFER_PACKER_H

#ifndef PACKER_CDEF
#include <stddef.h>
#include <stdint.h>
#endif

enum packer_answer {
  PACKER_NONE = 0,  /* there is no packing of this height */
  PACKER_FOUND = 1, /* there is one, see packer_places */
  PACKER_OPEN = 2,  /* the nodes are used up: run on, or restart */
  PACKER_FULL = 3   /* this start needs more memory: restart */
};

/* Buffers by number, places in any unit. Every pair of buffers that share a slot, and no other,
 * is in each other's `near` list, and one of the two lies at least `above` the other. */
typedef struct {
  int32_t buffers;
  int32_t slots;
  int32_t timeline;    /* the first so many slots are steps: a buffer is in consecutive ones */
  const int64_t *base; /* [buffers] the lowest place */
  const int64_t *top;  /* [buffers] how far the buffer reaches above its place */
  const int32_t
      *twin; /* [buffers] the previous buffer exactly like this one and of base 0, or -1 */
  const int32_t *near_start; /* [buffers + 1] into near, above and below */
  const int32_t *near;       /* the other buffer */
  const int64_t *above;      /* >= 1: where the other lies above, its distance at least */
  const int64_t *below;      /* >= 1: where the other lies below, its distance at least */
  const int32_t *in_start;   /* [buffers + 1] into in and weight */
  const int32_t *in;         /* slots of the buffer */
  const int64_t *weight;     /* >= 0: what the buffer adds to the height of that slot */
  const int32_t *slot_start; /* [slots + 1] into member */
  const int32_t *member;     /* buffers of the slot */
} packer_problem;

typedef struct packer packer;

/* Bytes of memory that a search needs; the table of failures has 2^table_bits entries. */
size_t packer_bytes(const packer_problem *problem, int32_t table_bits);

/* Start a search in `memory` (aligned to 8); problem and memory must stay. */
packer *packer_start(void *memory, const packer_problem *problem, int32_t table_bits,
                     int64_t height);

/* Begin anew at the root with other preferences: the buffer of smaller `rank` first, and one of
 * every `noise` choices (0: none) by chance. With an odd `seed`, first a buffer that will be level
 * with what lies beside it. */
void packer_restart(packer *search, const int32_t *rank, uint32_t noise, uint64_t seed);

/* Search on for at most `nodes` nodes. */
enum packer_answer packer_run(packer *search, int64_t nodes);

/* Nodes visited since packer_start. */
int64_t packer_nodes(const packer *search);

/* After PACKER_FOUND: the place of each buffer. */
void packer_places(const packer *search, int64_t *places);

#endif
