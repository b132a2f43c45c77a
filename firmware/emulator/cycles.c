/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugin for QEMU's Cortex-M machines: estimates cycles from executed instructions by their kind
 * (docs/cycles.md says how, and what this leaves out). Each call of the function that reads the
 * clock notes the estimates so far in the file of option `cycles`, which so holds what lies between
 * any two readings of the clock.
 *
 * Words of the file: how many marks there were, the address of that function (it changes when the
 * running board is flashed), then a ring of RING marks, CORES words each. */
#include "plugin.h"
#include "thumb.h"

#include <stdlib.h>

enum { RING = 8192 };
enum { CORES = 5 }; /* edgeinfer/boards/cycles.py names them in this order */

/* Cycles by kind; those of a MULTIPLE are for all but its words. */
static const struct core {
  uint8_t kind[KINDS];
  uint8_t words_a_cycle;        /* of a MULTIPLE */
  uint8_t next;                 /* of a load or store right behind another */
  uint8_t taken, call, returns; /* more, for filling the pipeline again */
} core[CORES] = {
#define KIND(alu, mul, mla, mull, mlal, div, ldr, str, strx, ldm, fma, fdiv, b, bl) \
  {alu, mul, mla, mull, mlal, div, ldr, str, strx, ldm, fma, fdiv, b, bl}
    {KIND(1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 2), 1, 2, 2, 2, 3},   /* Cortex-M0 */
    {KIND(1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 2), 1, 2, 1, 1, 2},   /* Cortex-M0+ */
    {KIND(1, 1, 2, 4, 5, 12, 2, 1, 2, 1, 1, 1, 1, 1), 1, 1, 2, 2, 2},  /* Cortex-M3 */
    {KIND(1, 1, 1, 1, 1, 12, 2, 1, 2, 1, 3, 14, 1, 1), 1, 1, 2, 2, 2}, /* Cortex-M4 */
    {KIND(1, 1, 1, 1, 1, 12, 1, 1, 1, 0, 1, 14, 1, 1), 2, 1, 1, 1, 1}, /* Cortex-M7 */
};

struct block {
  uint64_t begin, end; /* addresses */
  uint32_t cycles[CORES];
  uint8_t taken[CORES]; /* more when another block than the one behind it comes next */
};

static uint64_t *words, total[CORES];
static const struct block nothing, *last = &nothing;

static bool is_store(enum kind kind) { return kind == STORE || kind == INDEXED_STORE; }

static void add_instruction(struct block *block, struct thumb is, enum kind before) {
  const bool behind = before == LOAD || is_store(before);
  for (int c = 0; c < CORES; c++) {
    const struct core *const cost = &core[c];
    uint32_t cycles = cost->kind[is.kind];
    if (is.kind == MULTIPLE)
      cycles += (is.n + cost->words_a_cycle - 1u) / cost->words_a_cycle;
    else if (behind && (is.kind == LOAD || is_store(is.kind)) && cycles > cost->next)
      cycles = cost->next;
    block->cycles[c] += cycles;
    block->taken[c] = is.returns ? cost->returns : is.kind == CALL ? cost->call : cost->taken;
  }
}

static void executed(unsigned cpu, void *data) {
  const struct block *const block = data;
  (void)cpu;
  if (block->begin != last->end)
    for (int c = 0; c < CORES; c++) total[c] += last->taken[c];
  if (block->begin == words[1]) {
    memcpy(words + 2 + words[0] % RING * CORES, total, sizeof total);
    words[0]++;
  }
  for (int c = 0; c < CORES; c++) total[c] += block->cycles[c];
  last = block;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  struct block *const block = calloc(1, sizeof *block); /* QEMU keeps it for as long as it runs */
  enum kind before = ALU;
  (void)id;
  if (!block) abort();
  block->begin = block->end = qemu_plugin_tb_vaddr(tb);
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
    const struct qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
    const uint8_t *const at = qemu_plugin_insn_data(insn);
    const size_t size = qemu_plugin_insn_size(insn);
    const unsigned high = (unsigned)(at[0] | at[1] << 8);
    const struct thumb is =
        size == 4 ? thumb_32(high, (unsigned)(at[2] | at[3] << 8)) : thumb_16(high);
    add_instruction(block, is, before);
    before = is.kind;
    block->end += size;
  }
  qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
  (void)info;
  words = map_words(option(argc, argv, "cycles"), (2 + RING * CORES) * sizeof *words);
  if (!words) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
