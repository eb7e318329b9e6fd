/* Instructions that a paravirtual guest traps on, read from bytes that an assembler wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/pv/insn.h>

enum { ANY = 0xff, MEMORY = 0xfe };

/* Operands by their encoding; ANY where the instruction has none. */
struct row {
	const char *text;
	const char *hex;
	enum insn_op op;
	uint8_t width, reg, rm;
	bool immediate, repeat;
	uint64_t value;
};

/* Bytes in an allocation of their own, so that a sanitizer sees a read beyond them. */
static uint8_t *bytes_of(const char *hex, unsigned int *count)
{
	uint8_t *bytes = malloc(strlen(hex) + 1), *shrunk;
	char *end;

	*count = 0;
	for (unsigned long value; *hex; hex = end) {
		value = strtoul(hex, &end, 16);
		bytes[(*count)++] = (uint8_t)value;
	}
	shrunk = realloc(bytes, *count);
	assert_non_null(shrunk);
	return shrunk;
}

static enum status decode(const char *hex, enum insn_mode mode, struct insn *insn)
{
	unsigned int count;
	uint8_t *bytes = bytes_of(hex, &count);
	enum status status = insn_decode(bytes, count, mode, insn);

	if (status == OK)
		assert_int_equal(insn->length, count);
	free(bytes);
	return status;
}

static struct insn decoded(const char *hex)
{
	struct insn insn;

	assert_int_equal(decode(hex, INSN_MODE_64, &insn), OK);
	return insn;
}

static bool row_agrees(const struct row *r, const struct insn *insn)
{
	return insn->op == r->op && (r->width == ANY || insn->width == r->width) &&
	       (r->reg == ANY || insn->reg == r->reg) && insn->has_memory == (r->rm == MEMORY) &&
	       (r->rm >= MEMORY || insn->rm == r->rm) && insn->has_immediate == r->immediate &&
	       insn->repeat == r->repeat && (!r->immediate || insn->immediate == r->value);
}

static void check_rows(const struct row *rows, unsigned int count, enum insn_mode mode)
{
	for (unsigned int i = 0; i < count; i++) {
		struct insn insn;

		if (decode(rows[i].hex, mode, &insn) != OK || !row_agrees(&rows[i], &insn))
			fail_msg("%s is not decoded right", rows[i].text);
	}
}

/* The last column of a row. */
#define PLAIN .immediate = false
#define REPEAT .repeat = true
#define IMMEDIATE(number) .immediate = true, .value = (number)

static const struct row privileged_rows[] = {
	{"cli", "fa", INSN_CLI, ANY, ANY, ANY, PLAIN},
	{"sti", "fb", INSN_STI, ANY, ANY, ANY, PLAIN},
	{"hlt", "f4", INSN_HLT, ANY, ANY, ANY, PLAIN},
	{"clts", "0f 06", INSN_CLTS, ANY, ANY, ANY, PLAIN},
	{"invd", "0f 08", INSN_INVD, ANY, ANY, ANY, PLAIN},
	{"wbinvd", "0f 09", INSN_WBINVD, ANY, ANY, ANY, PLAIN},
	{"cpuid", "0f a2", INSN_CPUID, ANY, ANY, ANY, PLAIN},
	{"rdmsr", "0f 32", INSN_RDMSR, ANY, ANY, ANY, PLAIN},
	{"wrmsr", "0f 30", INSN_WRMSR, ANY, ANY, ANY, PLAIN},
	{"rdtsc", "0f 31", INSN_RDTSC, ANY, ANY, ANY, PLAIN},
	{"rdtscp", "0f 01 f9", INSN_RDTSCP, ANY, ANY, ANY, PLAIN},
	{"rdpmc", "0f 33", INSN_RDPMC, ANY, ANY, ANY, PLAIN},
	{"xgetbv", "0f 01 d0", INSN_XGETBV, ANY, ANY, ANY, PLAIN},
	{"xsetbv", "0f 01 d1", INSN_XSETBV, ANY, ANY, ANY, PLAIN},
	{"swapgs", "0f 01 f8", INSN_SWAPGS, ANY, ANY, ANY, PLAIN},
	{"sysretl", "0f 07", INSN_SYSRET, 4, ANY, ANY, PLAIN},
	{"sysretq", "48 0f 07", INSN_SYSRET, 8, ANY, ANY, PLAIN},
	{"iretq", "48 cf", INSN_IRET, 8, ANY, ANY, PLAIN},
	{"iretl", "cf", INSN_IRET, 4, ANY, ANY, PLAIN},
	{"mov %cr0,%rax", "0f 20 c0", INSN_MOV_FROM_CR, 8, 0, INSN_RAX, PLAIN},
	{"mov %cr2,%rdi", "0f 20 d7", INSN_MOV_FROM_CR, 8, 2, INSN_RDI, PLAIN},
	{"mov %cr3,%r12", "41 0f 20 dc", INSN_MOV_FROM_CR, 8, 3, INSN_R12, PLAIN},
	{"mov %cr4,%rsi", "0f 20 e6", INSN_MOV_FROM_CR, 8, 4, INSN_RSI, PLAIN},
	{"mov %cr8,%rcx", "44 0f 20 c1", INSN_MOV_FROM_CR, 8, 8, INSN_RCX, PLAIN},
	{"mov %cr0,%rax, mod 0", "0f 20 04", INSN_MOV_FROM_CR, 8, 0, INSN_RSP, PLAIN},
	{"mov %rdx,%cr0", "0f 22 c2", INSN_MOV_TO_CR, 8, 0, INSN_RDX, PLAIN},
	{"mov %r15,%cr3", "41 0f 22 df", INSN_MOV_TO_CR, 8, 3, INSN_R15, PLAIN},
	{"mov %rsi,%cr4", "0f 22 e6", INSN_MOV_TO_CR, 8, 4, INSN_RSI, PLAIN},
	{"mov %rax,%cr8", "44 0f 22 c0", INSN_MOV_TO_CR, 8, 8, INSN_RAX, PLAIN},
	{"mov %db7,%rbx", "0f 21 fb", INSN_MOV_FROM_DR, 8, 7, INSN_RBX, PLAIN},
	{"mov %r9,%db0", "41 0f 23 c1", INSN_MOV_TO_DR, 8, 0, INSN_R9, PLAIN},
	{"lmsw %ax", "0f 01 f0", INSN_LMSW, 2, ANY, INSN_RAX, PLAIN},
	{"lmsw (%rdi)", "0f 01 37", INSN_LMSW, 2, ANY, MEMORY, PLAIN},
	{"smsw %ax", "66 0f 01 e0", INSN_SMSW, 2, ANY, INSN_RAX, PLAIN},
	{"smsw %ecx", "0f 01 e1", INSN_SMSW, 4, ANY, INSN_RCX, PLAIN},
	{"smsw %r10", "49 0f 01 e2", INSN_SMSW, 8, ANY, INSN_R10, PLAIN},
	{"smsw (%rbx)", "0f 01 23", INSN_SMSW, 2, ANY, MEMORY, PLAIN},
	{"lldt %dx", "0f 00 d2", INSN_LLDT, 2, ANY, INSN_RDX, PLAIN},
	{"lldt (%rdx)", "0f 00 12", INSN_LLDT, 2, ANY, MEMORY, PLAIN},
	{"ltr %r8w", "41 0f 00 d8", INSN_LTR, 2, ANY, INSN_R8, PLAIN},
	{"sldt %eax", "0f 00 c0", INSN_SLDT, 4, ANY, INSN_RAX, PLAIN},
	{"sldt 8(%rax)", "0f 00 40 08", INSN_SLDT, 2, ANY, MEMORY, PLAIN},
	{"str %cx", "66 0f 00 c9", INSN_STR, 2, ANY, INSN_RCX, PLAIN},
	{"lgdt (%rdi)", "0f 01 17", INSN_LGDT, 10, ANY, MEMORY, PLAIN},
	{"lidt 0x10(%rsi)", "0f 01 5e 10", INSN_LIDT, 10, ANY, MEMORY, PLAIN},
	{"sgdt (%rax)", "0f 01 00", INSN_SGDT, 10, ANY, MEMORY, PLAIN},
	{"sidt (%r8)", "41 0f 01 08", INSN_SIDT, 10, ANY, MEMORY, PLAIN},
	{"invlpg (%rsi)", "0f 01 3e", INSN_INVLPG, 1, ANY, MEMORY, PLAIN},
	{"int3", "cc", INSN_INT3, ANY, ANY, ANY, PLAIN},
	{"int $0x80", "cd 80", INSN_INT, ANY, ANY, ANY, IMMEDIATE(0x80)},
	{"lret", "cb", INSN_FAR_BRANCH, ANY, ANY, ANY, PLAIN},
	{"lret $8", "ca 08 00", INSN_FAR_BRANCH, ANY, ANY, ANY, IMMEDIATE(8)},
	{"ljmp *(%rax)", "ff 28", INSN_FAR_BRANCH, ANY, ANY, MEMORY, PLAIN},
	{"lcall *(%rbx)", "ff 1b", INSN_FAR_BRANCH, ANY, ANY, MEMORY, PLAIN},
};

static const struct row port_rows[] = {
	{"in $0x42,%al", "e4 42", INSN_IN, 1, INSN_RAX, ANY, IMMEDIATE(0x42)},
	{"in $0x60,%ax", "66 e5 60", INSN_IN, 2, INSN_RAX, ANY, IMMEDIATE(0x60)},
	{"in $0xed,%eax", "e5 ed", INSN_IN, 4, INSN_RAX, ANY, IMMEDIATE(0xed)},
	{"in (%dx),%al", "ec", INSN_IN, 1, INSN_RAX, ANY, PLAIN},
	{"in (%dx),%ax", "66 ed", INSN_IN, 2, INSN_RAX, ANY, PLAIN},
	{"in (%dx),%eax", "ed", INSN_IN, 4, INSN_RAX, ANY, PLAIN},
	{"rex.w in (%dx),%eax", "48 ed", INSN_IN, 4, INSN_RAX, ANY, PLAIN},
	{"out %al,$0x80", "e6 80", INSN_OUT, 1, INSN_RAX, ANY, IMMEDIATE(0x80)},
	{"out %ax,$0x42", "66 e7 42", INSN_OUT, 2, INSN_RAX, ANY, IMMEDIATE(0x42)},
	{"out %eax,$0xff", "e7 ff", INSN_OUT, 4, INSN_RAX, ANY, IMMEDIATE(0xff)},
	{"out %al,(%dx)", "ee", INSN_OUT, 1, INSN_RAX, ANY, PLAIN},
	{"out %ax,(%dx)", "66 ef", INSN_OUT, 2, INSN_RAX, ANY, PLAIN},
	{"out %eax,(%dx)", "ef", INSN_OUT, 4, INSN_RAX, ANY, PLAIN},
	{"rep out %eax,(%dx)", "f3 ef", INSN_OUT, 4, INSN_RAX, ANY, PLAIN},
	{"insb", "6c", INSN_INS, 1, ANY, MEMORY, PLAIN},
	{"rep insw", "66 f3 6d", INSN_INS, 2, ANY, MEMORY, REPEAT},
	{"insl", "6d", INSN_INS, 4, ANY, MEMORY, PLAIN},
	{"outsb", "6e", INSN_OUTS, 1, ANY, MEMORY, PLAIN},
	{"repne outsl", "f2 6f", INSN_OUTS, 4, ANY, MEMORY, REPEAT},
	{"gs outsw", "65 66 6f", INSN_OUTS, 2, ANY, MEMORY, PLAIN},
};

static const struct row compat_rows[] = {
	{"cli", "fa", INSN_CLI, ANY, ANY, ANY, PLAIN},
	{"in (%dx),%al", "ec", INSN_IN, 1, INSN_RAX, ANY, PLAIN},
	{"in (%dx),%ax", "66 ed", INSN_IN, 2, INSN_RAX, ANY, PLAIN},
	{"out %eax,$0x80", "e7 80", INSN_OUT, 4, INSN_RAX, ANY, IMMEDIATE(0x80)},
	{"int $0x80", "cd 80", INSN_INT, ANY, ANY, ANY, IMMEDIATE(0x80)},
	{"into", "ce", INSN_INTO, ANY, ANY, ANY, PLAIN},
	{"rep insb (%dx),(%edi)", "f3 6c", INSN_INS, 1, ANY, MEMORY, REPEAT},
	{"insb (%dx),(%di)", "67 6c", INSN_INS, 1, ANY, MEMORY, PLAIN},
	{"ljmp $0x10,$0x12345678", "ea 78 56 34 12 10 00", INSN_FAR_BRANCH, ANY, ANY, ANY, IMMEDIATE(0x12345678)},
	{"lcall $8,$1", "9a 01 00 00 00 08 00", INSN_FAR_BRANCH, ANY, ANY, ANY, IMMEDIATE(1)},
	{"cpuid", "0f a2", INSN_CPUID, ANY, ANY, ANY, PLAIN},
	{"mov %cr0,%eax", "0f 20 c0", INSN_MOV_FROM_CR, 4, 0, INSN_RAX, PLAIN},
	{"lgdt (%edi)", "0f 01 17", INSN_LGDT, 6, ANY, MEMORY, PLAIN},
	{"mov %eax,0x10", "89 05 10 00 00 00", INSN_MOV, 4, INSN_RAX, MEMORY, PLAIN},
};

static const struct row write_rows[] = {
	{"movq %rax,(%rdi)", "48 89 07", INSN_MOV, 8, INSN_RAX, MEMORY, PLAIN},
	{"movb %ah,(%rsi)", "88 26", INSN_MOV, 1, 4, MEMORY, PLAIN},
	{"movb %sil,(%rsi)", "40 88 36", INSN_MOV, 1, INSN_RSI, MEMORY, PLAIN},
	{"movl %r9d,-4(%rsp)", "44 89 4c 24 fc", INSN_MOV, 4, INSN_R9, MEMORY, PLAIN},
	{"movq $-1,(%rax,%rcx,8)", "48 c7 04 c8 ff ff ff ff", INSN_MOV, 8, ANY, MEMORY, IMMEDIATE(UINT64_MAX)},
	{"movb $1,0x1000(%rip)", "c6 05 00 10 00 00 01", INSN_MOV, 1, ANY, MEMORY, IMMEDIATE(1)},
	{"movabs %rax,0x1122334455667788", "48 a3 88 77 66 55 44 33 22 11", INSN_MOV, 8, INSN_RAX, MEMORY, PLAIN},
	{"addr32 movb %al,0x11223344", "67 a2 44 33 22 11", INSN_MOV, 1, INSN_RAX, MEMORY, PLAIN},
	{"movnti %rax,(%rdi)", "48 0f c3 07", INSN_MOV, 8, INSN_RAX, MEMORY, PLAIN},
	{"lock andb $0xfd,(%rdi)", "f0 80 27 fd", INSN_AND, 1, ANY, MEMORY, IMMEDIATE((uint64_t)-3)},
	{"lock cmpxchgq %rcx,(%rdx)", "f0 48 0f b1 0a", INSN_CMPXCHG, 8, INSN_RCX, MEMORY, PLAIN},
	{"xchgq %rax,(%rdi)", "48 87 07", INSN_XCHG, 8, INSN_RAX, MEMORY, PLAIN},
	{"xrelease xchgq %rax,(%rdi)", "f3 48 87 07", INSN_XCHG, 8, INSN_RAX, MEMORY, PLAIN},
	{"lock btrq $1,(%rdi)", "f0 48 0f ba 37 01", INSN_BTR, 8, ANY, MEMORY, IMMEDIATE(1)},
	{"btsq %rax,%fs:(%rdi)", "64 48 0f ab 07", INSN_BTS, 8, INSN_RAX, MEMORY, PLAIN},
	{"lock xaddl %eax,0x7f(%rsp,%rax,2)", "f0 0f c1 44 44 7f", INSN_XADD, 4, INSN_RAX, MEMORY, PLAIN},
	{"rep stosq", "f3 48 ab", INSN_STOS, 8, INSN_RAX, MEMORY, REPEAT},
	{"lock incq (%rdi)", "f0 48 ff 07", INSN_INC, 8, ANY, MEMORY, PLAIN},
	{"negb (%rdi)", "f6 1f", INSN_NEG, 1, ANY, MEMORY, PLAIN},
	{"adcw $0x1234,(%rdi)", "66 81 17 34 12", INSN_ADC, 2, ANY, MEMORY, IMMEDIATE(0x1234)},
	{"subq $-128,(%rdi)", "48 83 2f 80", INSN_SUB, 8, ANY, MEMORY, IMMEDIATE((uint64_t)-128)},
	{"rex.w before 66 does not count", "48 66 89 07", INSN_MOV, 2, INSN_RAX, MEMORY, PLAIN},
	{"rex.r before rex.w does not count", "44 48 89 07", INSN_MOV, 8, INSN_RAX, MEMORY, PLAIN},
};

static const char *const refused[] = {
	"90", "c3", "9d", "50", "0f 05", "0f 0b 00", "0f ff", "c4 e2 79 18 00",	/* not ours */
	"38 07", "39 07", "80 3f 00", "f7 07 00 00 00 00", "48 8b 07", "0f ba 1f 00",	/* no write to memory */
	"48 89 c7", "80 c0 01", "87 c0", "0f b1 c1", "ff c0", "c6 f8 00", "0f c3 c0",	/* the operand is a register */
	"c6 0f 00", "8f 07",							/* no such member of the group */
	"0f c7 0f", "48 0f c7 0f",						/* cmpxchg8b, cmpxchg16b */
	"0f 20 c8", "0f 20 e8", "44 0f 20 c8", "44 0f 20 f8", "44 0f 21 c0",	/* no such register */
	"0f 01 d7", "0f 01 c8", "0f 01 2f", "0f 01 fa", "0f 01 c1",	/* monitor, vmcall, rdpkru */
	"f3 0f 01 2f", "66 0f 01 d0", "f3 0f 01 f9", "f2 0f 30", "66 0f c3 07",	/* another one with the prefix */
	"f0 fa", "f0 48 89 07", "f0 0f 20 c0", "f0 0f ba 27 00", "f0 aa", "f0 0f a2",	/* lock */
	"ce", "9a 01 00 00 00 08 00", "ea 01 00 00 00 08 00",			/* 32-bit code only */
	"82 07 00", "d5 00", "62 00",
};

static void privileged_instructions_are_decoded(void **state)
{
	(void)state;
	check_rows(privileged_rows, ARRAY_COUNT(privileged_rows), INSN_MODE_64);
}

static void port_instructions_are_decoded(void **state)
{
	(void)state;
	check_rows(port_rows, ARRAY_COUNT(port_rows), INSN_MODE_64);
}

static void compatibility_code_is_decoded_without_rex_and_rip(void **state)
{
	(void)state;
	check_rows(compat_rows, ARRAY_COUNT(compat_rows), INSN_MODE_32);
}

static void writes_to_memory_are_decoded(void **state)
{
	(void)state;
	check_rows(write_rows, ARRAY_COUNT(write_rows), INSN_MODE_64);
}

static void privileged_instructions_are_not_writes(void **state)
{
	struct insn insn;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(privileged_rows); i++) {
		insn = decoded(privileged_rows[i].hex);
		assert_false(insn_is_write(&insn));
	}
	for (unsigned int i = 0; i < ARRAY_COUNT(write_rows); i++) {
		insn = decoded(write_rows[i].hex);
		assert_true(insn_is_write(&insn));
	}
}

static void other_instructions_are_refused(void **state)
{
	struct insn insn;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(refused); i++)
		if (decode(refused[i], INSN_MODE_64, &insn) != E_INVAL)
			fail_msg("%s is not refused", refused[i]);
}

static void sixteen_bit_addressing_and_inc_by_40_are_refused_in_compatibility_code(void **state)
{
	struct insn insn;

	(void)state;
	assert_int_equal(decode("67 89 07", INSN_MODE_32, &insn), E_INVAL);
	assert_int_equal(decode("40", INSN_MODE_32, &insn), E_INVAL);
}

static void check_short(const char *hex)
{
	unsigned int count;
	uint8_t *bytes = bytes_of(hex, &count);
	struct insn insn;

	for (unsigned int n = 0; n < count; n++) {
		uint8_t *some = malloc(n + 1);

		memcpy(some, bytes, n);
		some = realloc(some, n ? n : 1);
		if (insn_decode(some, n, INSN_MODE_64, &insn) != E_FAULT)
			fail_msg("%u bytes of %s are enough", n, hex);
		free(some);
	}
	free(bytes);
}

static void missing_bytes_are_told_from_unknown_instructions(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(privileged_rows); i++)
		check_short(privileged_rows[i].hex);
	for (unsigned int i = 0; i < ARRAY_COUNT(write_rows); i++)
		check_short(write_rows[i].hex);
	check_short("0f 0b 78 65 6e 0f a2");
}

static void a_sixteenth_byte_is_refused(void **state)
{
	struct insn insn;

	(void)state;
	assert_int_equal(decode("66 66 66 66 66 66 66 66 66 66 66 66 66 0f 30", INSN_MODE_64, &insn), OK);
	assert_int_equal(decode("2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 0f 30", INSN_MODE_64, &insn), OK);
	assert_int_equal(decode("2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 0f 30", INSN_MODE_64, &insn), E_INVAL);
	assert_int_equal(decode("2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e", INSN_MODE_64, &insn), E_INVAL);
}

static void the_forced_prefix_is_counted_and_said(void **state)
{
	struct insn insn = decoded("0f 0b 78 65 6e 0f a2");

	(void)state;
	assert_int_equal(insn.op, INSN_CPUID);
	assert_true(insn.forced);
	assert_int_equal(insn.length, 7);
	insn = decoded("0f 0b 78 65 6e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e 0f 30");
	assert_int_equal(insn.length, INSN_FETCH_MAX);
	assert_int_equal(decode("0f 0b 78 65 6f 0f a2", INSN_MODE_64, &insn), E_INVAL);
	assert_int_equal(decode("0f 0b 78 65 6e 0f 0b 78 65 6e 0f a2", INSN_MODE_64, &insn), E_INVAL);
	assert_false(decoded("0f a2").forced);
}

static void lock_is_said_where_it_is_allowed(void **state)
{
	(void)state;
	assert_true(decoded("f0 48 0f b1 0a").lock);
	assert_false(decoded("48 0f b1 0a").lock);
}

static void memory_operands_are_taken_apart(void **state)
{
	static const struct {
		const char *hex;
		struct insn_memory memory;
	} rows[] = {
		{"48 89 07", {INSN_DS, INSN_RDI, INSN_NO_REG, 0, false, 0}},
		{"66 89 4d 08", {INSN_SS, INSN_RBP, INSN_NO_REG, 0, false, 8}},
		{"44 89 4c 24 fc", {INSN_SS, INSN_RSP, INSN_NO_REG, 0, false, -4}},
		{"49 89 14 24", {INSN_DS, INSN_R12, INSN_NO_REG, 0, false, 0}},
		{"49 89 55 00", {INSN_DS, INSN_R13, INSN_NO_REG, 0, false, 0}},
		{"48 c7 04 c8 ff ff ff ff", {INSN_DS, INSN_RAX, INSN_RCX, 3, false, 0}},
		{"42 c7 84 a3 00 01 00 00 78 56 34 12", {INSN_DS, INSN_RBX, INSN_R12, 2, false, 0x100}},
		{"c6 05 00 10 00 00 01", {INSN_DS, INSN_NO_REG, INSN_NO_REG, 0, true, 0x1000}},
		{"48 89 04 25 34 12 00 80", {INSN_DS, INSN_NO_REG, INSN_NO_REG, 0, false, (int32_t)0x80001234}},
		{"65 48 89 04 25 34 12 00 00", {INSN_GS, INSN_NO_REG, INSN_NO_REG, 0, false, 0x1234}},
		{"64 89 45 00", {INSN_FS, INSN_RBP, INSN_NO_REG, 0, false, 0}},
		{"64 2e 89 07", {INSN_FS, INSN_RDI, INSN_NO_REG, 0, false, 0}},
		{"64 65 89 07", {INSN_GS, INSN_RDI, INSN_NO_REG, 0, false, 0}},
		{"4a 89 04 ed 00 00 00 00", {INSN_DS, INSN_NO_REG, INSN_R13, 3, false, 0}},
		{"48 a3 88 77 66 55 44 33 22 11", {INSN_DS, INSN_NO_REG, INSN_NO_REG, 0, false, 0x1122334455667788}},
		{"64 aa", {INSN_ES, INSN_RDI, INSN_NO_REG, 0, false, 0}},
		{"64 6e", {INSN_FS, INSN_RSI, INSN_NO_REG, 0, false, 0}},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(rows); i++) {
		struct insn insn = decoded(rows[i].hex);

		if (memcmp(&insn.memory, &rows[i].memory, sizeof(insn.memory)) != 0)
			fail_msg("the operand of %s is wrong", rows[i].hex);
	}
	assert_int_equal(decoded("64 a4").source_segment, INSN_FS);
	assert_int_equal(decoded("a4").source_segment, INSN_DS);
}

static void compatibility_code_has_all_six_segments(void **state)
{
	static const char *const overrides[] = {"26 89 07", "2e 89 07", "36 89 07", "3e 89 07", "64 89 07", "65 89 07"};
	struct insn insn;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(overrides); i++) {
		assert_int_equal(decode(overrides[i], INSN_MODE_32, &insn), OK);
		assert_int_equal(insn.memory.segment, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(privileged_instructions_are_decoded),
		cmocka_unit_test(port_instructions_are_decoded),
		cmocka_unit_test(compatibility_code_is_decoded_without_rex_and_rip),
		cmocka_unit_test(writes_to_memory_are_decoded),
		cmocka_unit_test(privileged_instructions_are_not_writes),
		cmocka_unit_test(other_instructions_are_refused),
		cmocka_unit_test(sixteen_bit_addressing_and_inc_by_40_are_refused_in_compatibility_code),
		cmocka_unit_test(missing_bytes_are_told_from_unknown_instructions),
		cmocka_unit_test(a_sixteenth_byte_is_refused),
		cmocka_unit_test(the_forced_prefix_is_counted_and_said),
		cmocka_unit_test(lock_is_said_where_it_is_allowed),
		cmocka_unit_test(memory_operands_are_taken_apart),
		cmocka_unit_test(compatibility_code_has_all_six_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
