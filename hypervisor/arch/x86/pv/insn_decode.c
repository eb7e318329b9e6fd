/*
 * From bytes to a struct insn (Intel manual, volume 2, chapter 2).
 *
 * The order is the encoding's: prefixes, opcode, ModRM, SIB, displacement, immediate; then the questions that need
 * the whole. The bytes are a guest's, so everything goes through one cursor:
 *
 * I1. No byte at or after `count` is read, nor the sixteenth of an instruction. After the first refusal the cursor
 *     gives zeros, so the code that reads need not ask at each step; the loop over prefixes ends at a zero.
 * I2. The answer for a sequence of bytes does not change when bytes that were not reached are added or changed:
 *     E_FAULT may become anything, OK and E_INVAL stay.
 */
#include <hyp/string.h>

#include "insn_table.h"

struct cursor {
	const uint8_t *bytes;
	unsigned int count;	/* bytes that are there */
	unsigned int limit;	/* where the longest instruction ends */
	unsigned int at;
	enum status status;
};

struct prefixes {
	bool operand_size;	/* 66 */
	bool address_size;	/* 67 */
	bool lock;
	bool repeat;		/* F2 or F3 */
	uint8_t rex;		/* 0 if none */
	int8_t segment;		/* enum insn_segment, -1 if none */
};

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

static uint8_t cursor_byte(struct cursor *c)
{
	if (c->status == OK && c->at >= c->limit)
		c->status = E_INVAL;
	else if (c->status == OK && c->at >= c->count)
		c->status = E_FAULT;
	return c->status == OK ? c->bytes[c->at++] : 0;
}

static uint64_t cursor_unsigned(struct cursor *c, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)cursor_byte(c) << (i * 8);
	return value;
}

static uint64_t cursor_signed(struct cursor *c, unsigned int bytes)
{
	unsigned int unused = 64 - bytes * 8;

	return (uint64_t)((int64_t)(cursor_unsigned(c, bytes) << unused) >> unused);
}

/* UD2 followed by "xen" asks for the next instruction to be emulated; a bare UD2 is not ours. */
static bool decode_forced_prefix(struct cursor *c)
{
	static const uint8_t prefix[INSN_FORCED_BYTES] = {0x0f, 0x0b, 0x78, 0x65, 0x6e};
	unsigned int present = MIN(c->count, INSN_FORCED_BYTES);

	if (present < 2 || memcmp(c->bytes, prefix, present) != 0)
		return false;
	c->at = present;
	c->limit = INSN_FETCH_MAX;
	return true;
}

/* One byte into the prefixes; false if it is none. */
static bool prefix_add(struct prefixes *p, enum insn_mode mode, uint8_t byte)
{
	switch (byte) {
	case 0x66:
		p->operand_size = true;
		return true;
	case 0x67:
		p->address_size = true;
		return true;
	case 0xf0:
		p->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		p->repeat = true;
		return true;
	case 0x64:
	case 0x65:
		p->segment = byte == 0x64 ? INSN_FS : INSN_GS;
		return true;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		/* 64-bit code has no such segments: the byte does not even replace another override. */
		if (mode == INSN_MODE_32)
			p->segment = (int8_t)(byte >> 3 & 3);
		return true;
	}
	return false;
}

/* Returns the first byte of the opcode. A REX prefix counts only if it is the last of the prefixes. */
static uint8_t decode_prefixes(struct cursor *c, enum insn_mode mode, struct prefixes *p)
{
	for (;;) {
		uint8_t byte = cursor_byte(c);
		bool rex = mode == INSN_MODE_64 && (byte & 0xf0) == 0x40;

		if (!rex && !prefix_add(p, mode, byte))
			return byte;
		p->rex = rex ? byte : 0;
	}
}

/* The base without SIB, and with it: number 5 without displacement means a displacement of 32 bits and no base. */
static void decode_base(struct insn_memory *m, unsigned int mod, unsigned int base, uint8_t rex)
{
	if (mod == 0 && base == 5)
		return;
	m->base = (uint8_t)(base | (rex & REX_B ? 8 : 0));
	if (m->base == INSN_RSP || m->base == INSN_RBP)
		m->segment = INSN_SS;
}

static void decode_sib(struct cursor *c, struct insn_memory *m, unsigned int mod, uint8_t rex, bool *far)
{
	uint8_t sib = cursor_byte(c);
	uint8_t index = (uint8_t)((sib >> 3 & 7) | (rex & REX_X ? 8 : 0));

	m->scale = sib >> 6;
	m->index = index == INSN_RSP ? INSN_NO_REG : index;
	decode_base(m, mod, sib & 7, rex);
	*far = mod == 2 || (mod == 0 && (sib & 7) == 5);
}

static void decode_memory(struct cursor *c, struct insn *insn, uint8_t modrm, const struct prefixes *p)
{
	struct insn_memory *m = &insn->memory;
	unsigned int mod = modrm >> 6, rm = modrm & 7;
	bool far = mod == 2 || (mod == 0 && rm == 5);	/* a displacement of four bytes */

	if (rm == 4) {
		decode_sib(c, m, mod, p->rex, &far);
	} else {
		decode_base(m, mod, rm, p->rex);
		m->rip_relative = insn->mode == INSN_MODE_64 && mod == 0 && rm == 5;
	}
	if (far || mod == 1)
		m->disp = (int64_t)cursor_signed(c, far ? 4 : 1);
}

/* Which control and debug registers there are. */
static bool system_register_exists(const struct insn *insn)
{
	bool control = insn->op == INSN_MOV_FROM_CR || insn->op == INSN_MOV_TO_CR;
	unsigned int known = control ? 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8 : 0xff;

	return known >> insn->reg & 1;
}

static void decode_modrm(struct cursor *c, struct insn *insn, const struct insn_row *row, const struct prefixes *p)
{
	uint8_t modrm = cursor_byte(c);

	insn->reg = (uint8_t)((modrm >> 3 & 7) | (p->rex & REX_R ? 8 : 0));
	insn->rm = (uint8_t)((modrm & 7) | (p->rex & REX_B ? 8 : 0));
	insn->has_memory = modrm < 0xc0 && !(row->flags & ROW_SYSTEM);
	if (row->flags & ROW_GROUP)
		insn->op = insn_group_find(row, modrm);

	if (c->status != OK)
		return;
	if (insn->op == INSN_UNKNOWN || ((row->flags & ROW_SYSTEM) && !system_register_exists(insn)) ||
	    (!insn->has_memory && !(row->flags & (ROW_REGISTER | ROW_SYSTEM))))
		c->status = E_INVAL;
	else if (insn->has_memory && insn->address_width == 2)
		c->status = E_INVAL;	/* the sixteen-bit forms of ModRM: no program for this machine needs them */
	else if (insn->has_memory)
		decode_memory(c, insn, modrm, p);
}

/* Operands that no ModRM byte names. */
static void decode_fixed_operands(struct cursor *c, struct insn *insn, const struct insn_row *row,
				  const struct prefixes *p)
{
	insn->reg = INSN_RAX;
	if (row->flags & ROW_ABSOLUTE) {
		insn->has_memory = true;
		insn->memory.disp = (int64_t)cursor_unsigned(c, insn->address_width);
	}
	if (row->flags & ROW_STRING) {
		insn->has_memory = true;
		insn->repeat = p->repeat;
		insn->source_pending = insn->has_immediate = insn->op == INSN_MOVS;
		insn->source_segment = insn->memory.segment;
		insn->memory.base = insn->op == INSN_OUTS ? INSN_RSI : INSN_RDI;
		/* The segment at DI cannot be overridden. */
		if (insn->op != INSN_OUTS)
			insn->memory.segment = INSN_ES;
	}
}

static unsigned int operand_width(const struct insn *insn, const struct insn_row *row, const struct prefixes *p)
{
	unsigned int width = p->rex & REX_W ? 8 : p->operand_size ? 2 : 4;

	if (row->flags & ROW_BYTE)
		return 1;
	if (row->flags & ROW_SYSTEM)
		return insn->mode == INSN_MODE_64 ? 8 : 4;
	return row->flags & ROW_PORT ? MIN(width, 4) : width;
}

/* The system instructions whose operand is not of the operand's width. */
static void fix_system_width(struct insn *insn)
{
	switch (insn->op) {
	case INSN_SGDT:
	case INSN_SIDT:
	case INSN_LGDT:
	case INSN_LIDT:
		insn->width = insn->mode == INSN_MODE_64 ? 10 : 6;
		break;
	case INSN_SMSW:
	case INSN_SLDT:
	case INSN_STR:
		insn->width = insn->has_memory ? 2 : insn->width;
		break;
	case INSN_LMSW:
	case INSN_LLDT:
	case INSN_LTR:
		insn->width = 2;
		break;
	case INSN_INVLPG:
		insn->width = 1;
		break;
	default:
		break;
	}
}

static void decode_immediate(struct cursor *c, struct insn *insn, uint16_t flags)
{
	if (flags & (ROW_IMM | ROW_IMM8 | ROW_UIMM8 | ROW_IMM16))
		insn->has_immediate = true;
	if (flags & ROW_IMM)
		insn->immediate = cursor_signed(c, MIN(insn->width, 4));
	else if (flags & ROW_IMM8)
		insn->immediate = cursor_signed(c, 1);
	else if (flags & (ROW_UIMM8 | ROW_IMM16))
		insn->immediate = cursor_unsigned(c, flags & ROW_IMM16 ? 2 : 1);
	if (flags & ROW_FAR)
		cursor_unsigned(c, 2);
}

/* The prefixes that make another instruction of it, or none. */
static bool prefixes_are_allowed(const struct insn *insn, const struct insn_row *row, const struct prefixes *p)
{
	/* 66 gives SMSW its width, and means nothing to RDMSR and WRMSR. */
	if ((row->flags & ROW_NO_PREFIX) && (p->repeat || (p->operand_size && insn->op != INSN_SMSW &&
							   insn->op != INSN_RDMSR && insn->op != INSN_WRMSR)))
		return false;
	if ((row->flags & ROW_32) && insn->mode != INSN_MODE_32)
		return false;
	return !p->lock || (insn->op >= INSN_ADD && insn->op <= INSN_BTC);
}

static void decode_instruction(struct cursor *c, struct insn *insn)
{
	struct prefixes p = {.segment = -1};
	uint8_t opcode = decode_prefixes(c, insn->mode, &p);
	bool second = opcode == 0x0f;
	const struct insn_row *row = insn_row_find(second, second ? cursor_byte(c) : opcode);

	insn->op = (enum insn_op)row->op;
	if (c->status == OK && row->op == INSN_UNKNOWN && !(row->flags & ROW_GROUP))
		c->status = E_INVAL;
	insn->address_width = insn->mode == INSN_MODE_64 ? (p.address_size ? 4 : 8) : (p.address_size ? 2 : 4);
	insn->width = (uint8_t)operand_width(insn, row, &p);
	insn->high_bytes = p.rex == 0;
	insn->lock = p.lock;
	insn->memory = (struct insn_memory){.segment = INSN_DS, .base = INSN_NO_REG, .index = INSN_NO_REG};

	if (row->flags & ROW_MODRM)
		decode_modrm(c, insn, row, &p);
	if (p.segment >= 0)
		insn->memory.segment = (uint8_t)p.segment;
	if (!(row->flags & ROW_MODRM))
		decode_fixed_operands(c, insn, row, &p);
	decode_immediate(c, insn, row->flags);
	fix_system_width(insn);
	if (c->status == OK && !prefixes_are_allowed(insn, row, &p))
		c->status = E_INVAL;
}

enum status insn_decode(const uint8_t *bytes, unsigned int count, enum insn_mode mode, struct insn *out)
{
	struct cursor c = {.bytes = bytes, .count = count, .limit = INSN_BYTES_MAX, .status = OK};
	struct insn insn = {.mode = mode};

	insn.forced = decode_forced_prefix(&c);
	decode_instruction(&c, &insn);
	if (c.status != OK)
		return c.status;
	insn.length = (uint8_t)c.at;
	*out = insn;
	return OK;
}
