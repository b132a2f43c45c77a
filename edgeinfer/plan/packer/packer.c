/* SPDX-License-Identifier: Apache-2.0 */
/* Branch and bound over canonical packings.
 *
 * Of all packings of a height, the one with the smallest sum of places has every buffer at its base
 * or exactly at its distance above another; none could jump down into free space; twins lie in
 * their order. The search looks for that one only. The idea of canonical solutions, of dominance
 * and of bounding by what is left above each floor is MiniMalloc's (Moffitt, ASPLOS 2023,
 * doi 10.1145/3623278.3624752).
 *
 * A node is, for each buffer not placed, the lowest place still possible (`low`), whether something
 * placed carries it there (`held`), and the place that it passed over although it was free
 * (`passed`). A slot's floor is the smallest low in it. A buffer is ready when it is at the floor
 * of each of its slots: then everything not placed that meets it will lie above. Where all buffers
 * at a slot's floor are ready, one of them is placed there or all of them go higher. The search
 * takes the slot with the fewest choices, at either edge of a valley of floors, not the lowest one,
 * so that a dead end is seen where it arises.
 *
 * Nodes that failed are remembered by 128 bits of hash, across restarts. */
#include "packer.h"

#include <string.h>

#define FAR ((int64_t)1 << 60)
#define NOTHING (-FAR)
#define SUMS 12 /* buffers of which all sums are looked at */

typedef struct {
  int64_t low;
  int64_t passed; /* NOTHING if none */
  int32_t held;
  int32_t pad;
} state;

typedef struct {
  int32_t index; /* a buffer, or ~slot */
  int32_t pad;
  state old; /* of a slot only low: its floor */
} change;

typedef struct {
  uint64_t key, check; /* of the node */
  int32_t buffer;
  int32_t higher; /* whether the buffer's place is tried, or all others */
  int32_t trail;
  int32_t pad;
} decision;

struct packer {
  const packer_problem *p;
  int64_t height;
  int64_t nodes;
  uint64_t key, check, random, table_mask;
  const int32_t *rank;
  uint32_t noise;
  int32_t left, loose, depth, changes, depth_limit, change_limit, touched_count, full;
  int32_t refuted, prefer_flush;
  state *now;          /* [buffers] low is FAR when placed */
  int64_t *place;      /* [buffers] */
  int64_t *floor;      /* [slots] */
  int64_t *rest;       /* [slots] weight of what is not placed */
  int64_t *blame;      /* [slots] how often the slot was full, since packer_start */
  int32_t *order;      /* like member: each slot's buffers, by rising low when last looked at */
  int32_t *carrier;    /* [buffers] the neighbour that last could carry it, into near */
  int32_t *blocker;    /* [buffers] the neighbour that last could come where it passed over */
  int32_t *touched;    /* [slots] */
  uint8_t *is_touched; /* [slots] */
  uint8_t *is_edge;    /* [slots] whether to look at the edge to the next slot */
  decision *stack;
  change *trail;
  uint64_t *table; /* [2 * entries] */
};

static size_t padded(size_t bytes) { return (bytes + 7) / 8 * 8; }

static int32_t depth_limit(const packer_problem *p) { return 16 * p->buffers + 64; }

static int32_t change_limit(const packer_problem *p) {
  return 65536 + 128 * p->buffers + 2 * p->slots;
}

/* Lays the arrays out behind `search`; with a null pointer, only counts. */
static size_t lay_out(packer *search, const packer_problem *p, int32_t table_bits) {
  const size_t n = (size_t)p->buffers, m = (size_t)p->slots;
  const size_t sizes[] = {
      n * sizeof(state),
      n * sizeof(int64_t),
      m * sizeof(int64_t),
      m * sizeof(int64_t),
      m * sizeof(int64_t),
      (size_t)p->slot_start[p->slots] * sizeof(int32_t),
      n * sizeof(int32_t),
      n * sizeof(int32_t),
      m * sizeof(int32_t),
      m,
      m,
      (size_t)depth_limit(p) * sizeof(decision),
      (size_t)change_limit(p) * sizeof(change),
      ((size_t)2 << table_bits) * sizeof(uint64_t),
  };
  size_t at = padded(sizeof(packer)), starts[sizeof sizes / sizeof sizes[0]];
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    starts[i] = at;
    at += padded(sizes[i]);
  }
  if (search) {
    char *memory = (char *)search;
    search->now = (state *)(void *)(memory + starts[0]);
    search->place = (int64_t *)(void *)(memory + starts[1]);
    search->floor = (int64_t *)(void *)(memory + starts[2]);
    search->rest = (int64_t *)(void *)(memory + starts[3]);
    search->blame = (int64_t *)(void *)(memory + starts[4]);
    search->order = (int32_t *)(void *)(memory + starts[5]);
    search->carrier = (int32_t *)(void *)(memory + starts[6]);
    search->blocker = (int32_t *)(void *)(memory + starts[7]);
    search->touched = (int32_t *)(void *)(memory + starts[8]);
    search->is_touched = (uint8_t *)(memory + starts[9]);
    search->is_edge = (uint8_t *)(memory + starts[10]);
    search->stack = (decision *)(void *)(memory + starts[11]);
    search->trail = (change *)(void *)(memory + starts[12]);
    search->table = (uint64_t *)(void *)(memory + starts[13]);
  }
  return at;
}

size_t packer_bytes(const packer_problem *problem, int32_t table_bits) {
  return lay_out(NULL, problem, table_bits);
}

packer *packer_start(void *memory, const packer_problem *problem, int32_t table_bits,
                     int64_t height) {
  packer *s = memory;
  memset(s, 0, sizeof *s);
  s->p = problem;
  s->height = height;
  s->table_mask = ((uint64_t)1 << table_bits) - 1;
  s->depth_limit = depth_limit(problem);
  s->change_limit = change_limit(problem);
  lay_out(s, problem, table_bits);
  memset(s->table, 0, ((size_t)2 << table_bits) * sizeof(uint64_t));
  memset(s->blame, 0, (size_t)problem->slots * sizeof *s->blame);
  return s;
}

int64_t packer_nodes(const packer *search) { return search->nodes; }

void packer_places(const packer *search, int64_t *places) {
  memcpy(places, search->place, (size_t)search->p->buffers * sizeof *places);
}

/* xorshift64*, Vigna 2016. */
static uint64_t chance(packer *s) {
  s->random ^= s->random >> 12;
  s->random ^= s->random << 25;
  s->random ^= s->random >> 27;
  return s->random * 0x2545F4914F6CDD1DULL;
}

/* The finalizer of SplitMix64. */
static uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/* Adds a buffer's state to the node's hash, or takes it away. */
static void hash(packer *s, int32_t i) {
  const state *now = &s->now[i];
  const uint64_t word = mixed((uint64_t)now->low * 4 + (uint64_t)now->held + ((uint64_t)i << 48)) ^
                        ((uint64_t)now->passed * 0x9E3779B97F4A7C15ULL);
  s->key ^= mixed(word + 0x9E3779B97F4A7C15ULL);
  s->check ^= mixed(word + 0xD1B54A32D192ED03ULL);
}

/* Whether conclusions about the buffer hang on others that are not placed. */
static int is_loose(const state *now) { return !now->held || now->passed != NOTHING; }

static change *noted(packer *s, int32_t index) {
  if (s->changes >= s->change_limit) {
    s->full = 1;
    return NULL;
  }
  change *entry = &s->trail[s->changes++];
  entry->index = index;
  return entry;
}

static void touch(packer *s, int32_t i) {
  const packer_problem *p = s->p;
  for (int32_t e = p->in_start[i]; e < p->in_start[i + 1]; e++) {
    const int32_t t = p->in[e];
    if (!s->is_touched[t]) {
      s->is_touched[t] = 1;
      s->touched[s->touched_count++] = t;
    }
  }
}

/* Gives buffer i another state. False if it cannot be so. */
static int set(packer *s, int32_t i, state next) {
  state *now = &s->now[i];
  change *entry = noted(s, i);
  if (!entry) return 0;
  entry->old = *now;
  hash(s, i);
  if (next.low != now->low) touch(s, i);
  s->loose += is_loose(&next) - is_loose(now);
  *now = next;
  hash(s, i);
  return next.low + s->p->top[i] <= s->height;
}

/* Sorts a slot's buffers by low, which they nearly are. */
static void sort(packer *s, int32_t t) {
  const packer_problem *p = s->p;
  int32_t *order = s->order;
  for (int32_t e = p->slot_start[t] + 1; e < p->slot_start[t + 1]; e++) {
    const int32_t i = order[e];
    const int64_t low = s->now[i].low;
    int32_t at = e;
    for (; at > p->slot_start[t] && s->now[order[at - 1]].low > low; at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
}

static int64_t weight(const packer *s, int32_t i, int32_t t) {
  const packer_problem *p = s->p;
  if (t < p->timeline) return p->weight[p->in_start[i] + t - p->in[p->in_start[i]]];
  for (int32_t e = p->in_start[i];; e++)
    if (p->in[e] == t) return p->weight[e];
}

/* Finds the floors of the slots touched. False if what is left does not fit above one. */
static int floors(packer *s) {
  const packer_problem *p = s->p;
  int fits = 1;
  while (s->touched_count) {
    const int32_t t = s->touched[--s->touched_count];
    s->is_touched[t] = 0;
    s->is_edge[t] = 1;
    if (t) s->is_edge[t - 1] = 1;
    if (!fits) continue;
    sort(s, t);
    const int64_t floor = s->now[s->order[p->slot_start[t]]].low;
    if (floor != s->floor[t]) {
      change *entry = noted(s, ~t);
      if (!entry) {
        fits = 0;
        continue;
      }
      entry->old.low = s->floor[t];
      s->floor[t] = floor;
    }
    if (floor == FAR) continue;
    int64_t stack = floor;
    for (int32_t e = p->slot_start[t]; e < p->slot_start[t + 1]; e++) {
      const int32_t i = s->order[e];
      const int64_t low = s->now[i].low;
      if (low == FAR) break;
      stack = (low > stack ? low : stack) + weight(s, i, t);
    }
    if (stack > s->height) {
      fits = 0;
      s->blame[t]++;
    }
  }
  return fits;
}

/* All sums of the weights, at most SUMS, sorted; their number. */
static int32_t sums_of(const int64_t *weights, int32_t count, int64_t *sums) {
  int64_t merged[1 << SUMS];
  int32_t n = 1;
  sums[0] = 0;
  for (int32_t i = 0; i < count; i++) {
    int32_t a = 0, b = 0, k = 0;
    while (a < n)
      merged[k++] = sums[a] <= sums[b] + weights[i] ? sums[a++] : sums[b++] + weights[i];
    while (b < n) merged[k++] = sums[b++] + weights[i];
    n = k;
    memcpy(sums, merged, (size_t)n * sizeof *sums);
  }
  return n;
}

/* Looks at slot t and the next where neither has room to spare: below the lowest buffer that is in
 * both, those of one slot alone reach as high as those of the other alone. */
static int edge(packer *s, int32_t t) {
  const packer_problem *p = s->p;
  const int64_t here = s->floor[t], next = s->floor[t + 1];
  if (here == FAR || next == FAR) return 1;
  const int64_t room = s->height - here - s->rest[t];
  const int64_t next_room = s->height - next - s->rest[t + 1];
  if (here <= next ? here + room >= next : next + next_room >= here) return 1;
  int64_t ends[SUMS], starts[SUMS], a[1 << SUMS], b[1 << SUMS];
  int32_t n_ends = 0, n_starts = 0;
  int crossing = 0;
  for (int32_t e = p->slot_start[t]; e < p->slot_start[t + 1]; e++) {
    const int32_t i = s->order[e];
    if (s->now[i].low == FAR) break;
    if (p->in[p->in_start[i + 1] - 1] > t) {
      crossing = 1;
    } else {
      if (n_ends == SUMS) return 1;
      ends[n_ends++] = weight(s, i, t);
    }
  }
  if (!crossing) return 1;
  for (int32_t e = p->slot_start[t + 1]; e < p->slot_start[t + 2]; e++) {
    const int32_t i = s->order[e];
    if (s->now[i].low == FAR) break;
    if (p->in[p->in_start[i]] == t + 1) {
      if (n_starts == SUMS) return 1;
      starts[n_starts++] = weight(s, i, t + 1);
    }
  }
  const int32_t n_a = sums_of(ends, n_ends, a), n_b = sums_of(starts, n_starts, b);
  int32_t x = 0, y = 0;
  while (x < n_a && y < n_b) {
    if (here + a[x] + room < next + b[y])
      x++;
    else if (next + b[y] + next_room < here + a[x])
      y++;
    else
      break;
  }
  if (x == n_a || y == n_b) return 0;
  const int64_t level = here + a[x] > next + b[y] ? here + a[x] : next + b[y];
  for (int32_t e = p->slot_start[t]; e < p->slot_start[t + 1]; e++) {
    const int32_t i = p->member[e];
    if (s->now[i].low >= level || p->in[p->in_start[i + 1] - 1] <= t) continue;
    state raise = s->now[i];
    raise.low = level;
    raise.held = 0;
    if (!set(s, i, raise)) return 0;
  }
  return 1;
}

/* Whether the neighbour at e of buffer i may yet come where i passed over. */
static int blocks(const packer *s, int32_t i, int32_t e) {
  return s->now[s->p->near[e]].low < s->now[i].passed + s->p->above[e];
}

/* Whether the neighbour at e, not placed, may yet carry buffer i at its low. */
static int carries(const packer *s, int32_t i, int32_t e) {
  return s->now[s->p->near[e]].low + s->p->below[e] <= s->now[i].low;
}

/* Raises buffer i, which nothing placed holds, to the lowest place where a buffer still to be
 * placed can carry it. False if there is none, or nothing can come where it passed over. */
static int carried(packer *s, int32_t i, int *moved) {
  const packer_problem *p = s->p;
  const int32_t from = p->near_start[i], to = p->near_start[i + 1];
  if (from == to) return 0;
  if (s->now[i].passed != NOTHING && !blocks(s, i, s->blocker[i])) {
    int32_t e = from;
    while (e < to && !blocks(s, i, e)) e++;
    if (e == to) return 0;
    s->blocker[i] = e;
  }
  if (s->now[i].held || carries(s, i, s->carrier[i])) return 1;
  state next = s->now[i];
  next.low = FAR;
  for (int32_t e = from; e < to; e++) {
    const int64_t low = s->now[p->near[e]].low + p->below[e];
    if (low >= next.low) continue;
    next.low = low;
    s->carrier[i] = e;
    if (low <= s->now[i].low) return 1;
  }
  if (next.low >= FAR) return 0;
  *moved = 1;
  return set(s, i, next);
}

/* Draws conclusions until nothing changes. False at a contradiction. */
static int conclude(packer *s) {
  const packer_problem *p = s->p;
  int moved = s->loose > 0;
  while (moved) {
    moved = 0;
    for (int32_t i = 0; i < p->buffers; i++) {
      const state *now = &s->now[i];
      if (now->low == FAR || !is_loose(now)) continue;
      if (!carried(s, i, &moved)) return 0;
    }
  }
  return 1;
}

/* Keeps twins in order: each lies above the one before. */
static int ordered(packer *s) {
  const packer_problem *p = s->p;
  for (int32_t i = 0; i < p->buffers; i++) {
    const int32_t before = p->twin[i];
    if (before < 0 || s->now[i].low == FAR || s->now[before].low == FAR) continue;
    const int64_t least = s->now[before].low + p->top[i];
    if (s->now[i].low < least) {
      state next = s->now[i];
      next.low = least;
      next.held = 0;
      if (!set(s, i, next)) return 0;
    }
  }
  return 1;
}

/* Draws all conclusions from what was changed. False at a contradiction. */
static int propagate(packer *s) {
  int fits = 1;
  int32_t t = 0;
  while (fits) {
    fits = ordered(s) && conclude(s);
    fits = floors(s) && fits;
    if (!fits) break;
    for (t = 0; t + 1 < s->p->timeline && fits && !s->touched_count; t++) {
      if (!s->is_edge[t]) continue;
      s->is_edge[t] = 0;
      fits = edge(s, t);
      if (!fits) {
        s->blame[t]++;
        s->blame[t + 1]++;
      }
    }
    if (!s->touched_count) break;
  }
  if (!fits) {
    while (s->touched_count) s->is_touched[s->touched[--s->touched_count]] = 0;
    memset(s->is_edge, 0, (size_t)s->p->slots);
  }
  return fits;
}

/* Buffer i at its low, everything else that meets it above. False at a contradiction. */
static int put(packer *s, int32_t i) {
  const packer_problem *p = s->p;
  const int64_t at = s->now[i].low;
  for (int32_t e = p->near_start[i]; e < p->near_start[i + 1]; e++) {
    const int32_t k = p->near[e];
    const state *now = &s->now[k];
    if (now->low == FAR) continue;
    const int64_t least = at + p->above[e];
    /* Of two buffers with one lifetime, the smaller is not directly above: exchanged, both lie
     * lower. */
    const int alike = s->p->timeline == s->p->slots &&
                      p->in_start[i + 1] - p->in_start[i] == p->in_start[k + 1] - p->in_start[k] &&
                      p->in[p->in_start[i]] == p->in[p->in_start[k]];
    state next = *now;
    if (least > now->passed && at < now->passed + p->below[e]) next.passed = NOTHING;
    if (least >= now->low) {
      next.low = least;
      next.held = !alike || p->top[k] >= p->top[i];
    }
    if (next.low != now->low || next.held != now->held || next.passed != now->passed) {
      if (!set(s, k, next)) return 0;
    }
  }
  return 1;
}

/* Places a buffer and draws the conclusions. False at a contradiction. */
static int placed(packer *s, int32_t i) {
  const packer_problem *p = s->p;
  if (s->now[i].passed != NOTHING) return 0;
  change *entry = noted(s, i);
  if (!entry) return 0;
  entry->old = s->now[i];
  s->place[i] = s->now[i].low;
  const int fits = put(s, i);
  hash(s, i);
  s->now[i].low = FAR;
  s->left--;
  for (int32_t e = p->in_start[i]; e < p->in_start[i + 1]; e++) s->rest[p->in[e]] -= p->weight[e];
  touch(s, i);
  return propagate(s) && fits;
}

/* Buffer i higher than its low, where it could lie. */
static int raised(packer *s, int32_t i) {
  state next = s->now[i];
  if (next.passed == NOTHING) next.passed = next.low;
  next.low++;
  next.held = 0;
  const int fits = set(s, i, next);
  return propagate(s) && fits;
}

static void undo(packer *s, int32_t trail) {
  const packer_problem *p = s->p;
  while (s->changes > trail) {
    const change *entry = &s->trail[--s->changes];
    if (entry->index < 0) {
      s->floor[~entry->index] = entry->old.low;
      continue;
    }
    const int32_t i = entry->index;
    if (s->now[i].low == FAR) {
      s->left++;
      for (int32_t e = p->in_start[i]; e < p->in_start[i + 1]; e++)
        s->rest[p->in[e]] += p->weight[e];
    } else {
      hash(s, i);
      s->loose += is_loose(&entry->old) - is_loose(&s->now[i]);
    }
    s->now[i] = entry->old;
    if (s->now[i].low != FAR) hash(s, i);
  }
}

static int known(const packer *s) {
  const uint64_t *entry = &s->table[2 * (s->key & s->table_mask)];
  return entry[0] == s->key && entry[1] == s->check;
}

static void remember(packer *s, const decision *d) {
  uint64_t *entry = &s->table[2 * (d->key & s->table_mask)];
  entry[0] = d->key;
  entry[1] = d->check;
}

static int is_ready(const packer *s, int32_t i) {
  const packer_problem *p = s->p;
  for (int32_t e = p->in_start[i]; e < p->in_start[i + 1]; e++)
    if (s->floor[p->in[e]] < s->now[i].low) return 0;
  return 1;
}

/* At how many of its ends a buffer, if placed at its low, would be level with the next step. */
static int flush(const packer *s, int32_t i) {
  const packer_problem *p = s->p;
  const int32_t first = p->in[p->in_start[i]], last = p->in[p->in_start[i + 1] - 1];
  const int64_t top = s->now[i].low + p->top[i];
  return (first > 0 && s->floor[first - 1] == top) +
         (last + 1 < p->slots && s->floor[last + 1] == top);
}

/* Whether i is the better of two buffers to place at the same floor. */
static int better(packer *s, int32_t i, int32_t than) {
  const int more = s->prefer_flush ? flush(s, i) - flush(s, than) : 0;
  if (more) return more > 0;
  if (s->noise && chance(s) % s->noise == 0) return (int)(chance(s) & 1);
  return s->rank[i] < s->rank[than];
}

/* The choices at a slot's floor and the best of them. A large number if they are not complete. */
static int32_t choices(packer *s, int32_t t, int32_t *best) {
  const packer_problem *p = s->p;
  int32_t count = s->floor[t] + s->rest[t] < s->height;
  *best = -1;
  for (int32_t e = p->slot_start[t]; e < p->slot_start[t + 1]; e++) {
    const int32_t i = p->member[e];
    const state *now = &s->now[i];
    if (now->low != s->floor[t]) continue;
    if (!is_ready(s, i)) return INT32_MAX;
    if (now->passed != NOTHING) { /* nothing can come below any more: forced to go higher */
      *best = i;
      return 1;
    }
    count++;
    if (*best < 0 || better(s, i, *best)) *best = i;
  }
  return count;
}

/* The buffer to decide on, or -1 if no buffer can be placed at some floor. */
static int32_t chosen(packer *s) {
  const int32_t m = s->p->slots;
  int32_t fewest = INT32_MAX, buffer = -1;
  int64_t blame = 1;
  for (int32_t from = 0, to; from < m; from = to) {
    const int64_t floor = s->floor[from];
    for (to = from + 1; to < m && s->floor[to] == floor; to++) continue;
    if (floor == FAR || (from && s->floor[from - 1] < floor) || (to < m && s->floor[to] < floor))
      continue;
    for (int edge = 0; edge < 2; edge++) {
      int32_t best;
      const int32_t t = edge ? to - 1 : from;
      const int32_t count = choices(s, t, &best);
      if (count == 0) return -1;
      if (count != INT32_MAX &&
          (buffer < 0 || (count - 1) * blame < (fewest - 1) * (s->blame[t] + 1))) {
        fewest = count;
        blame = s->blame[t] + 1;
        buffer = best;
      }
      if (to - from == 1) break;
    }
  }
  return buffer;
}

/* Goes back to the last decision with something left to try. False if there is none. */
static int backtrack(packer *s) {
  while (s->depth) {
    decision *d = &s->stack[s->depth - 1];
    undo(s, d->trail);
    if (!d->higher) {
      d->higher = 1;
      if (raised(s, d->buffer)) return 1;
      if (s->full) return 0;
      continue;
    }
    remember(s, d);
    s->depth--;
  }
  return 0;
}

void packer_restart(packer *s, const int32_t *rank, uint32_t noise, uint64_t seed) {
  const packer_problem *p = s->p;
  s->rank = rank;
  s->noise = noise;
  s->random = mixed(seed + 1) | 1;
  s->prefer_flush = (int32_t)(seed & 1);
  s->key = s->check = 0;
  s->depth = s->changes = s->full = s->loose = s->touched_count = 0;
  s->left = p->buffers;
  memset(s->is_touched, 0, (size_t)p->slots);
  memset(s->rest, 0, (size_t)p->slots * sizeof *s->rest);
  for (int32_t i = 0; i < p->buffers; i++) {
    s->now[i] = (state){.low = p->base[i], .passed = NOTHING, .held = 1};
    s->place[i] = 0;
    s->carrier[i] = s->blocker[i] = p->near_start[i];
    hash(s, i);
    for (int32_t e = p->in_start[i]; e < p->in_start[i + 1]; e++) s->rest[p->in[e]] += p->weight[e];
  }
  int fits = 1;
  for (int32_t i = 0; i < p->buffers; i++) {
    fits &= p->base[i] + p->top[i] <= s->height;
    touch(s, i);
  }
  for (int32_t t = 0; t < p->slots; t++) s->floor[t] = FAR;
  memcpy(s->order, p->member, (size_t)p->slot_start[p->slots] * sizeof *s->order);
  s->refuted = !(propagate(s) && fits);
}

enum packer_answer packer_run(packer *s, int64_t nodes) {
  if (s->refuted) return PACKER_NONE;
  for (; nodes > 0; nodes--) {
    if (!s->left) return PACKER_FOUND;
    s->nodes++;
    const int32_t i = known(s) ? -1 : chosen(s);
    int open = i >= 0;
    if (open) {
      if (s->depth == s->depth_limit) return PACKER_FULL;
      s->stack[s->depth++] = (decision){
          .key = s->key, .check = s->check, .buffer = i, .higher = 0, .trail = s->changes};
      open = placed(s, i);
    }
    if (!open && !s->full) open = backtrack(s);
    if (s->full) return PACKER_FULL;
    if (!open) return PACKER_NONE;
  }
  return PACKER_OPEN;
}
