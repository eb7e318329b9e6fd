/*
 * A decoded instruction and the registers: operands, addresses, and the step to the next instruction.
 *
 * I1. A register's number is taken modulo 16 before it selects anything.
 * I2. An address that is given out is canonical in each byte of its operand.
 * I3. Arithmetic on guest values is on unsigned 64-bit words, so that it wraps as the processor's does.
 */
#include <hyp/pv/insn.h>

const uint8_t insn_reg_offset[16] = {
	offsetof(struct cpu_user_regs, rax), offsetof(struct cpu_user_regs, rcx), offsetof(struct cpu_user_regs, rdx),
	offsetof(struct cpu_user_regs, rbx), offsetof(struct cpu_user_regs, rsp), offsetof(struct cpu_user_regs, rbp),
	offsetof(struct cpu_user_regs, rsi), offsetof(struct cpu_user_regs, rdi), offsetof(struct cpu_user_regs, r8),
	offsetof(struct cpu_user_regs, r9),  offsetof(struct cpu_user_regs, r10), offsetof(struct cpu_user_regs, r11),
	offsetof(struct cpu_user_regs, r12), offsetof(struct cpu_user_regs, r13), offsetof(struct cpu_user_regs, r14),
	offsetof(struct cpu_user_regs, r15),
};

static uint64_t width_mask(unsigned int width)
{
	return width >= 8 ? UINT64_MAX : BIT(width * 8) - 1;
}

/* AH, CH, DH, BH: the second byte of registers 0 to 3, encoded as 4 to 7. */
static bool is_high_byte(const struct insn *insn, unsigned int index, unsigned int width)
{
	return width == 1 && insn->high_bytes && index % 16 >= 4 && index % 16 < 8;
}

uint64_t insn_reg_read(const struct cpu_user_regs *regs, const struct insn *insn, unsigned int index,
		       unsigned int width)
{
	if (is_high_byte(insn, index, width))
		return insn_reg_value(regs, index % 4) >> 8 & 0xff;
	return insn_reg_value(regs, index) & width_mask(width);
}

void insn_reg_write(struct cpu_user_regs *regs, const struct insn *insn, unsigned int index, unsigned int width,
		    uint64_t value)
{
	bool high = is_high_byte(insn, index, width);
	uint64_t *reg = insn_reg(regs, high ? index % 4 : index);
	unsigned int shift = high ? 8 : 0;
	uint64_t mask = width_mask(width) << shift;

	*reg = width == 4 ? value & mask : (*reg & ~mask) | (value << shift & mask);
}

/* The distance from the operand to the word that holds the bit, for a bit offset in a register: it is a signed
   number of the operand's width and reaches outside the operand. */
static uint64_t bit_string_distance(const struct insn *insn, const struct cpu_user_regs *regs)
{
	unsigned int bits = insn->width * 8;
	int64_t offset = (int64_t)(insn_reg_value(regs, insn->reg) << (64 - bits)) >> (64 - bits);

	return (uint64_t)(offset >> __builtin_ctz(bits)) * insn->width;
}

static bool is_bit_string(const struct insn *insn)
{
	return !insn->has_immediate && (insn->op == INSN_BT || (insn->op >= INSN_BTS && insn->op <= INSN_BTC));
}

uint64_t insn_offset(const struct insn *insn, const struct cpu_user_regs *regs)
{
	const struct insn_memory *m = &insn->memory;
	uint64_t offset = (uint64_t)m->disp;

	if (m->rip_relative)
		offset += regs->rip + insn->length;
	if (m->base != INSN_NO_REG)
		offset += insn_reg_value(regs, m->base);
	if (m->index != INSN_NO_REG)
		offset += insn_reg_value(regs, m->index) << m->scale;
	if (is_bit_string(insn))
		offset += bit_string_distance(insn, regs);
	return offset & width_mask(insn->address_width);
}

static bool is_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* In 64-bit code only FS and GS have a base. */
static enum status address_check(const struct insn *insn, unsigned int segment, uint64_t offset, uint64_t fs_base,
				 uint64_t gs_base, uint64_t *out)
{
	uint64_t first = offset + (segment == INSN_FS ? fs_base : segment == INSN_GS ? gs_base : 0);
	uint64_t last = first + insn->width - 1;

	if (insn->mode != INSN_MODE_64)
		return E_OPNOTSUPP;
	if (!is_canonical(first) || !is_canonical(last) || last < first)
		return E_FAULT;
	*out = first;
	return OK;
}

enum status insn_address(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t fs_base, uint64_t gs_base,
			 uint64_t *out)
{
	if (!insn->has_memory)
		return E_INVAL;
	return address_check(insn, insn->memory.segment, insn_offset(insn, regs), fs_base, gs_base, out);
}

enum status insn_source_address(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t fs_base,
				uint64_t gs_base, uint64_t *out)
{
	if (insn->op != INSN_MOVS)
		return E_INVAL;
	return address_check(insn, insn->source_segment, regs->rsi & width_mask(insn->address_width), fs_base, gs_base,
			     out);
}

void insn_source_set(struct insn *insn, uint64_t value)
{
	insn->immediate = value;
	insn->source_pending = false;
}

uint16_t insn_port(const struct insn *insn, const struct cpu_user_regs *regs)
{
	return (uint16_t)(insn->has_immediate ? insn->immediate : regs->rdx);
}

void insn_advance(const struct insn *insn, struct cpu_user_regs *regs)
{
	regs->rip += insn->length;
	if (insn->mode == INSN_MODE_32)
		regs->rip &= UINT32_MAX;
	regs->rflags &= ~RFLAGS_RF;
}

bool insn_string_is_empty(const struct insn *insn, const struct cpu_user_regs *regs)
{
	return insn->repeat && (regs->rcx & width_mask(insn->address_width)) == 0;
}

/* Index and count registers are as wide as addresses are. */
static void string_reg_add(const struct insn *insn, struct cpu_user_regs *regs, unsigned int index, uint64_t step)
{
	insn_reg_write(regs, insn, index, insn->address_width, insn_reg_value(regs, index) + step);
}

void insn_string_advance(const struct insn *insn, struct cpu_user_regs *regs)
{
	uint64_t step = regs->rflags & RFLAGS_DF ? -(uint64_t)insn->width : insn->width;

	if (insn_string_is_empty(insn, regs)) {
		insn_advance(insn, regs);
		return;
	}
	if (insn->op == INSN_OUTS || insn->op == INSN_MOVS)
		string_reg_add(insn, regs, INSN_RSI, step);
	if (insn->op != INSN_OUTS)
		string_reg_add(insn, regs, INSN_RDI, step);
	if (insn->repeat)
		string_reg_add(insn, regs, INSN_RCX, UINT64_MAX);
	if (!insn->repeat || insn_string_is_empty(insn, regs))
		insn_advance(insn, regs);
}
