/* The stores that are recognised from eight bytes, beside the decoder of trapped instructions and what it plans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/pv/insn.h>

enum { ROUNDS = 400000, FLAGS_RF = 0x10000 };

static uint64_t random_word(void)
{
	uint64_t word = 0;

	for (unsigned int i = 0; i < 5; i++)
		word = word << 15 ^ (uint64_t)rand();
	return word;
}

static struct cpu_user_regs random_registers(void)
{
	struct cpu_user_regs regs = {.rip = random_word() >> 20, .rflags = (random_word() & 0xcd5) | FLAGS_RF | 2};

	/* Canonical with any displacement. */
	for (unsigned int i = 0; i < 16; i++)
		*insn_reg(&regs, i) = 0x1000 + (random_word() >> 20);
	return regs;
}

static uint64_t bytes_of(const char *hex)
{
	uint64_t bytes = 0;
	unsigned int count = 0;
	char *end;

	for (; *hex; hex = end)
		bytes |= (uint64_t)strtoul(hex, &end, 16) << 8 * count++;
	assert_true(count <= 8);
	return bytes;
}

/* What both make of the instruction and of an operand in memory must be the same. True if the short way takes it. */
static bool compare(uint64_t bytes, uint64_t memory)
{
	struct cpu_user_regs quick = random_registers(), slow;
	struct insn_store store;
	struct insn insn;
	struct insn_write plan;
	uint64_t address, value;

	if (!insn_store_decode(bytes, &store))
		return false;
	slow = quick;
	assert_int_equal(insn_decode((const uint8_t *)&bytes, sizeof(bytes), INSN_MODE_64, &insn), OK);
	assert_true(insn_is_write(&insn));
	assert_int_equal(insn.length, store.length);
	assert_int_equal(insn.width, store.width);
	assert_int_equal(insn_address(&insn, &slow, 0, 0, &address), OK);
	assert_int_equal(address, insn_store_address(&store, &quick));
	memory &= store.width == 8 ? UINT64_MAX : 0xff;
	/* A comparison that fails is left to the other. */
	if (rand() % 4)
		quick.rax = slow.rax = memory;
	assert_int_equal(insn_write_plan(&insn, &slow, memory, &plan), OK);
	if (!insn_store_plan(&store, &quick, memory, &value)) {
		assert_int_equal(insn.op, INSN_CMPXCHG);
		assert_false(plan.writes);
		return true;
	}
	assert_true(plan.writes);
	assert_int_equal(value, plan.value);
	insn_store_commit(&store, &quick, memory, value);
	insn_write_commit(&insn, &plan, &slow);
	assert_memory_equal(&quick, &slow, sizeof(slow));
	return true;
}

static bool is_recognised(const char *hex)
{
	bool first = compare(bytes_of(hex), random_word());

	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(compare(bytes_of(hex), rand() % 4 ? random_word() : 0), first);
	return first;
}

static void the_stores_of_kernels_are_recognised_and_mean_the_same(void **state)
{
	(void)state;
	assert_true(is_recognised("48 89 03"));			/* mov %rax, (%rbx) */
	assert_true(is_recognised("4d 89 7d 08"));		/* mov %r15, 8(%r13) */
	assert_true(is_recognised("48 c7 00 00 00 00 00"));	/* movq $0, (%rax) */
	assert_true(is_recognised("48 c7 45 f8 fe ff ff ff"));	/* movq $-2, -8(%rbp) */
	assert_true(is_recognised("48 87 03"));			/* xchg %rax, (%rbx) */
	assert_true(is_recognised("49 87 04 24"));		/* xchg %rax, (%r12) */
	assert_true(is_recognised("48 87 1b"));			/* xchg %rbx, (%rbx) */
	assert_true(is_recognised("f0 48 0f b1 0b"));		/* lock cmpxchg %rcx, (%rbx) */
	assert_true(is_recognised("f0 4c 0f b1 47 10"));	/* lock cmpxchg %r8, 16(%rdi) */
	assert_true(is_recognised("f0 80 23 fd"));		/* lock andb $0xfd, (%rbx) */
	assert_true(is_recognised("f0 41 80 64 24 07 7f"));	/* lock andb $0x7f, 7(%r12) */
	assert_true(is_recognised("f0 48 83 23 fd"));		/* lock andq $-3, (%rbx) */
}

static void other_forms_are_left_to_the_decoder(void **state)
{
	(void)state;
	assert_false(is_recognised("89 03"));			/* 4 bytes wide */
	assert_false(is_recognised("f0 48 89 03"));		/* LOCK that the CPU refuses */
	assert_false(is_recognised("f0 48 87 03"));
	assert_false(is_recognised("48 0f b1 0b"));		/* cmpxchg without LOCK */
	assert_false(is_recognised("80 23 fd"));
	assert_false(is_recognised("48 83 23 fd"));
	assert_false(is_recognised("f0 80 0b 02"));		/* another operation of the group */
	assert_false(is_recognised("48 c7 48 00 00 00 00"));
	assert_false(is_recognised("48 87 c3"));		/* registers alone */
	assert_false(is_recognised("48 89 05 00 00 00 00"));	/* relative to RIP */
	assert_false(is_recognised("48 89 83 00 00 00 00"));	/* a long displacement */
	assert_false(is_recognised("48 89 04 18"));		/* an index */
	assert_false(is_recognised("4a 89 04 24"));		/* index r12 */
	assert_false(is_recognised("48 89 04 25 00 00 00 00"));	/* no base */
	assert_false(is_recognised("66 48 89 03"));		/* another prefix first */
	assert_false(is_recognised("65 48 89 03"));
	assert_false(is_recognised("48 f0 89 03"));		/* REX that counts for nothing */
	assert_false(is_recognised("48 c7 44 24 08 00 00 00"));	/* the ninth byte is missing */
}

/* Bytes that often begin one of the stores. */
static uint64_t likely_bytes(void)
{
	static const uint8_t opcode[] = {0x80, 0x83, 0x87, 0x89, 0xc7, 0xb1};
	uint64_t bytes = random_word();
	unsigned int shift = 0;

	if (rand() % 2)
		bytes = (bytes & ~UINT64_C(0xff)) | 0xf0, shift = 8;
	if (rand() % 8)
		bytes = (bytes & ~(UINT64_C(0xff) << shift)) | (uint64_t)(0x40 | rand() % 16) << shift, shift += 8;
	if (rand() % 3 == 0)
		bytes = (bytes & ~(UINT64_C(0xff) << shift)) | UINT64_C(0x0f) << shift, shift += 8;
	bytes = (bytes & ~(UINT64_C(0xff) << shift)) | (uint64_t)opcode[rand() % 6] << shift;
	return bytes;
}

static void whatever_is_recognised_means_what_the_decoder_says(void **state)
{
	unsigned int recognised = 0;

	(void)state;
	srand(1);
	for (unsigned int i = 0; i < ROUNDS; i++)
		recognised += compare(rand() % 8 ? likely_bytes() : random_word(), random_word());
	assert_true(recognised > ROUNDS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stores_of_kernels_are_recognised_and_mean_the_same),
		cmocka_unit_test(other_forms_are_left_to_the_decoder),
		cmocka_unit_test(whatever_is_recognised_means_what_the_decoder_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
