#pragma once
/*
 * The instructions that a 64-bit paravirtual guest traps on: read from bytes, and worked out on numbers.
 *
 * A guest's kernel runs in ring 3, so privileged instructions fault, and so do its writes to its own page tables.
 * The functions here turn the bytes at the faulting address into a struct insn and say what the instruction would do.
 * They touch no memory but their arguments: fetching the bytes, reading and writing the guest's memory, and every
 * privileged effect are the caller's, who fetches the bytes once and never looks at the guest's copy again.
 *
 * For a privileged instruction:		For a write to a page table:
 *	insn_decode				insn_decode, insn_is_write
 *	look at op and the operands		insn_address; is it the address that faulted?
 *	do it; insn_reg_write the result	read the old value (insn_source_set for MOVS)
 *	insn_advance, or for INS and OUTS	insn_write_plan
 *	insn_string_advance			write (compare-exchange), then insn_write_commit
 *
 * Everything is pure: any CPU, any context, no locks. No field of a decoded instruction is ever out of its range,
 * whatever the bytes were.
 */
#include <hyp/abi.h>
#include <hyp/pv/rflags.h>
#include <hyp/types.h>

/* An instruction has at most 15 bytes; the forced-emulation prefix comes before them. */
#define INSN_BYTES_MAX 15
#define INSN_FORCED_BYTES 5
#define INSN_FETCH_MAX (INSN_FORCED_BYTES + INSN_BYTES_MAX)

/* General registers in the order of the encoding. */
enum insn_register {
	INSN_RAX, INSN_RCX, INSN_RDX, INSN_RBX, INSN_RSP, INSN_RBP, INSN_RSI, INSN_RDI,
	INSN_R8, INSN_R9, INSN_R10, INSN_R11, INSN_R12, INSN_R13, INSN_R14, INSN_R15,
	INSN_NO_REG,
};

/* In the order of the encoding. */
enum insn_segment { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };

/* The code segment that the bytes come from: 64-bit, or a 32-bit one of a user program. */
enum insn_mode { INSN_MODE_64, INSN_MODE_32 };

enum insn_op {
	INSN_UNKNOWN,

	/* Privileged, or trapped by choice. */
	INSN_CLI, INSN_STI, INSN_HLT, INSN_CLTS, INSN_INVD, INSN_WBINVD, INSN_CPUID,
	INSN_RDMSR, INSN_WRMSR, INSN_RDTSC, INSN_RDTSCP, INSN_RDPMC, INSN_XGETBV, INSN_XSETBV,
	INSN_SWAPGS, INSN_SYSRET, INSN_IRET,
	INSN_MOV_FROM_CR, INSN_MOV_TO_CR,	/* reg: the control register; rm: the general one */
	INSN_MOV_FROM_DR, INSN_MOV_TO_DR,	/* reg: the debug register; rm: the general one */
	INSN_LMSW, INSN_SMSW, INSN_LLDT, INSN_LTR, INSN_SLDT, INSN_STR,	/* memory, or rm */
	INSN_LGDT, INSN_LIDT, INSN_SGDT, INSN_SIDT, INSN_INVLPG,	/* memory */
	INSN_IN, INSN_OUT,			/* insn_port; reg is INSN_RAX; width 1, 2 or 4 */
	INSN_INS, INSN_OUTS,			/* insn_port; memory; width 1, 2 or 4; repeat */
	INSN_INT,				/* immediate: the vector */
	INSN_INT3, INSN_INTO,
	INSN_FAR_BRANCH,			/* recognised only, so that callers can refuse it by name */

	/* Reads of one operand in memory that change flags only. */
	INSN_BT,

	/* Writes to memory. From here to INSN_BTC the LOCK prefix is allowed; the first seven are in the order of
	   the encoding, where the eighth (CMP) writes nothing. */
	INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR,
	INSN_INC, INSN_DEC, INSN_NOT, INSN_NEG,
	INSN_XCHG, INSN_CMPXCHG, INSN_XADD,
	INSN_BTS, INSN_BTR, INSN_BTC,
	INSN_MOV,				/* also MOVNTI and MOV to an absolute address */
	INSN_STOS, INSN_MOVS,
};

/* Where a memory operand is: segment base + base + (index << scale) + disp, or relative to the next instruction. */
struct insn_memory {
	uint8_t segment;	/* enum insn_segment: the override, or the default */
	uint8_t base;		/* enum insn_register */
	uint8_t index;		/* enum insn_register, never INSN_RSP */
	uint8_t scale;		/* 0 to 3 */
	bool rip_relative;	/* then there is neither base nor index */
	int64_t disp;
};

struct insn {
	enum insn_op op;
	enum insn_mode mode;
	uint8_t length;		/* bytes, the forced-emulation prefix included */
	uint8_t width;		/* bytes of the operand: 1, 2, 4, 8; of LGDT and its like 6 or 10; of INVLPG 1 */
	uint8_t address_width;	/* bytes of an address: 2 (INS, OUTS, STOS, MOVS of 32-bit code only), 4 or 8 */
	uint8_t reg;		/* the register operand, 0 to 15 */
	uint8_t rm;		/* the other register operand, 0 to 15, if !has_memory */
	bool has_memory;
	bool has_immediate;	/* the source is `immediate`, not `reg`; for IN and its like the port, not DX */
	bool source_pending;	/* MOVS: the source was not set yet, see insn_source_set */
	bool high_bytes;	/* of width 1, registers 4 to 7 are AH, CH, DH, BH (no REX prefix) */
	bool lock;		/* only where the processor allows it */
	bool repeat;		/* REP or REPNE, of string instructions only */
	bool forced;		/* the forced-emulation prefix was there */
	uint8_t source_segment;	/* enum insn_segment of the source of MOVS */
	struct insn_memory memory;
	uint64_t immediate;	/* sign-extended; port and vector are zero-extended */
};

/*
 * Reads one instruction from `bytes`, of which `count` are there (more than INSN_FETCH_MAX are not looked at).
 * E_FAULT: the bytes end before the instruction does; fetch more and decode again, or raise the fetch's page fault.
 * E_INVAL: not an instruction of ours, or one that the processor refuses: longer than 15 bytes, LOCK where it is not
 * allowed, no such control register. CMPXCHG8B and CMPXCHG16B are E_INVAL too.
 */
enum status insn_decode(const uint8_t *bytes, unsigned int count, enum insn_mode mode, struct insn *out);

/* True for what insn_write_plan takes: INSN_BT and all that writes memory. */
static inline bool insn_is_write(const struct insn *insn) { return insn->op >= INSN_BT; }

/* Where a register lies in struct cpu_user_regs, by its number. */
extern const uint8_t insn_reg_offset[16];
/* The register of that number; numbers are taken modulo 16. */
static inline uint64_t *insn_reg(struct cpu_user_regs *regs, unsigned int index)
{
	return (uint64_t *)((char *)regs + insn_reg_offset[index % 16]);
}
static inline uint64_t insn_reg_value(const struct cpu_user_regs *regs, unsigned int index)
{
	return *(const uint64_t *)((const char *)regs + insn_reg_offset[index % 16]);
}
uint64_t insn_reg_read(const struct cpu_user_regs *regs, const struct insn *insn, unsigned int index,
		       unsigned int width);
/* Writes as the processor does: 4 bytes clear the upper half, 1 and 2 bytes leave the rest alone. */
void insn_reg_write(struct cpu_user_regs *regs, const struct insn *insn, unsigned int index, unsigned int width,
		    uint64_t value);

/*
 * The address of the memory operand, before the instruction is executed: bit offsets in a register are followed.
 * E_FAULT: not canonical, in some byte of the operand (#SS(0) if the segment is INSN_SS, else #GP(0)).
 * E_INVAL: there is no memory operand. E_OPNOTSUPP: 32-bit code, whose segments have bases that are not known here;
 * insn_offset gives the offset in the segment.
 */
enum status insn_address(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t fs_base, uint64_t gs_base,
			 uint64_t *out);
/* The same for the source of MOVS; E_INVAL for any other. */
enum status insn_source_address(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t fs_base,
				uint64_t gs_base, uint64_t *out);
uint64_t insn_offset(const struct insn *insn, const struct cpu_user_regs *regs);
/* Says what the caller read at insn_source_address. */
void insn_source_set(struct insn *insn, uint64_t value);

/* The port of IN, OUT, INS, OUTS. */
uint16_t insn_port(const struct insn *insn, const struct cpu_user_regs *regs);

/* The instruction is done: moves RIP past it and clears RF. If TF was set the caller still owes the guest a #DB. */
void insn_advance(const struct insn *insn, struct cpu_user_regs *regs);
/* REP with a count of zero: a string instruction does nothing, and is over. */
bool insn_string_is_empty(const struct insn *insn, const struct cpu_user_regs *regs);
/* One iteration of a string instruction is done: moves SI and DI, counts CX down, and moves RIP after the last.
   Does nothing but insn_advance if the instruction is empty. */
void insn_string_advance(const struct insn *insn, struct cpu_user_regs *regs);

/* What a write to memory does. `width` bytes of `value` are to be stored if `writes`. */
struct insn_write {
	uint64_t value;
	uint64_t rflags;
	uint64_t reg_value;
	uint8_t width;
	uint8_t reg;		/* gets reg_value, `width` bytes of it; INSN_NO_REG if none does */
	bool writes;		/* false for BT, a failed CMPXCHG, and REP with a count of zero */
	bool atomic;		/* the value follows from the old one: store only if memory still holds it, else plan
				   again (XCHG and LOCK ask for it; without LOCK it is stricter than the processor) */
};

/*
 * Works out the instruction for the registers and for `old_value`, the operand as read from memory.
 * E_INVAL: !insn_is_write, or MOVS whose source was not set.
 */
enum status insn_write_plan(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t old_value,
			    struct insn_write *out);
/* Memory is written (or not to be written): updates registers, flags and RIP. `regs` are those of the plan. */
void insn_write_commit(const struct insn *insn, const struct insn_write *write, struct cpu_user_regs *regs);

/* The few stores that kernels change single page-table entries with (insn_store.c). */
enum insn_store_op {
	INSN_STORE_NONE, INSN_STORE_MOV, INSN_STORE_MOV_CONSTANT, INSN_STORE_XCHG, INSN_STORE_CMPXCHG, INSN_STORE_AND,
	INSN_STORE_AND_BYTE,
};
struct insn_store {
	enum insn_store_op op;
	uint8_t reg;		/* the register operand, 0 to 15 */
	uint8_t base;		/* the register that the operand's address begins with, 0 to 15 */
	uint8_t width;		/* bytes of the operand, 1 or 8 */
	uint8_t length;		/* bytes */
	int8_t displacement;	/* the rest of the operand's address */
	uint64_t constant;	/* sign-extended */
};
/* From the 8 bytes at RIP, the first one lowest; they decide all that is in *out. False: not one of them, ask insn_decode. */
bool insn_store_decode(uint64_t bytes, struct insn_store *out);
/* Of the operand; not looked at. */
static inline uint64_t insn_store_address(const struct insn_store *store, const struct cpu_user_regs *regs)
{
	return insn_reg_value(regs, store->base) + (uint64_t)(int64_t)store->displacement;
}
/* What to store, `width` bytes, if memory holds `old`, as many; false: ask insn_write_plan. */
static inline bool insn_store_plan(const struct insn_store *store, const struct cpu_user_regs *regs, uint64_t old,
				   uint64_t *value)
{
	switch (store->op) {
	case INSN_STORE_CMPXCHG:
		if (old != regs->rax)
			return false;
		[[fallthrough]];
	case INSN_STORE_XCHG:
	case INSN_STORE_MOV: *value = insn_reg_value(regs, store->reg); return true;
	case INSN_STORE_MOV_CONSTANT: *value = store->constant; return true;
	case INSN_STORE_AND_BYTE: *value = old & store->constant & 0xff; return true;
	case INSN_STORE_AND: *value = old & store->constant; return true;
	default: return false;
	}
}

/* Logic clears CF, OF and AF. */
static inline uint64_t insn_store_and_flags(const struct insn_store *store, uint64_t value)
{
	return (value ? 0 : RFLAGS_ZF) | (value >> (store->width * 8 - 1) & 1 ? RFLAGS_SF : 0) |
	       (__builtin_parity(value & 0xff) ? 0 : RFLAGS_PF);
}

/* `value` was stored over `old`: updates registers, flags and RIP. `regs` are those of the plan. */
static inline void insn_store_commit(const struct insn_store *store, struct cpu_user_regs *regs, uint64_t old, uint64_t value)
{
	if (store->op == INSN_STORE_XCHG)
		*insn_reg(regs, store->reg) = old;
	else if (store->op == INSN_STORE_CMPXCHG)
		regs->rflags = (regs->rflags & ~RFLAGS_ARITHMETIC) | RFLAGS_ZF | RFLAGS_PF;
	else if (store->op == INSN_STORE_AND || store->op == INSN_STORE_AND_BYTE)
		regs->rflags = (regs->rflags & ~RFLAGS_ARITHMETIC) | insn_store_and_flags(store, value);
	regs->rip += store->length;
	regs->rflags &= ~RFLAGS_RF;
}
