/* Addresses, registers and steps of decoded instructions, and what a plan says beside the numbers that
   insn_native_test compares with the processor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/pv/insn.h>

enum { FS_BASE = 0x10000, GS_BASE = 0x200000 };
enum { FLAG_CF = 0x1, FLAG_ZF = 0x40, FLAG_TF = 0x100, FLAG_DF = 0x400, FLAG_RF = 0x10000 };

static struct insn decoded_as(enum insn_mode mode, const char *hex)
{
	uint8_t bytes[INSN_FETCH_MAX];
	unsigned int count = 0;
	struct insn insn;
	char *end;

	for (; *hex; hex = end)
		bytes[count++] = (uint8_t)strtoul(hex, &end, 16);
	assert_int_equal(insn_decode(bytes, count, mode, &insn), OK);
	return insn;
}

static struct insn decoded(const char *hex) { return decoded_as(INSN_MODE_64, hex); }

static struct insn_write planned(const struct insn *insn, const struct cpu_user_regs *regs, uint64_t old_value)
{
	struct insn_write write;

	assert_int_equal(insn_write_plan(insn, regs, old_value, &write), OK);
	return write;
}

static uint64_t address_of(const char *hex, const struct cpu_user_regs *regs)
{
	struct insn insn = decoded(hex);
	uint64_t address;

	assert_int_equal(insn_address(&insn, regs, FS_BASE, GS_BASE, &address), OK);
	return address;
}

static enum status address_status(const char *hex, uint64_t rdi)
{
	struct insn insn = decoded(hex);
	struct cpu_user_regs regs = {.rdi = rdi};
	uint64_t address;

	return insn_address(&insn, &regs, FS_BASE, GS_BASE, &address);
}

static void every_register_is_found_by_its_number(void **state)
{
	struct cpu_user_regs regs;

	(void)state;
	assert_ptr_equal(insn_reg(&regs, INSN_RAX), &regs.rax);
	assert_ptr_equal(insn_reg(&regs, INSN_RCX), &regs.rcx);
	assert_ptr_equal(insn_reg(&regs, INSN_RDX), &regs.rdx);
	assert_ptr_equal(insn_reg(&regs, INSN_RBX), &regs.rbx);
	assert_ptr_equal(insn_reg(&regs, INSN_RSP), &regs.rsp);
	assert_ptr_equal(insn_reg(&regs, INSN_RBP), &regs.rbp);
	assert_ptr_equal(insn_reg(&regs, INSN_RSI), &regs.rsi);
	assert_ptr_equal(insn_reg(&regs, INSN_RDI), &regs.rdi);
	assert_ptr_equal(insn_reg(&regs, INSN_R8), &regs.r8);
	assert_ptr_equal(insn_reg(&regs, INSN_R9), &regs.r9);
	assert_ptr_equal(insn_reg(&regs, INSN_R10), &regs.r10);
	assert_ptr_equal(insn_reg(&regs, INSN_R11), &regs.r11);
	assert_ptr_equal(insn_reg(&regs, INSN_R12), &regs.r12);
	assert_ptr_equal(insn_reg(&regs, INSN_R13), &regs.r13);
	assert_ptr_equal(insn_reg(&regs, INSN_R14), &regs.r14);
	assert_ptr_equal(insn_reg(&regs, INSN_R15), &regs.r15);
	assert_ptr_equal(insn_reg(&regs, 16), &regs.rax);
}

static void a_write_of_four_bytes_clears_the_upper_half(void **state)
{
	struct insn in = decoded("ed");
	struct cpu_user_regs regs = {.rax = UINT64_MAX};

	(void)state;
	insn_reg_write(&regs, &in, INSN_RAX, 2, 0x1234);
	assert_int_equal(regs.rax, 0xffffffffffff1234);
	insn_reg_write(&regs, &in, INSN_RAX, 4, 0xabcd12345678);
	assert_int_equal(regs.rax, 0x12345678);
}

static void high_bytes_are_read_and_written_without_rex_only(void **state)
{
	struct insn high = decoded("88 26"), low = decoded("40 88 26");
	struct cpu_user_regs regs = {.rax = 0x1122, .rsp = 0x3344};

	(void)state;
	assert_int_equal(insn_reg_read(&regs, &high, 4, 1), 0x11);
	assert_int_equal(insn_reg_read(&regs, &low, 4, 1), 0x44);
	insn_reg_write(&regs, &high, 4, 1, 0xffff55);
	assert_int_equal(regs.rax, 0x5522);
}

static void segment_bases_are_those_of_fs_and_gs(void **state)
{
	struct cpu_user_regs regs = {.rdi = 0x1000, .rsi = 0x2000};

	(void)state;
	assert_int_equal(address_of("48 89 07", &regs), 0x1000);
	assert_int_equal(address_of("64 48 89 07", &regs), FS_BASE + 0x1000);
	assert_int_equal(address_of("65 48 89 07", &regs), GS_BASE + 0x1000);
	assert_int_equal(address_of("65 6e", &regs), GS_BASE + 0x2000);
	assert_int_equal(address_of("65 aa", &regs), 0x1000);
}

static void the_source_of_movs_has_its_own_segment(void **state)
{
	struct insn movs = decoded("64 48 a5"), mov = decoded("48 89 07");
	struct cpu_user_regs regs = {.rdi = 0x1000, .rsi = 0x2000};
	uint64_t address;

	(void)state;
	assert_int_equal(insn_source_address(&movs, &regs, FS_BASE, GS_BASE, &address), OK);
	assert_int_equal(address, FS_BASE + 0x2000);
	assert_int_equal(address_of("64 48 a5", &regs), 0x1000);
	assert_int_equal(insn_source_address(&mov, &regs, FS_BASE, GS_BASE, &address), E_INVAL);
}

static void the_offset_is_cut_before_the_base_is_added(void **state)
{
	struct cpu_user_regs regs = {.rdi = 0xfffffffffffff000};

	(void)state;
	assert_int_equal(address_of("64 67 48 89 07", &regs), 0xfffff000 + (uint64_t)FS_BASE);
}

static void rip_relative_addresses_count_from_the_next_instruction(void **state)
{
	struct cpu_user_regs regs = {.rip = 0x4000};

	(void)state;
	assert_int_equal(address_of("c6 05 00 10 00 00 01", &regs), 0x4000 + 7 + 0x1000);
	assert_int_equal(address_of("0f 0b 78 65 6e 48 89 05 f0 ff ff ff", &regs), 0x4000 + 12 - 16);
}

static void bit_offsets_in_registers_reach_outside_the_operand(void **state)
{
	struct cpu_user_regs regs = {.rdi = 0x1000, .rax = (uint64_t)-1};

	(void)state;
	assert_int_equal(address_of("48 0f ab 07", &regs), 0x1000 - 8);
	assert_int_equal(address_of("0f ab 07", &regs), 0x1000 - 4);
	regs.rax = 0x10003;
	assert_int_equal(address_of("66 0f ab 07", &regs), 0x1000);
	assert_int_equal(address_of("48 0f ab 07", &regs), 0x1000 + 0x10000 / 8);
	assert_int_equal(address_of("48 0f ba 2f ff", &regs), 0x1000);
	/* The register operand of other instructions is no bit offset. */
	assert_int_equal(address_of("48 09 07", &regs), 0x1000);
}

static void addresses_that_are_not_canonical_are_refused(void **state)
{
	(void)state;
	assert_int_equal(address_status("48 89 07", 0x7ffffffffff8), OK);
	assert_int_equal(address_status("48 89 07", 0x7ffffffffff9), E_FAULT);
	assert_int_equal(address_status("48 89 07", 0x800000000000), E_FAULT);
	assert_int_equal(address_status("48 89 07", 0xffff7ffffffffff8), E_FAULT);
	assert_int_equal(address_status("48 89 07", 0xffff800000000000), OK);
	assert_int_equal(address_status("48 89 07", 0xfffffffffffffff8), OK);
	assert_int_equal(address_status("64 48 89 07", 0x7ffffffffff0), E_FAULT);
}

static void an_operand_that_wraps_around_is_refused(void **state)
{
	(void)state;
	assert_int_equal(address_status("48 89 07", 0xfffffffffffffff9), E_FAULT);
}

static void there_is_no_address_without_memory_or_in_compatibility_code(void **state)
{
	struct insn insn = decoded_as(INSN_MODE_32, "89 07");
	struct cpu_user_regs regs = {.rdi = 0x100001000};
	uint64_t address = 1;

	(void)state;
	assert_int_equal(address_status("0f 20 c0", 0), E_INVAL);
	assert_int_equal(insn_address(&insn, &regs, 0, 0, &address), E_OPNOTSUPP);
	assert_int_equal(address, 1);
	assert_int_equal(insn_offset(&insn, &regs), 0x1000);
}

static void the_port_is_the_immediate_or_dx(void **state)
{
	struct insn immediate = decoded("e4 80"), dx = decoded("ec");
	struct cpu_user_regs regs = {.rdx = 0x123456780cf8};

	(void)state;
	assert_int_equal(insn_port(&immediate, &regs), 0x80);
	assert_int_equal(insn_port(&dx, &regs), 0x0cf8);
}

static void an_advance_moves_rip_and_clears_rf_alone(void **state)
{
	struct insn cpuid = decoded("0f 0b 78 65 6e 0f a2"), compat = decoded_as(INSN_MODE_32, "0f a2");
	struct cpu_user_regs regs = {.rip = 0xffffffff, .rflags = FLAG_RF | FLAG_TF | FLAG_CF};

	(void)state;
	insn_advance(&cpuid, &regs);
	assert_int_equal(regs.rip, 0x100000006);
	assert_int_equal(regs.rflags, FLAG_TF | FLAG_CF);
	regs.rip = 0xffffffff;
	insn_advance(&compat, &regs);
	assert_int_equal(regs.rip, 1);
}

static void port_strings_step_once_and_stay_until_the_last(void **state)
{
	struct insn ins = decoded("f3 6d"), outs = decoded("6f");
	struct cpu_user_regs regs = {.rip = 0x1000, .rdi = 0x100, .rsi = 0x200, .rcx = 2};

	(void)state;
	insn_string_advance(&ins, &regs);
	assert_int_equal(regs.rip, 0x1000);
	assert_int_equal(regs.rdi, 0x104);
	insn_string_advance(&ins, &regs);
	assert_int_equal(regs.rip, 0x1002);
	assert_int_equal(regs.rdi, 0x108);
	assert_int_equal(regs.rcx, 0);
	assert_true(insn_string_is_empty(&ins, &regs));
	regs.rflags = FLAG_DF;
	insn_string_advance(&outs, &regs);
	assert_int_equal(regs.rsi, 0x1fc);
	assert_int_equal(regs.rdi, 0x108);
	assert_int_equal(regs.rip, 0x1003);
}

static void strings_of_sixteen_bit_addresses_keep_the_upper_halves(void **state)
{
	struct insn ins = decoded_as(INSN_MODE_32, "67 f3 6c");
	struct cpu_user_regs regs = {.rdi = 0x12ffff, .rcx = 0x550001};

	(void)state;
	insn_string_advance(&ins, &regs);
	assert_int_equal(regs.rdi, 0x120000);
	assert_int_equal(regs.rcx, 0x550000);
	assert_true(insn_string_is_empty(&ins, &regs));
}

static void a_failed_cmpxchg_writes_the_accumulator_and_no_memory(void **state)
{
	struct insn insn = decoded("f0 48 0f b1 0a");
	struct cpu_user_regs regs = {.rip = 0x1000, .rax = 1, .rcx = 2, .rflags = FLAG_ZF};
	struct insn_write write = planned(&insn, &regs, 3);

	(void)state;
	assert_false(write.writes);
	insn_write_commit(&insn, &write, &regs);
	assert_int_equal(regs.rax, 3);
	assert_int_equal(regs.rflags & FLAG_ZF, 0);
	assert_int_equal(regs.rip, 0x1005);
}

static void a_cmpxchg_that_succeeds_writes_memory_and_no_register(void **state)
{
	struct insn insn = decoded("f0 48 0f b1 0a");
	struct cpu_user_regs regs = {.rax = 3, .rcx = 2};
	struct insn_write write = planned(&insn, &regs, 3);

	(void)state;
	assert_true(write.writes);
	assert_true(write.atomic);
	assert_int_equal(write.value, 2);
	assert_int_equal(write.reg, INSN_NO_REG);
	assert_int_equal(write.rflags & FLAG_ZF, FLAG_ZF);
}

static void a_bit_test_writes_nothing(void **state)
{
	struct insn insn = decoded("48 0f ba 27 03");
	struct cpu_user_regs regs = {};
	struct insn_write write = planned(&insn, &regs, 8);

	(void)state;
	assert_false(write.writes);
	assert_int_equal(write.rflags, FLAG_CF);
}

static void only_values_that_follow_from_the_old_one_are_atomic(void **state)
{
	static const struct {
		const char *hex;
		bool atomic;
	} rows[] = {
		{"48 89 07", false}, {"48 c7 07 00 00 00 00", false}, {"48 ab", false}, {"48 0f c3 07", false},
		{"48 87 07", true}, {"f0 48 21 07", true}, {"48 21 07", true}, {"48 0f b3 07", true}, {"48 ff 07", true},
	};
	struct cpu_user_regs regs = {};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(rows); i++) {
		struct insn insn = decoded(rows[i].hex);

		if (planned(&insn, &regs, 0).atomic != rows[i].atomic)
			fail_msg("%s is not said right", rows[i].hex);
	}
}

static void a_plan_ignores_what_is_beyond_the_width(void **state)
{
	struct insn insn = decoded("80 07 01");
	struct cpu_user_regs regs = {};
	struct insn_write write = planned(&insn, &regs, 0xabcdef01ff);

	(void)state;
	assert_int_equal(write.value, 0);
	assert_int_equal(write.rflags & (FLAG_ZF | FLAG_CF), FLAG_ZF | FLAG_CF);
}

static void a_plan_keeps_the_flags_that_are_not_arithmetic(void **state)
{
	struct insn insn = decoded("48 21 07");
	struct cpu_user_regs regs = {.rflags = 0x3202 | FLAG_TF | FLAG_DF | FLAG_CF};

	(void)state;
	assert_int_equal(planned(&insn, &regs, 1).rflags, 0x3202 | FLAG_TF | FLAG_DF | FLAG_ZF | 0x4);
}

static void movs_is_not_planned_before_its_source_is_set(void **state)
{
	struct insn insn = decoded("48 a5");
	struct cpu_user_regs regs = {};
	struct insn_write write;

	(void)state;
	assert_int_equal(insn_write_plan(&insn, &regs, 0, &write), E_INVAL);
	insn_source_set(&insn, 0x1122);
	assert_int_equal(planned(&insn, &regs, 0).value, 0x1122);
}

static void privileged_instructions_are_not_planned(void **state)
{
	struct insn insn = decoded("0f 01 17");
	struct cpu_user_regs regs = {};
	struct insn_write write;

	(void)state;
	assert_int_equal(insn_write_plan(&insn, &regs, 0, &write), E_INVAL);
}

static void an_empty_repetition_writes_nothing_and_is_over(void **state)
{
	struct insn insn = decoded("f3 48 ab");
	struct cpu_user_regs regs = {.rip = 0x1000, .rdi = 0x100};
	struct insn_write write = planned(&insn, &regs, 7);

	(void)state;
	assert_false(write.writes);
	insn_write_commit(&insn, &write, &regs);
	assert_int_equal(regs.rdi, 0x100);
	assert_int_equal(regs.rcx, 0);
	assert_int_equal(regs.rip, 0x1003);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_register_is_found_by_its_number),
		cmocka_unit_test(a_write_of_four_bytes_clears_the_upper_half),
		cmocka_unit_test(high_bytes_are_read_and_written_without_rex_only),
		cmocka_unit_test(segment_bases_are_those_of_fs_and_gs),
		cmocka_unit_test(the_source_of_movs_has_its_own_segment),
		cmocka_unit_test(the_offset_is_cut_before_the_base_is_added),
		cmocka_unit_test(rip_relative_addresses_count_from_the_next_instruction),
		cmocka_unit_test(bit_offsets_in_registers_reach_outside_the_operand),
		cmocka_unit_test(addresses_that_are_not_canonical_are_refused),
		cmocka_unit_test(an_operand_that_wraps_around_is_refused),
		cmocka_unit_test(there_is_no_address_without_memory_or_in_compatibility_code),
		cmocka_unit_test(the_port_is_the_immediate_or_dx),
		cmocka_unit_test(an_advance_moves_rip_and_clears_rf_alone),
		cmocka_unit_test(port_strings_step_once_and_stay_until_the_last),
		cmocka_unit_test(strings_of_sixteen_bit_addresses_keep_the_upper_halves),
		cmocka_unit_test(a_failed_cmpxchg_writes_the_accumulator_and_no_memory),
		cmocka_unit_test(a_cmpxchg_that_succeeds_writes_memory_and_no_register),
		cmocka_unit_test(a_bit_test_writes_nothing),
		cmocka_unit_test(only_values_that_follow_from_the_old_one_are_atomic),
		cmocka_unit_test(a_plan_ignores_what_is_beyond_the_width),
		cmocka_unit_test(a_plan_keeps_the_flags_that_are_not_arithmetic),
		cmocka_unit_test(movs_is_not_planned_before_its_source_is_set),
		cmocka_unit_test(privileged_instructions_are_not_planned),
		cmocka_unit_test(an_empty_repetition_writes_nothing_and_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
