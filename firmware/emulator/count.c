/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugin for QEMU's user-mode emulators: counts executed instructions in a file that the firmware
 * maps too (timer_linux.c), so that counting is its clock. An inline addition for each block of
 * instructions costs little and is exact wherever a block begins, as at a call.
 *
 * Another count, such as of a class of instructions or of estimated cycles, is another word of the
 * file with another addition in `translated`, which sees each instruction's bytes.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The part of QEMU's plugin interface, version 1, that is used here. */
#define EXPORT __attribute__((visibility("default")))
struct qemu_plugin_tb; /* a block of translated instructions */
enum { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef uint64_t qemu_plugin_id_t;
typedef void (*on_translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, on_translated callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation,
                                              void *word, uint64_t amount);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

enum { INSTRUCTIONS, WORDS }; /* of the file */

static uint64_t *words;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &words[INSTRUCTIONS],
                                           qemu_plugin_tb_n_insns(block));
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
  (void)info;
  const char *path = argc == 1 && strncmp(argv[0], "count=", 6) == 0 ? argv[0] + 6 : "";
  const int file = open(path, O_RDWR);
  const size_t bytes = WORDS * sizeof *words;
  void *map = MAP_FAILED;
  if (file >= 0) map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) {
    perror("the file that counts instructions");
    return 1;
  }
  close(file);
  words = map;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
