/*
 * The few stores that kernels change single page-table entries with, read from the first 8 bytes of the instruction.
 *
 *	mov %r, (m)		mov $imm32, (m)		xchg %r, (m)		8 bytes wide
 *	lock cmpxchg %r, (m)	lock and $imm8, (m)				8 bytes wide
 *	lock andb $imm8, (m)
 *
 * where m is a register without or with a displacement of one byte. All else, with any other prefix, and CMPXCHG that fails,
 * is left to insn_decode.
 *
 * I1. What is recognised here has the meaning that insn_decode and insn_write_plan give to it: value, registers, flags,
 *     length.
 * I2. Nothing depends on bytes beyond the 8.
 */
#include <hyp/pv/insn.h>

#define LOCK 0xf0u
#define REX 0x40u
#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u
/* The SIB byte that says: base register 4 or 12, no index; the scale says nothing then. */
#define SIB_BASE_ONLY 0x24u
#define SIB_MASK 0x3fu

#define FLAG_CF BIT(0)
#define FLAG_PF BIT(2)
#define FLAG_AF BIT(4)
#define FLAG_ZF BIT(6)
#define FLAG_SF BIT(7)
#define FLAG_OF BIT(11)
#define FLAG_RF BIT(16)
#define FLAGS_ARITHMETIC (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* Bytes on their way: the next one is the lowest. */
struct reader {
	uint64_t left;
	unsigned int taken;
};

static inline unsigned int byte_take(struct reader *r)
{
	unsigned int byte = r->left & 0xff;

	r->left >>= 8;
	r->taken++;
	return byte;
}

/* MOD, RM, SIB and displacement. False: another form than base and one byte. */
static inline bool operand_take(struct reader *r, unsigned int modrm, unsigned int rex, const struct cpu_user_regs *regs,
				uint64_t *address)
{
	unsigned int mod = modrm >> 6, rm = modrm & 7, sib;

	if (mod > 1 || (mod == 0 && rm == 5))
		return false;
	if (rm == 4) {
		sib = byte_take(r);
		if ((sib & SIB_MASK) != SIB_BASE_ONLY || rex & REX_X)
			return false;
	}
	*address = *insn_reg((struct cpu_user_regs *)regs, rm | (rex & REX_B ? 8 : 0));
	if (mod)
		*address += (uint64_t)(int64_t)(int8_t)byte_take(r);
	return true;
}

/* The operation behind the opcode; for those of a group, ModRM's middle field chooses. */
static inline enum insn_store_op op_of(unsigned int opcode, bool lock, bool wide, unsigned int group)
{
	switch (opcode) {
	case 0x87: return wide && !lock ? INSN_STORE_XCHG : INSN_STORE_NONE;
	case 0x89: return wide && !lock ? INSN_STORE_MOV : INSN_STORE_NONE;
	case 0x80: return lock && group == 4 ? INSN_STORE_AND_BYTE : INSN_STORE_NONE;
	case 0xc7: return wide && !lock && group == 0 ? INSN_STORE_MOV_CONSTANT : INSN_STORE_NONE;
	case 0x83: return wide && lock && group == 4 ? INSN_STORE_AND : INSN_STORE_NONE;
	case 0xfb1: return wide && lock ? INSN_STORE_CMPXCHG : INSN_STORE_NONE;
	default: return INSN_STORE_NONE;
	}
}

static inline void constant_take(struct reader *r, struct insn_store *out)
{
	if (out->op == INSN_STORE_MOV_CONSTANT) {
		out->constant = (uint64_t)(int64_t)(int32_t)r->left;
		r->taken += 4;
	} else if (out->op == INSN_STORE_AND || out->op == INSN_STORE_AND_BYTE) {
		out->constant = (uint64_t)(int64_t)(int8_t)byte_take(r);
	}
}

bool insn_store_decode(uint64_t bytes, const struct cpu_user_regs *regs, struct insn_store *out)
{
	struct reader r = {.left = bytes};
	unsigned int rex = 0, opcode = byte_take(&r), modrm;
	bool lock = opcode == LOCK;

	if (lock)
		opcode = byte_take(&r);
	if ((opcode & 0xf0) == REX) {
		rex = opcode;
		opcode = byte_take(&r);
	}
	if (opcode == 0x0f)
		opcode = 0xf00 | byte_take(&r);
	modrm = byte_take(&r);
	out->op = op_of(opcode, lock, rex & REX_W, modrm >> 3 & 7);
	out->reg = (uint8_t)((modrm >> 3 & 7) | (rex & REX_R ? 8 : 0));
	if (out->op == INSN_STORE_NONE || !operand_take(&r, modrm, rex, regs, &out->address))
		return false;
	constant_take(&r, out);
	out->width = out->op == INSN_STORE_AND_BYTE ? 1 : 8;
	out->length = (uint8_t)r.taken;
	return r.taken <= sizeof(bytes);
}

bool insn_store_plan(const struct insn_store *store, const struct cpu_user_regs *regs, uint64_t old, uint64_t *value)
{
	switch (store->op) {
	case INSN_STORE_CMPXCHG:
		if (old != regs->rax)
			return false;
		[[fallthrough]];
	case INSN_STORE_XCHG:
	case INSN_STORE_MOV: *value = *insn_reg((struct cpu_user_regs *)regs, store->reg); return true;
	case INSN_STORE_MOV_CONSTANT: *value = store->constant; return true;
	case INSN_STORE_AND_BYTE: *value = old & store->constant & 0xff; return true;
	case INSN_STORE_AND: *value = old & store->constant; return true;
	default: return false;
	}
}

/* Logic clears CF, OF and AF. */
static uint64_t flags_of_and(const struct insn_store *store, uint64_t value)
{
	return (value ? 0 : FLAG_ZF) | (value >> (store->width * 8 - 1) & 1 ? FLAG_SF : 0) |
	       (__builtin_parity(value & 0xff) ? 0 : FLAG_PF);
}

void insn_store_commit(const struct insn_store *store, struct cpu_user_regs *regs, uint64_t old, uint64_t value)
{
	if (store->op == INSN_STORE_XCHG)
		*insn_reg(regs, store->reg) = old;
	else if (store->op == INSN_STORE_CMPXCHG)
		regs->rflags = (regs->rflags & ~FLAGS_ARITHMETIC) | FLAG_ZF | FLAG_PF;
	else if (store->op == INSN_STORE_AND || store->op == INSN_STORE_AND_BYTE)
		regs->rflags = (regs->rflags & ~FLAGS_ARITHMETIC) | flags_of_and(store, value);
	regs->rip += store->length;
	regs->rflags &= ~FLAG_RF;
}
