/*
 * What a write to memory does: the new value, the register that gets a result, and the flags.
 *
 * The caller reads the old value, asks for the plan, stores the value and commits. Nothing is changed before the
 * store has succeeded, so a store that faults, is refused or loses a race leaves the guest at the same instruction.
 *
 * I1. The plan depends on the instruction, the registers and the old value alone.
 * I2. Values in a plan are cut to the operand's width.
 * I3. Flags that the manual calls undefined keep their value after bit tests, and AF is clear after logic.
 */
#include <hyp/pv/insn.h>

/* Operands of `bits` bits, cut to them. */
struct operands {
	uint64_t old, source;
	unsigned int bits;
	uint64_t mask;
	bool carry;		/* CF before */
};

static uint64_t flags_of_result(const struct operands *o, uint64_t result)
{
	return (result & o->mask ? 0 : RFLAGS_ZF) | (result >> (o->bits - 1) & 1 ? RFLAGS_SF : 0) |
	       (__builtin_parity(result & 0xff) ? 0 : RFLAGS_PF);
}

/* `carries` has a bit where a column of the sum hands on a carry (or a borrow); OF is set where the last two differ. */
static uint64_t flags_of_carries(const struct operands *o, uint64_t result, uint64_t carries)
{
	bool out = carries >> (o->bits - 1) & 1, into_sign = carries >> (o->bits - 2) & 1;

	return flags_of_result(o, result) | (out ? RFLAGS_CF : 0) | (carries & BIT(3) ? RFLAGS_AF : 0) |
	       (out != into_sign ? RFLAGS_OF : 0);
}

static uint64_t add(const struct operands *o, uint64_t a, uint64_t b, bool carry, uint64_t *flags)
{
	uint64_t result = (a + b + carry) & o->mask;

	*flags = flags_of_carries(o, result, (a & b) | ((a | b) & ~result));
	return result;
}

static uint64_t subtract(const struct operands *o, uint64_t a, uint64_t b, bool borrow, uint64_t *flags)
{
	uint64_t result = (a - b - borrow) & o->mask;

	*flags = flags_of_carries(o, result, (~a & b) | ((~a | b) & result));
	return result;
}

static uint64_t logic(const struct operands *o, uint64_t result, uint64_t *flags)
{
	*flags = flags_of_result(o, result);
	return result;
}

/* INC and DEC leave CF alone. */
static uint64_t keep_carry(const struct operands *o, uint64_t result, uint64_t *flags)
{
	*flags = (*flags & ~RFLAGS_CF) | (o->carry ? RFLAGS_CF : 0);
	return result;
}

static uint64_t bit_operation(enum insn_op op, const struct operands *o, uint64_t *flags)
{
	uint64_t bit = BIT(o->source % o->bits);

	*flags = (*flags & ~RFLAGS_CF) | (o->old & bit ? RFLAGS_CF : 0);
	switch (op) {
	case INSN_BTS: return o->old | bit;
	case INSN_BTR: return o->old & ~bit;
	case INSN_BTC: return o->old ^ bit;
	default: return o->old;
	}
}

/* The value for memory; `flags` holds the arithmetic flags before and after. */
static uint64_t compute(enum insn_op op, const struct operands *o, uint64_t *flags)
{
	switch (op) {
	case INSN_ADD:
	case INSN_XADD: return add(o, o->old, o->source, false, flags);
	case INSN_ADC: return add(o, o->old, o->source, o->carry, flags);
	case INSN_SUB: return subtract(o, o->old, o->source, false, flags);
	case INSN_SBB: return subtract(o, o->old, o->source, o->carry, flags);
	case INSN_NEG: return subtract(o, 0, o->old, false, flags);
	case INSN_INC: return keep_carry(o, add(o, o->old, 1, false, flags), flags);
	case INSN_DEC: return keep_carry(o, subtract(o, o->old, 1, false, flags), flags);
	case INSN_OR: return logic(o, o->old | o->source, flags);
	case INSN_AND: return logic(o, o->old & o->source, flags);
	case INSN_XOR: return logic(o, o->old ^ o->source, flags);
	case INSN_NOT: return ~o->old & o->mask;
	case INSN_BT:
	case INSN_BTS:
	case INSN_BTR:
	case INSN_BTC: return bit_operation(op, o, flags);
	default: return o->source;	/* MOV, STOS, MOVS, XCHG, CMPXCHG that succeeds */
	}
}

static void result_to_register(struct insn_write *w, unsigned int reg, uint64_t value)
{
	w->reg = (uint8_t)reg;
	w->reg_value = value;
}

/* The accumulator is compared with memory as by CMP; where they differ it gets the memory's value. */
static void plan_compare(const struct insn *insn, const struct cpu_user_regs *regs, const struct operands *o,
			 uint64_t *flags, struct insn_write *w)
{
	uint64_t expected = insn_reg_read(regs, insn, INSN_RAX, insn->width);

	w->writes = subtract(o, expected, o->old, false, flags) == 0;
	if (!w->writes)
		result_to_register(w, INSN_RAX, o->old);
}

static struct operands operands_read(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t old_value)
{
	unsigned int bits = insn->width * 8;
	uint64_t mask = UINT64_MAX >> (64 - bits);

	return (struct operands){
		.old = old_value & mask,
		.source = insn->has_immediate ? insn->immediate & mask :
						insn_reg_read(regs, insn, insn->reg, insn->width),
		.bits = bits,
		.mask = mask,
		.carry = regs->rflags & RFLAGS_CF,
	};
}

static bool is_string(const struct insn *insn)
{
	return insn->op == INSN_STOS || insn->op == INSN_MOVS;
}

/* MOV and its like store whatever memory held. */
static bool depends_on_old_value(const struct insn *insn)
{
	return insn->op != INSN_MOV && !is_string(insn);
}

enum status insn_write_plan(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t old_value,
			    struct insn_write *out)
{
	struct insn_write w = {.width = insn->width, .reg = INSN_NO_REG, .atomic = depends_on_old_value(insn)};
	struct operands o;
	uint64_t flags = regs->rflags & RFLAGS_ARITHMETIC;

	if (!insn_is_write(insn) || insn->source_pending)
		return E_INVAL;
	o = operands_read(insn, regs, old_value);
	w.value = compute(insn->op, &o, &flags);
	w.writes = insn->op != INSN_BT && !(is_string(insn) && insn_string_is_empty(insn, regs));
	if (insn->op == INSN_XCHG || insn->op == INSN_XADD)
		result_to_register(&w, insn->reg, o.old);
	if (insn->op == INSN_CMPXCHG)
		plan_compare(insn, regs, &o, &flags, &w);
	w.rflags = (regs->rflags & ~RFLAGS_ARITHMETIC) | flags;
	*out = w;
	return OK;
}

void insn_write_commit(const struct insn *insn, const struct insn_write *write, struct cpu_user_regs *regs)
{
	if (write->reg != INSN_NO_REG)
		insn_reg_write(regs, insn, write->reg, write->width, write->reg_value);
	regs->rflags = write->rflags;
	if (is_string(insn))
		insn_string_advance(insn, regs);
	else
		insn_advance(insn, regs);
}
