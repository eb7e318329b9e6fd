#pragma once
/* The opcode tables of the instruction decoder: one row for each opcode that it knows. Private to insn_*.c. */
#include <hyp/pv/insn.h>

enum insn_row_flag {
	ROW_MODRM = 1 << 0,	/* a ModRM byte follows; its operand must be memory unless ROW_REGISTER */
	ROW_REGISTER = 1 << 1,	/* it may be a register as well */
	ROW_GROUP = 1 << 2,	/* `op` is the number of a group, out of which ModRM.reg chooses */
	ROW_BYTE = 1 << 3,	/* operands of one byte */
	ROW_PORT = 1 << 4,	/* operands of at most four bytes */
	ROW_IMM = 1 << 5,	/* an immediate of the operand's width, at most four bytes, sign-extended */
	ROW_IMM8 = 1 << 6,	/* an immediate of one byte, sign-extended */
	ROW_UIMM8 = 1 << 7,	/* an immediate of one byte, zero-extended */
	ROW_STRING = 1 << 8,	/* operands at SI or DI; REP is allowed */
	ROW_ABSOLUTE = 1 << 9,	/* the address follows the opcode */
	ROW_FAR = 1 << 10,	/* a selector follows the immediate */
	ROW_IMM16 = 1 << 11,	/* an immediate of two bytes */
	ROW_SYSTEM = 1 << 12,	/* MOV to and from control and debug registers */
	ROW_NO_PREFIX = 1 << 13,/* with 66, F2 or F3 it is another instruction */
	ROW_32 = 1 << 14,	/* exists in 32-bit code only */
};

struct insn_row {
	uint8_t op;		/* enum insn_op, INSN_UNKNOWN if there is no such instruction */
	uint16_t flags;
};

/* The row of an opcode, of those that begin with 0F if `second`. */
const struct insn_row *insn_row_find(bool second, uint8_t opcode);
/* The instruction of a ROW_GROUP row for a ModRM byte. */
enum insn_op insn_group_find(const struct insn_row *row, uint8_t modrm);
