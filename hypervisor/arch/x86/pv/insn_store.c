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
static inline bool operand_take(struct reader *r, unsigned int modrm, unsigned int rex, struct insn_store *out)
{
	unsigned int mod = modrm >> 6, rm = modrm & 7, sib;

	if (mod > 1 || (mod == 0 && rm == 5))
		return false;
	if (rm == 4) {
		sib = byte_take(r);
		if ((sib & SIB_MASK) != SIB_BASE_ONLY || rex & REX_X)
			return false;
	}
	out->base = (uint8_t)(rm | (rex & REX_B ? 8 : 0));
	out->displacement = mod ? (int8_t)byte_take(r) : 0;
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

bool insn_store_decode(uint64_t bytes, struct insn_store *out)
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
	if (out->op == INSN_STORE_NONE || !operand_take(&r, modrm, rex, out))
		return false;
	constant_take(&r, out);
	out->width = out->op == INSN_STORE_AND_BYTE ? 1 : 8;
	out->length = (uint8_t)r.taken;
	return r.taken <= sizeof(bytes);
}
