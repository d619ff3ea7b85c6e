/* Counts the instructions that an emulated program executes: a plugin of qemu's translator, API version 1 of qemu 7.2
 * (docs/devel/tcg-plugins.rst). What it needs of qemu-plugin.h is declared here, as Debian ships no such header.
 *
 * The program asks for the counts so far by prctl(MARK, n), which the kernel knows nothing of; a line "n all vector
 * memory" is written to standard error for it. Classes as in the Arm Architecture Reference Manual, C4.1, bits 28 to 25.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
enum { PRCTL = 167, MARK = 0x48454152 };
enum op { INLINE_ADD_U64 };
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct info;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum op, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
typedef void (*syscall_cb)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, syscall_cb);

EXPORT int qemu_plugin_version = 1;

static uint64_t all, vector, memory;

static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
    size_t count = qemu_plugin_tb_n_insns(block);
    uint64_t vectors = 0, memories = 0;
    (void)id;
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i)), sizeof word);
        unsigned op0 = word >> 25 & 15;
        vectors += (op0 & 7) == 7;
        memories += (op0 & 5) == 4;
    }
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &all, count);
    if (vectors)
        qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &vector, vectors);
    if (memories)
        qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &memory, memories);
}

static void asked(plugin_id id, unsigned cpu, int64_t number, uint64_t what, uint64_t mark, uint64_t a3, uint64_t a4,
                  uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)cpu, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number == PRCTL && what == MARK)
        fprintf(stderr, "counted %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", mark, all, vector, memory);
}

EXPORT int qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, asked);
    return 0;
}
