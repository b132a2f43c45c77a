/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of QEMU's plugin interface, version 1, that is used here, and the file in which a plugin
 * counts: whoever mapped it too sees the counts grow. */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
struct qemu_plugin_tb; /* a block of translated instructions */
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_INLINE_ADD_U64 };
enum { QEMU_PLUGIN_CB_NO_REGS };
typedef uint64_t qemu_plugin_id_t;
typedef void (*on_translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*on_executed)(unsigned cpu, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, on_translated callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation,
                                              void *word, uint64_t amount);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, on_executed callback,
                                          int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

/* The value of an option "name=value"; an empty string when it was not given. */
static const char *option(int argc, char **argv, const char *name) {
  const size_t n = strlen(name);
  for (int i = 0; i < argc; i++)
    if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=') return argv[i] + n + 1;
  return "";
}

/* The words of an existing file of at least `bytes`; NULL, having said why, when it has none. */
static uint64_t *map_words(const char *path, size_t bytes) {
  const int file = open(path, O_RDWR);
  void *map = MAP_FAILED;
  if (file >= 0) map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) perror("the file to count in");
  if (file >= 0) close(file);
  return map == MAP_FAILED ? NULL : map;
}
