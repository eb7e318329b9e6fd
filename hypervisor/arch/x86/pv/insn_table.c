/*
 * Which opcodes the decoder knows (Intel manual, volume 2, appendix A).
 *
 * What is absent is unknown: forms that neither trap nor write memory have no row. Only forms whose destination is
 * memory are here, so of ADD and its like two out of six, and neither CMP nor TEST.
 */
#include "insn_table.h"

enum group { GROUP_ALU, GROUP_MOV, GROUP_NOT, GROUP_INC_BYTE, GROUP_INC, GROUP_BIT, GROUP_LDT, GROUP_DT, GROUP_COUNT };

/* `r/m8, r8` and `r/m, r`. */
#define PAIR(opcode, which)                                                                                            \
	[opcode] = {which, ROW_MODRM | ROW_BYTE}, [(opcode) + 1] = {which, ROW_MODRM}
#define STRING_PAIR(opcode, which, more)                                                                               \
	[opcode] = {which, ROW_STRING | ROW_BYTE}, [(opcode) + 1] = {which, ROW_STRING | (more)}

static const struct insn_row one_byte[256] = {
	PAIR(0x00, INSN_ADD), PAIR(0x08, INSN_OR), PAIR(0x10, INSN_ADC), PAIR(0x18, INSN_SBB),
	PAIR(0x20, INSN_AND), PAIR(0x28, INSN_SUB), PAIR(0x30, INSN_XOR),
	STRING_PAIR(0x6c, INSN_INS, ROW_PORT), STRING_PAIR(0x6e, INSN_OUTS, ROW_PORT),
	[0x80] = {GROUP_ALU, ROW_GROUP | ROW_MODRM | ROW_BYTE | ROW_IMM8},
	[0x81] = {GROUP_ALU, ROW_GROUP | ROW_MODRM | ROW_IMM},
	[0x83] = {GROUP_ALU, ROW_GROUP | ROW_MODRM | ROW_IMM8},
	PAIR(0x86, INSN_XCHG), PAIR(0x88, INSN_MOV),
	[0x9a] = {INSN_FAR_BRANCH, ROW_IMM | ROW_FAR | ROW_32},
	[0xa2] = {INSN_MOV, ROW_ABSOLUTE | ROW_BYTE}, [0xa3] = {INSN_MOV, ROW_ABSOLUTE},
	STRING_PAIR(0xa4, INSN_MOVS, 0), STRING_PAIR(0xaa, INSN_STOS, 0),
	[0xc6] = {GROUP_MOV, ROW_GROUP | ROW_MODRM | ROW_BYTE | ROW_IMM8},
	[0xc7] = {GROUP_MOV, ROW_GROUP | ROW_MODRM | ROW_IMM},
	[0xca] = {INSN_FAR_BRANCH, ROW_IMM16}, [0xcb] = {INSN_FAR_BRANCH, 0},
	[0xcc] = {INSN_INT3, 0}, [0xcd] = {INSN_INT, ROW_UIMM8}, [0xce] = {INSN_INTO, ROW_32}, [0xcf] = {INSN_IRET, 0},
	[0xe4] = {INSN_IN, ROW_BYTE | ROW_UIMM8}, [0xe5] = {INSN_IN, ROW_PORT | ROW_UIMM8},
	[0xe6] = {INSN_OUT, ROW_BYTE | ROW_UIMM8}, [0xe7] = {INSN_OUT, ROW_PORT | ROW_UIMM8},
	[0xea] = {INSN_FAR_BRANCH, ROW_IMM | ROW_FAR | ROW_32},
	[0xec] = {INSN_IN, ROW_BYTE}, [0xed] = {INSN_IN, ROW_PORT},
	[0xee] = {INSN_OUT, ROW_BYTE}, [0xef] = {INSN_OUT, ROW_PORT},
	[0xf4] = {INSN_HLT, 0},
	[0xf6] = {GROUP_NOT, ROW_GROUP | ROW_MODRM | ROW_BYTE}, [0xf7] = {GROUP_NOT, ROW_GROUP | ROW_MODRM},
	[0xfa] = {INSN_CLI, 0}, [0xfb] = {INSN_STI, 0},
	[0xfe] = {GROUP_INC_BYTE, ROW_GROUP | ROW_MODRM | ROW_BYTE}, [0xff] = {GROUP_INC, ROW_GROUP | ROW_MODRM},
};

static const struct insn_row two_byte[256] = {
	[0x00] = {GROUP_LDT, ROW_GROUP | ROW_MODRM | ROW_REGISTER},
	[0x01] = {GROUP_DT, ROW_GROUP | ROW_MODRM | ROW_REGISTER | ROW_NO_PREFIX},
	[0x06] = {INSN_CLTS, 0}, [0x07] = {INSN_SYSRET, 0}, [0x08] = {INSN_INVD, 0}, [0x09] = {INSN_WBINVD, 0},
	[0x20] = {INSN_MOV_FROM_CR, ROW_MODRM | ROW_SYSTEM}, [0x21] = {INSN_MOV_FROM_DR, ROW_MODRM | ROW_SYSTEM},
	[0x22] = {INSN_MOV_TO_CR, ROW_MODRM | ROW_SYSTEM}, [0x23] = {INSN_MOV_TO_DR, ROW_MODRM | ROW_SYSTEM},
	[0x30] = {INSN_WRMSR, ROW_NO_PREFIX}, [0x31] = {INSN_RDTSC, 0}, [0x32] = {INSN_RDMSR, ROW_NO_PREFIX},
	[0x33] = {INSN_RDPMC, 0},
	[0xa2] = {INSN_CPUID, 0},
	[0xa3] = {INSN_BT, ROW_MODRM}, [0xab] = {INSN_BTS, ROW_MODRM}, [0xb3] = {INSN_BTR, ROW_MODRM},
	[0xbb] = {INSN_BTC, ROW_MODRM}, [0xba] = {GROUP_BIT, ROW_GROUP | ROW_MODRM | ROW_IMM8},
	PAIR(0xb0, INSN_CMPXCHG), PAIR(0xc0, INSN_XADD),
	[0xc3] = {INSN_MOV, ROW_MODRM | ROW_NO_PREFIX},
};

static const uint8_t groups[GROUP_COUNT][8] = {
	[GROUP_ALU] = {INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR},
	[GROUP_MOV] = {INSN_MOV},
	[GROUP_NOT] = {[2] = INSN_NOT, [3] = INSN_NEG},
	[GROUP_INC_BYTE] = {INSN_INC, INSN_DEC},
	[GROUP_INC] = {INSN_INC, INSN_DEC, [3] = INSN_FAR_BRANCH, [5] = INSN_FAR_BRANCH},
	[GROUP_BIT] = {[4] = INSN_BT, [5] = INSN_BTS, [6] = INSN_BTR, [7] = INSN_BTC},
	[GROUP_LDT] = {INSN_SLDT, INSN_STR, INSN_LLDT, INSN_LTR},
	[GROUP_DT] = {INSN_SGDT, INSN_SIDT, INSN_LGDT, INSN_LIDT, INSN_SMSW, INSN_UNKNOWN, INSN_LMSW, INSN_INVLPG},
};

const struct insn_row *insn_row_find(bool second, uint8_t opcode)
{
	return second ? &two_byte[opcode] : &one_byte[opcode];
}

/* 0F 01 with a register operand is eight more instructions for each value of ModRM.reg, but for SMSW and LMSW. */
static enum insn_op descriptor_register_find(uint8_t modrm)
{
	switch (modrm) {
	case 0xd0: return INSN_XGETBV;
	case 0xd1: return INSN_XSETBV;
	case 0xf8: return INSN_SWAPGS;
	case 0xf9: return INSN_RDTSCP;
	}
	switch (modrm >> 3 & 7) {
	case 4: return INSN_SMSW;
	case 6: return INSN_LMSW;
	}
	return INSN_UNKNOWN;
}

enum insn_op insn_group_find(const struct insn_row *row, uint8_t modrm)
{
	if (row->op == GROUP_DT && modrm >= 0xc0)
		return descriptor_register_find(modrm);
	return groups[row->op][modrm >> 3 & 7];
}
