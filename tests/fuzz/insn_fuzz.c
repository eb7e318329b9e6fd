/*
 * Any bytes as an instruction, any registers: decode, address, plan, commit.
 *
 * Input: one byte of mode and count, the registers and the old value, then the bytes. The decoder gets exactly `count`
 * bytes in an allocation of their own. What must hold is asserted: lengths and numbers in range, answers that do not
 * depend on bytes that were not reached, canonical addresses, values cut to the width, RIP moved by the length or not.
 */
#include <stdlib.h>
#include <string.h>

#include <hyp/pv/insn.h>

#define HOLDS(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct header {
	uint8_t mode_and_count;
	uint8_t old_value[8];
	uint8_t registers[18][8];	/* the general ones, RIP, RFLAGS */
};

static enum status decode_exactly(const uint8_t *bytes, unsigned int count, enum insn_mode mode, struct insn *insn)
{
	uint8_t *copy = malloc(count ? count : 1);
	enum status status;

	memcpy(copy, bytes, count);
	status = insn_decode(copy, count, mode, insn);
	free(copy);
	return status;
}

static void check_fields(const struct insn *insn, unsigned int count)
{
	const struct insn_memory *m = &insn->memory;

	HOLDS(insn->op > INSN_UNKNOWN && insn->op <= INSN_MOVS);
	HOLDS(insn->length >= 1 && insn->length <= count);
	HOLDS(insn->length <= (insn->forced ? INSN_FETCH_MAX : INSN_BYTES_MAX));
	HOLDS(insn->reg < 16 && insn->rm < 16);
	HOLDS(m->segment <= INSN_GS && m->base <= INSN_NO_REG && m->index <= INSN_NO_REG && m->index != INSN_RSP);
	HOLDS(m->scale <= 3);
	HOLDS(insn->address_width == 2 || insn->address_width == 4 || insn->address_width == 8);
	HOLDS(!insn_is_write(insn) || insn->has_memory);
	HOLDS(!insn_is_write(insn) || (insn->width <= 8 && __builtin_popcount(insn->width) == 1));
	HOLDS(!insn->lock || (insn->op >= INSN_ADD && insn->op <= INSN_BTC));
}

/* Fewer bytes are too few, and what follows does not matter; a refusal stays one. */
static void check_prefixes_of(const uint8_t *bytes, unsigned int count, enum insn_mode mode, enum status status,
			      const struct insn *insn)
{
	unsigned int reached = status == OK ? insn->length : count;
	struct insn other;

	for (unsigned int n = 0; n < reached; n++) {
		enum status shorter = decode_exactly(bytes, n, mode, &other);

		HOLDS(shorter == E_FAULT || (shorter == E_INVAL && status == E_INVAL));
	}
	if (status != OK)
		return;
	memset(&other, 0xff, sizeof(other));
	HOLDS(decode_exactly(bytes, insn->length, mode, &other) == OK);
	HOLDS(other.op == insn->op && other.length == insn->length && other.immediate == insn->immediate);
}

static void check_address(const struct insn *insn, const struct cpu_user_regs *regs)
{
	uint64_t address;

	if (insn_address(insn, regs, regs->r8, regs->r9, &address) == OK) {
		uint64_t top = address >> 47, last = (address + insn->width - 1) >> 47;

		HOLDS(insn->has_memory && (top == 0 || top == 0x1ffff) && top == last);
	}
	(void)insn_source_address(insn, regs, regs->r8, regs->r9, &address);
	(void)insn_port(insn, regs);
}

static void check_plan(struct insn *insn, struct cpu_user_regs *regs, uint64_t old_value)
{
	struct insn_write write;
	uint64_t rip = regs->rip;

	if (insn->source_pending)
		insn_source_set(insn, regs->r10);
	HOLDS((insn_write_plan(insn, regs, old_value, &write) == OK) == insn_is_write(insn));
	if (!insn_is_write(insn))
		return;
	HOLDS(write.width == insn->width && write.reg <= INSN_NO_REG);
	HOLDS(write.width == 8 || write.value >> (write.width * 8) == 0);
	HOLDS(((write.rflags ^ regs->rflags) & ~UINT64_C(0x8d5)) == 0);
	insn_write_commit(insn, &write, regs);
	HOLDS(insn->mode == INSN_MODE_32 || regs->rip == rip + insn->length || (insn->repeat && regs->rip == rip));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header header;
	struct cpu_user_regs regs = {};
	struct insn insn;
	uint64_t old_value;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	memcpy(&old_value, header.old_value, sizeof(old_value));
	for (unsigned int i = 0; i < 16; i++)
		memcpy(insn_reg(&regs, i), header.registers[i], 8);
	memcpy(&regs.rip, header.registers[16], 8);
	memcpy(&regs.rflags, header.registers[17], 8);

	const uint8_t *bytes = data + sizeof(header);
	unsigned int count = (unsigned int)MIN(size - sizeof(header), (size_t)(header.mode_and_count & 0x1f));
	enum insn_mode mode = header.mode_and_count & 0x80 ? INSN_MODE_32 : INSN_MODE_64;
	enum status status = decode_exactly(bytes, count, mode, &insn);

	HOLDS(status == OK || status == E_INVAL || status == E_FAULT);
	check_prefixes_of(bytes, count, mode, status, &insn);
	if (status != OK)
		return 0;
	check_fields(&insn, count);
	check_address(&insn, &regs);
	check_plan(&insn, &regs, old_value);
	insn_string_advance(&insn, &regs);
	return 0;
}
