/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugin for QEMU's user-mode emulators: counts executed instructions in a file that the firmware
 * maps too (timer_linux.c), so that counting is its clock. An inline addition for each block of
 * instructions costs little and is exact wherever a block begins, as at a call. */
#include "plugin.h"

static uint64_t *count;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, count,
                                           qemu_plugin_tb_n_insns(block));
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
  (void)info;
  count = map_words(option(argc, argv, "count"), sizeof *count);
  if (!count) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
