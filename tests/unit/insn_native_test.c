/*
 * Writes to memory, worked out by insn_write_plan, against the processor that runs this test.
 *
 * Each form is encoded many times with random prefixes, operands, registers, flags and memory; the instruction is
 * executed where it was encoded, and then decoded and worked out on a copy. Memory, registers and flags must agree,
 * but for the flags that the manual leaves undefined. The forms are typed in from the manual and share nothing with
 * the decoder's tables.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <hyp/pv/insn.h>

enum { CASES = 3000, CODE_BYTES = 4096, DATA_BYTES = 8192, TRIES = 100000 };
enum { FLAG_CF = 0x1, FLAG_PF = 0x4, FLAG_AF = 0x10, FLAG_ZF = 0x40, FLAG_SF = 0x80, FLAG_DF = 0x400, FLAG_OF = 0x800 };
enum { FLAGS_COMPARED = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF | FLAG_DF };
enum { FLAGS_FIXED = 0x202 };
enum { NO_EXTENSION = -1 };
enum immediate { NO_IMMEDIATE, IMMEDIATE_BYTE, IMMEDIATE_WIDTH };
enum { LOCKABLE = 1, BIT_STRING = 2, BYTE = 4, STRING = 8, ABSOLUTE = 16, NO_16 = 32, COMPARES = 64 };

struct form {
	const char *name;
	uint8_t opcode[2];
	uint8_t opcode_bytes;
	int8_t extension;	/* ModRM.reg, or NO_EXTENSION if it is an operand */
	uint8_t immediate;
	uint8_t traits;
	uint16_t undefined;	/* flags */
};

#define BITS_UNDEFINED (FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF)
#define ALU(name, n, undefined)                                                                                        \
	{name " r8", {(n) * 8}, 1, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BYTE, undefined},                            \
	{name " r", {(n) * 8 + 1}, 1, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE, undefined},                                \
	{name " imm8", {0x80}, 1, n, IMMEDIATE_BYTE, LOCKABLE | BYTE, undefined},                                      \
	{name " imm", {0x81}, 1, n, IMMEDIATE_WIDTH, LOCKABLE, undefined},                                             \
	{name " simm8", {0x83}, 1, n, IMMEDIATE_BYTE, LOCKABLE, undefined}
#define UNARY(name, opcode, n)                                                                                         \
	{name "8", {opcode}, 1, n, NO_IMMEDIATE, LOCKABLE | BYTE, 0},                                                  \
	{name, {(opcode) + 1}, 1, n, NO_IMMEDIATE, LOCKABLE, 0}

static const struct form forms[] = {
	ALU("add", 0, 0), ALU("or", 1, FLAG_AF), ALU("adc", 2, 0), ALU("sbb", 3, 0),
	ALU("and", 4, FLAG_AF), ALU("sub", 5, 0), ALU("xor", 6, FLAG_AF),
	UNARY("inc", 0xfe, 0), UNARY("dec", 0xfe, 1), UNARY("not", 0xf6, 2), UNARY("neg", 0xf6, 3),
	{"mov r8", {0x88}, 1, NO_EXTENSION, NO_IMMEDIATE, BYTE, 0},
	{"mov r", {0x89}, 1, NO_EXTENSION, NO_IMMEDIATE, 0, 0},
	{"mov imm8", {0xc6}, 1, 0, IMMEDIATE_BYTE, BYTE, 0},
	{"mov imm", {0xc7}, 1, 0, IMMEDIATE_WIDTH, 0, 0},
	{"mov moffs al", {0xa2}, 1, NO_EXTENSION, NO_IMMEDIATE, BYTE | ABSOLUTE, 0},
	{"mov moffs rax", {0xa3}, 1, NO_EXTENSION, NO_IMMEDIATE, ABSOLUTE, 0},
	{"movnti", {0x0f, 0xc3}, 2, NO_EXTENSION, NO_IMMEDIATE, NO_16, 0},
	{"xchg8", {0x86}, 1, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BYTE, 0},
	{"xchg", {0x87}, 1, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE, 0},
	{"cmpxchg8", {0x0f, 0xb0}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BYTE | COMPARES, 0},
	{"cmpxchg", {0x0f, 0xb1}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | COMPARES, 0},
	{"xadd8", {0x0f, 0xc0}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BYTE, 0},
	{"xadd", {0x0f, 0xc1}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE, 0},
	{"bt r", {0x0f, 0xa3}, 2, NO_EXTENSION, NO_IMMEDIATE, BIT_STRING, BITS_UNDEFINED},
	{"bts r", {0x0f, 0xab}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BIT_STRING, BITS_UNDEFINED},
	{"btr r", {0x0f, 0xb3}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BIT_STRING, BITS_UNDEFINED},
	{"btc r", {0x0f, 0xbb}, 2, NO_EXTENSION, NO_IMMEDIATE, LOCKABLE | BIT_STRING, BITS_UNDEFINED},
	{"bt imm8", {0x0f, 0xba}, 2, 4, IMMEDIATE_BYTE, 0, BITS_UNDEFINED},
	{"bts imm8", {0x0f, 0xba}, 2, 5, IMMEDIATE_BYTE, LOCKABLE, BITS_UNDEFINED},
	{"btr imm8", {0x0f, 0xba}, 2, 6, IMMEDIATE_BYTE, LOCKABLE, BITS_UNDEFINED},
	{"btc imm8", {0x0f, 0xba}, 2, 7, IMMEDIATE_BYTE, LOCKABLE, BITS_UNDEFINED},
	{"stos8", {0xaa}, 1, NO_EXTENSION, NO_IMMEDIATE, BYTE | STRING, 0},
	{"stos", {0xab}, 1, NO_EXTENSION, NO_IMMEDIATE, STRING, 0},
	{"movs8", {0xa4}, 1, NO_EXTENSION, NO_IMMEDIATE, BYTE | STRING, 0},
	{"movs", {0xa5}, 1, NO_EXTENSION, NO_IMMEDIATE, STRING, 0},
};

/* The sixteen registers in the order of the encoding, then RFLAGS; what native_run starts with and ends with. */
uint64_t native_regs[17];
uint64_t native_stack;
void *native_code;
void native_run(void);
void native_return(void);

/* Called as a C function. Keeps the callee's registers and flags on the stack, takes the flags and all registers, RSP
   too, from native_regs, and jumps to native_code, which jumps to native_return; that goes the same way back. */
asm(".text\n"
    ".globl native_run, native_return\n"
    "native_run:\n"
    "	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n	pushfq\n"
    "	mov %rsp, native_stack(%rip)\n"
    "	push native_regs+128(%rip)\n	popfq\n"
    "	mov native_regs+0(%rip), %rax\n		mov native_regs+8(%rip), %rcx\n"
    "	mov native_regs+16(%rip), %rdx\n	mov native_regs+24(%rip), %rbx\n"
    "	mov native_regs+32(%rip), %rsp\n	mov native_regs+40(%rip), %rbp\n"
    "	mov native_regs+48(%rip), %rsi\n	mov native_regs+56(%rip), %rdi\n"
    "	mov native_regs+64(%rip), %r8\n		mov native_regs+72(%rip), %r9\n"
    "	mov native_regs+80(%rip), %r10\n	mov native_regs+88(%rip), %r11\n"
    "	mov native_regs+96(%rip), %r12\n	mov native_regs+104(%rip), %r13\n"
    "	mov native_regs+112(%rip), %r14\n	mov native_regs+120(%rip), %r15\n"
    "	jmp *native_code(%rip)\n"
    "native_return:\n"
    "	mov %rax, native_regs+0(%rip)\n		mov %rcx, native_regs+8(%rip)\n"
    "	mov %rdx, native_regs+16(%rip)\n	mov %rbx, native_regs+24(%rip)\n"
    "	mov %rsp, native_regs+32(%rip)\n	mov %rbp, native_regs+40(%rip)\n"
    "	mov %rsi, native_regs+48(%rip)\n	mov %rdi, native_regs+56(%rip)\n"
    "	mov %r8, native_regs+64(%rip)\n		mov %r9, native_regs+72(%rip)\n"
    "	mov %r10, native_regs+80(%rip)\n	mov %r11, native_regs+88(%rip)\n"
    "	mov %r12, native_regs+96(%rip)\n	mov %r13, native_regs+104(%rip)\n"
    "	mov %r14, native_regs+112(%rip)\n	mov %r15, native_regs+120(%rip)\n"
    "	mov native_stack(%rip), %rsp\n"
    "	pushfq\n	pop native_regs+128(%rip)\n"
    "	popfq\n	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n	pop %rbx\n"
    "	ret\n");

/* Code, then data, below 2 GiB, so that every kind of address reaches them. */
static uint8_t *arena;
static uint64_t gs_base;
static char context[128];	/* what is being tried, for the handler of signals */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1d;
}

static unsigned int random_below(unsigned int n) { return (unsigned int)(random64() >> 33) % n; }

/* Often a number at which something carries. */
static uint64_t random_value(void)
{
	static const uint64_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
					 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX};

	return random_below(4) ? random64() : edges[random_below(ARRAY_COUNT(edges))];
}

struct sample {
	const struct form *form;
	uint8_t bytes[INSN_BYTES_MAX];
	unsigned int count;
	unsigned int disp_at;	/* where a displacement of four bytes, or of the address's width, is; 0 if none */
	unsigned int width;
	struct insn insn;
	struct cpu_user_regs regs;
	uint64_t address;
};

static void put(struct sample *s, uint64_t value, unsigned int bytes)
{
	memcpy(s->bytes + s->count, &value, bytes);
	s->count += bytes;
}

static void encode_modrm(struct sample *s)
{
	unsigned int mod = random_below(3), rm = random_below(8), sib = random_below(256);
	unsigned int reg = s->form->extension == NO_EXTENSION ? random_below(8) : (unsigned int)s->form->extension;
	bool far = mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5)));

	put(s, mod << 6 | reg << 3 | rm, 1);
	if (rm == 4)
		put(s, sib, 1);
	if (far)
		s->disp_at = s->count;
	if (far || mod == 1)
		put(s, random64(), far ? 4 : 1);
}

static void encode(struct sample *s)
{
	const struct form *f = s->form;
	unsigned int rex = random_below(3) ? 0x40 | random_below(16) : 0;
	bool size = !(f->traits & NO_16) && random_below(4) == 0, address_size = random_below(6) == 0;

	if (size)
		put(s, 0x66, 1);
	if (address_size)
		put(s, 0x67, 1);
	if ((f->traits & LOCKABLE) && random_below(3) == 0)
		put(s, 0xf0, 1);
	if ((f->traits & STRING) && random_below(2))
		put(s, 0xf2 + random_below(2), 1);
	if (random_below(6) == 0)
		put(s, 0x65, 1);
	if (random_below(8) == 0)
		put(s, 0x2e, 1);
	if (rex)
		put(s, rex, 1);
	s->width = f->traits & BYTE ? 1 : rex & 8 ? 8 : size ? 2 : 4;
	memcpy(s->bytes + s->count, f->opcode, f->opcode_bytes);
	s->count += f->opcode_bytes;
	if (f->traits & ABSOLUTE) {
		s->disp_at = s->count;
		put(s, 0, address_size ? 4 : 8);
	} else if (!(f->traits & STRING)) {
		encode_modrm(s);
	}
	if (f->immediate == IMMEDIATE_BYTE)
		put(s, random_value(), 1);
	else if (f->immediate == IMMEDIATE_WIDTH)
		put(s, random_value(), MIN(s->width, 4));
}

static void randomize_registers(struct sample *s)
{
	for (unsigned int i = 0; i < 16; i++)
		*insn_reg(&s->regs, i) = random_value();
	s->regs.rip = (uint64_t)arena;
	s->regs.rflags = FLAGS_FIXED | (random64() & FLAGS_COMPARED);
	if (s->form->traits & BIT_STRING) {
		unsigned int bits = s->width * 8;
		uint64_t above = bits < 64 ? random64() << bits : 0;
		uint64_t offset = (uint64_t)((int64_t)random_below(8192) - 4096);

		*insn_reg(&s->regs, s->insn.reg) = above | (bits < 64 ? offset & (BIT(bits) - 1) : offset);
	}
	if (s->insn.memory.base == INSN_NO_REG && s->insn.memory.index != INSN_NO_REG)
		*insn_reg(&s->regs, s->insn.memory.index) = random_below(64);
}

/* Makes the address that which is wanted, through the base register or the displacement. */
static bool aim(struct sample *s, uint64_t wanted)
{
	uint64_t now;
	const struct insn_memory *m = &s->insn.memory;
	uint64_t base = m->segment == INSN_GS ? gs_base : 0;
	uint64_t delta = wanted - (insn_offset(&s->insn, &s->regs) + base);
	uint32_t disp;

	if (m->base != INSN_NO_REG) {
		*insn_reg(&s->regs, m->base) += delta;
	} else if (s->disp_at) {
		memcpy(&disp, s->bytes + s->disp_at, 4);
		disp += (uint32_t)delta;
		memcpy(s->bytes + s->disp_at, &disp, 4);
	}
	assert_int_equal(insn_decode(s->bytes, s->count, INSN_MODE_64, &s->insn), OK);
	return insn_address(&s->insn, &s->regs, 0, gs_base, &now) == OK && now == wanted;
}

/* Strings of at most 20 elements, in either direction, with overlap. */
static void aim_string(struct sample *s)
{
	uint64_t data = (uint64_t)arena + CODE_BYTES;
	uint64_t garbage = s->insn.address_width == 4 ? random64() << 32 : 0;

	s->regs.rcx = random_below(21);
	s->address = s->regs.rdi = data + 2048 + random_below(2048);
	s->regs.rsi = data + 2048 + random_below(2048) - (s->insn.source_segment == INSN_GS ? gs_base : 0);
	/* What an empty REP does to the upper halves differs from one processor to the next. */
	if (s->insn.address_width == 4 && !(s->insn.repeat && s->regs.rcx == 0)) {
		s->regs.rdi |= garbage;
		s->regs.rsi = (s->regs.rsi & UINT32_MAX) | garbage;
		s->regs.rcx |= garbage;
	}
}

static bool sample_make(struct sample *s, const struct form *form)
{
	uint64_t data = (uint64_t)arena + CODE_BYTES;

	*s = (struct sample){.form = form};
	encode(s);
	if (s->count > INSN_BYTES_MAX)
		return false;
	assert_int_equal(insn_decode(s->bytes, s->count, INSN_MODE_64, &s->insn), OK);
	randomize_registers(s);
	if (form->traits & STRING) {
		aim_string(s);
		return true;
	}
	/* Locked words do not cross a cache line: some machines trap that. */
	s->address = data + 2048 + random_below(4096);
	if (s->insn.lock || s->insn.op == INSN_XCHG)
		s->address &= ~UINT64_C(7);
	if (!aim(s, s->address))
		return false;
	if ((form->traits & COMPARES) && random_below(2)) {
		uint64_t *rax = insn_reg(&s->regs, INSN_RAX), was = *rax;
		uint64_t again;

		memcpy(rax, (const void *)s->address, s->width);
		if (insn_address(&s->insn, &s->regs, 0, gs_base, &again) != OK || again != s->address)
			*rax = was;
	}
	return true;
}

static void describe(const struct sample *s)
{
	int at = snprintf(context, sizeof(context), "%s:", s->form->name);

	for (unsigned int i = 0; i < s->count; i++)
		at += snprintf(context + at, sizeof(context) - (size_t)at, " %02x", s->bytes[i]);
}

/* Executes the bytes: the data of the arena, native_regs. */
static void run_natively(const struct sample *s)
{
	static const uint8_t jump[6] = {0xff, 0x25};	/* to the address that follows */
	void (*back)(void) = native_return;

	memcpy(arena, s->bytes, s->count);
	memcpy(arena + s->count, jump, sizeof(jump));
	memcpy(arena + s->count + sizeof(jump), &back, sizeof(back));
	for (unsigned int i = 0; i < 16; i++)
		native_regs[i] = *insn_reg((struct cpu_user_regs *)&s->regs, i);
	native_regs[16] = s->regs.rflags;
	native_code = arena;
	native_run();
}

static uint64_t data_read(const uint8_t *data, uint64_t address, unsigned int width)
{
	uint64_t offset = address - ((uint64_t)arena + CODE_BYTES), value = 0;

	assert_true(offset <= DATA_BYTES - width);
	memcpy(&value, data + offset, width);
	return value;
}

/* What a handler of page faults does; once, or as often as a repeated instruction would fault. */
static void run_planned(const struct sample *s, uint8_t *data, struct cpu_user_regs *regs)
{
	struct insn insn = s->insn;
	struct insn_write write;
	uint64_t address, source;

	while (regs->rip == (uint64_t)arena) {
		assert_int_equal(insn_address(&insn, regs, 0, gs_base, &address), OK);
		if (insn_source_address(&insn, regs, 0, gs_base, &source) == OK)
			insn_source_set(&insn, data_read(data, source, insn.width));
		assert_int_equal(insn_write_plan(&insn, regs, data_read(data, address, insn.width), &write), OK);
		assert_int_equal(write.width, s->width);
		if (write.writes)
			memcpy(data + (address - ((uint64_t)arena + CODE_BYTES)), &write.value, write.width);
		insn_write_commit(&insn, &write, regs);
	}
}

static void compare(const struct sample *s, const uint8_t *data, const struct cpu_user_regs *regs)
{
	uint64_t mask = FLAGS_COMPARED & ~(uint64_t)s->form->undefined;
	bool same = memcmp(data, arena + CODE_BYTES, DATA_BYTES) == 0;

	if (!same)
		print_error("%s: memory differs\n", context);
	for (unsigned int i = 0; i < 16; i++) {
		uint64_t value = *insn_reg((struct cpu_user_regs *)regs, i);

		if (value != native_regs[i]) {
			print_error("%s: register %u is %#lx, should be %#lx\n", context, i, value, native_regs[i]);
			same = false;
		}
	}
	if ((regs->rflags & mask) != (native_regs[16] & mask)) {
		print_error("%s: flags %#lx, should be %#lx\n", context, regs->rflags & mask, native_regs[16] & mask);
		same = false;
	}
	assert_true(same);
	assert_int_equal(regs->rip, (uint64_t)arena + s->count);
}

static void form_agrees(const struct form *form)
{
	static uint8_t data[DATA_BYTES];
	unsigned int done = 0;

	for (unsigned int i = 0; i < TRIES && done < CASES; i++) {
		struct sample s;
		struct cpu_user_regs regs;

		for (unsigned int at = 0; at < DATA_BYTES && i % 16 == 0; at += 8) {
			uint64_t value = random_value();

			memcpy(arena + CODE_BYTES + at, &value, 8);
		}
		if (!sample_make(&s, form))
			continue;
		describe(&s);
		assert_int_equal(s.insn.length, s.count);
		memcpy(data, arena + CODE_BYTES, DATA_BYTES);
		regs = s.regs;
		run_natively(&s);
		run_planned(&s, data, &regs);
		compare(&s, data, &regs);
		done++;
	}
	assert_int_equal(done, CASES);
}

static void every_write_form_agrees_with_the_processor(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(forms); i++)
		form_agrees(&forms[i]);
}

static void on_signal(int number)
{
	static const char what[] = "the processor faults on ";

	(void)number;
	if (write(2, what, sizeof(what) - 1) < 0 || write(2, context, strlen(context)) < 0 || write(2, "\n", 1) < 0)
		_exit(3);
	_exit(2);
}

static int setup(void **state)
{
	static uint8_t stack[65536];
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

	(void)state;
	arena = mmap(NULL, CODE_BYTES + DATA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (arena == MAP_FAILED)
		return -1;
	/* GS is free on this system; the C library has FS. 0x1001 is ARCH_SET_GS. */
	gs_base = (uint64_t)arena - 0x12340;
	if (syscall(SYS_arch_prctl, 0x1001, gs_base) != 0)
		return -1;
	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_write_form_agrees_with_the_processor),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
