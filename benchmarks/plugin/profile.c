/*
 * A plugin of QEMU's that counts the instructions which run between two marks, by where they lie: in user code, in the guest's
 * kernel, or in the hypervisor; and of the hypervisor's text each address by itself.
 *
 *	-plugin profile.so,text=ADDRESS,bytes=N,out=FILE[,begin=reset]
 *
 * A mark is an instruction that does nothing: nopl of 8 bytes with MARK_BEGIN or MARK_END as its displacement. Samples
 * between marks add up; with begin=reset the machine's reset is the first mark. At the machine's end FILE gets lines:
 * "samples N", "user N", "kernel N", "hypervisor N", and "at OFFSET N" for each address of the text that ran.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's interface of version 1, as far as it is used here: Debian has no package with its header. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*tb_function)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_function function);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*function)(qemu_plugin_id_t, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_op op, void *at, uint64_t by);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*function)(unsigned int, void *),
					    enum qemu_plugin_cb_flags flags, void *data);
extern __attribute__((visibility("default"))) int qemu_plugin_version;
int qemu_plugin_version = 1;

#define MARK_BYTES 8
#define MARK_BEGIN 0x48505301u
#define MARK_END 0x48505302u

/* Where the 64-bit ABI lets a hypervisor lie, and above it the guest's kernel. */
#define HYPERVISOR_FIRST 0xffff800000000000ul
#define KERNEL_FIRST 0xffff880000000000ul

/* The three places first, then one counter for each byte of the text. */
enum { USER, KERNEL, HYPERVISOR, TEXT };
static const char *const place_names[] = { "user", "kernel", "hypervisor" };
static uint64_t *running, *at_begin, *total;
static uint64_t text_first, text_bytes;
static uint64_t sample_count;
static bool between;
static char *out_name;

static unsigned int place_of(uint64_t address)
{
	if (address < HYPERVISOR_FIRST)
		return USER;
	return address < KERNEL_FIRST ? HYPERVISOR : KERNEL;
}

static void mark_passed(unsigned int cpu, void *data)
{
	size_t count = TEXT + text_bytes;

	(void)cpu;
	if ((uintptr_t)data == MARK_BEGIN) {
		memcpy(at_begin, running, count * sizeof(*running));
		between = true;
		return;
	}
	if (!between)
		return;
	for (size_t i = 0; i < count; i++)
		total[i] += running[i] - at_begin[i];
	sample_count++;
	between = false;
}

static uint32_t mark_read(const struct qemu_plugin_insn *insn)
{
	static const uint8_t nopl[] = { 0x0f, 0x1f, 0x84, 0x00 };
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	uint32_t mark;

	if (qemu_plugin_insn_size(insn) != MARK_BYTES || memcmp(bytes, nopl, sizeof(nopl)))
		return 0;
	memcpy(&mark, bytes + sizeof(nopl), sizeof(mark));
	return mark == MARK_BEGIN || mark == MARK_END ? mark : 0;
}

static void instruction_watch(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	uint32_t mark = mark_read(insn);

	if (mark)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_passed, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)mark);
	qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &running[place_of(address)], 1);
	if (address - text_first < text_bytes)
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &running[TEXT + address - text_first], 1);
}

static void block_watch(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
		instruction_watch(qemu_plugin_tb_get_insn(block, i));
}

static void result_write(qemu_plugin_id_t id, void *data)
{
	FILE *file = fopen(out_name, "w");

	(void)id;
	(void)data;
	if (!file) {
		perror(out_name);
		return;
	}
	fprintf(file, "samples %" PRIu64 "\n", sample_count);
	for (unsigned int place = 0; place < TEXT; place++)
		fprintf(file, "%s %" PRIu64 "\n", place_names[place], total[place]);
	for (uint64_t i = 0; i < text_bytes; i++)
		if (total[TEXT + i])
			fprintf(file, "at %" PRIu64 " %" PRIu64 "\n", i, total[TEXT + i]);
	fclose(file);
}

static void argument_read(const char *word)
{
	if (strncmp(word, "text=", 5) == 0)
		text_first = strtoull(word + 5, NULL, 0);
	else if (strncmp(word, "bytes=", 6) == 0)
		text_bytes = strtoull(word + 6, NULL, 0);
	else if (strncmp(word, "out=", 4) == 0)
		out_name = strdup(word + 4);
	else if (strcmp(word, "begin=reset") == 0)
		between = true;
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		argument_read(argv[i]);
	running = calloc(TEXT + text_bytes, sizeof(*running));
	at_begin = calloc(TEXT + text_bytes, sizeof(*running));
	total = calloc(TEXT + text_bytes, sizeof(*running));
	if (!out_name || !running || !at_begin || !total)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_watch);
	qemu_plugin_register_atexit_cb(id, result_write, NULL);
	return 0;
}
