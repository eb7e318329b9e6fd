/* Debug registers: what a guest may have, and what it never gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/x86/layout.h>
#include <arch/x86/pv/debug_registers.h>

#define WITH_DE true
#define WITHOUT_DE false
/* Enables breakpoint n, with a kind (0 execution, 1 write, 2 port, 3 access) and a length code (0: 1, 1: 2, 2: 8, 3: 4). */
#define BREAKPOINT(n, kind, length) (UINT64_C(1) << (2 * (n)) | (uint64_t)((kind) | (length) << 2) << (16 + 4 * (n)))

static uint64_t registers[DEBUG_REGISTERS];

static int set_up(void **state)
{
	(void)state;
	debug_registers_reset(registers);
	return 0;
}

static uint64_t get(unsigned int index)
{
	uint64_t value = 0;

	assert_int_equal(debug_register_get(registers, index, WITHOUT_DE, &value), OK);
	return value;
}

static void assert_unchanged_by(unsigned int index, uint64_t value, bool cr4_de, enum status expected)
{
	uint64_t before[DEBUG_REGISTERS];

	memcpy(before, registers, sizeof(before));
	assert_int_equal(debug_register_set(registers, index, value, cr4_de), expected);
	assert_memory_equal(registers, before, sizeof(before));
}

static void registers_after_reset_are_inactive(void **state)
{
	(void)state;
	assert_int_equal(get(6), DR6_FIXED);
	assert_int_equal(get(7), DR7_FIXED);
	assert_int_equal(get(0), 0);
}

static void address_of_the_hypervisor_is_refused(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_unchanged_by(i, HYP_START, WITH_DE, E_PERM);
		assert_unchanged_by(i, STACKS_START + 8, WITH_DE, E_PERM);
		assert_unchanged_by(i, HYP_END - 1, WITH_DE, E_PERM);
		assert_int_equal(debug_register_set(registers, i, HYP_END, WITH_DE), OK);
		assert_int_equal(debug_register_set(registers, i, 0x7fffffffffff, WITH_DE), OK);
	}
}

static void address_that_is_not_canonical_is_refused(void **state)
{
	(void)state;
	assert_unchanged_by(0, UINT64_C(0x800000000000), WITH_DE, E_PERM);
	assert_unchanged_by(3, UINT64_C(0xffff7fffffffffff), WITH_DE, E_PERM);
	assert_unchanged_by(2, UINT64_C(0x1000000000000000), WITH_DE, E_PERM);
}

static void status_keeps_its_reserved_bits(void **state)
{
	(void)state;
	assert_int_equal(debug_register_set(registers, 6, 0, WITH_DE), OK);
	assert_int_equal(get(6), DR6_FIXED);
	assert_int_equal(debug_register_set(registers, 6, UINT32_MAX, WITH_DE), OK);
	assert_int_equal(get(6), 0xffffefff);
	assert_unchanged_by(6, BIT(32), WITH_DE, E_INVAL);
}

static void control_keeps_its_reserved_bits(void **state)
{
	(void)state;
	assert_int_equal(debug_register_set(registers, 7, 0xd800, WITH_DE), OK);
	assert_int_equal(get(7), DR7_FIXED);
	assert_unchanged_by(7, BIT(32), WITH_DE, E_INVAL);
	assert_unchanged_by(7, BIT(63), WITH_DE, E_INVAL);
}

static void general_detect_is_refused(void **state)
{
	(void)state;
	assert_unchanged_by(7, BIT(13), WITH_DE, E_PERM);
}

static void execution_breakpoint_of_several_bytes_is_refused(void **state)
{
	(void)state;
	assert_unchanged_by(7, BREAKPOINT(0, 0, 1), WITH_DE, E_PERM);
	assert_int_equal(debug_register_set(registers, 7, BREAKPOINT(0, 0, 0), WITH_DE), OK);
}

static void fields_of_a_disabled_breakpoint_are_kept(void **state)
{
	uint64_t value = BREAKPOINT(2, 2, 2) & ~UINT64_C(0xff);

	(void)state;
	assert_int_equal(debug_register_set(registers, 7, value, WITHOUT_DE), OK);
	assert_int_equal(get(7), value | DR7_FIXED);
}

static void data_breakpoint_reaches_the_cpu(void **state)
{
	uint64_t value = BREAKPOINT(1, 1, 3) | BREAKPOINT(3, 3, 2) | BIT(8) | BIT(9) | DR7_FIXED;

	(void)state;
	assert_int_equal(debug_register_set(registers, 7, value, WITHOUT_DE), OK);
	assert_int_equal(registers[7], value);
	assert_int_equal(registers[5], 0);
}

static void port_breakpoint_needs_cr4_de(void **state)
{
	(void)state;
	assert_unchanged_by(7, BREAKPOINT(1, 2, 0), WITHOUT_DE, E_PERM);
	assert_unchanged_by(7, BREAKPOINT(1, 2, 2), WITH_DE, E_PERM);
	assert_int_equal(debug_register_set(registers, 7, BREAKPOINT(1, 2, 0), WITH_DE), OK);
}

static void port_breakpoint_never_reaches_the_cpu(void **state)
{
	uint64_t value = BREAKPOINT(0, 1, 3) | BREAKPOINT(2, 2, 0) | DR7_FIXED;

	(void)state;
	assert_int_equal(debug_register_set(registers, 7, value, WITH_DE), OK);
	assert_int_equal(registers[7] & 0xff, 1);
	assert_int_equal(get(7), value);
}

static void port_breakpoint_is_hit_by_accesses_that_overlap(void **state)
{
	(void)state;
	assert_int_equal(debug_register_set(registers, 2, 0x72, WITH_DE), OK);
	assert_int_equal(debug_register_set(registers, 7, BREAKPOINT(2, 2, 1), WITH_DE), OK);
	assert_int_equal(debug_ports_hit(registers, 0x71, 1), 0);
	assert_int_equal(debug_ports_hit(registers, 0x71, 2), 4);
	assert_int_equal(debug_ports_hit(registers, 0x73, 1), 4);
	assert_int_equal(debug_ports_hit(registers, 0x74, 4), 0);
	assert_int_equal(debug_ports_hit(registers, 0x70, 4), 4);
}

static void data_breakpoint_is_not_hit_by_a_port(void **state)
{
	(void)state;
	assert_int_equal(debug_register_set(registers, 0, 0x70, WITH_DE), OK);
	assert_int_equal(debug_register_set(registers, 7, BREAKPOINT(0, 3, 0), WITH_DE), OK);
	assert_int_equal(debug_ports_hit(registers, 0x70, 1), 0);
}

static void registers_4_and_5_are_other_names_without_cr4_de(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(debug_register_set(registers, 5, 0x1, WITHOUT_DE), OK);
	assert_int_equal(registers[7], DR7_FIXED | 1);
	assert_int_equal(debug_register_get(registers, 4, WITHOUT_DE, &value), OK);
	assert_int_equal(value, DR6_FIXED);
	assert_int_equal(debug_register_get(registers, 5, WITH_DE, &value), E_NODEV);
	assert_unchanged_by(4, 0, WITH_DE, E_NODEV);
}

static void register_that_does_not_exist_is_refused(void **state)
{
	uint64_t value;

	(void)state;
	assert_unchanged_by(8, 0, WITH_DE, E_NODEV);
	assert_unchanged_by(UINT32_MAX, 0, WITH_DE, E_NODEV);
	assert_int_equal(debug_register_get(registers, 8, WITH_DE, &value), E_NODEV);
}

static void saved_registers_come_back(void **state)
{
	uint64_t saved[DEBUG_REGISTERS];

	(void)state;
	assert_int_equal(debug_register_set(registers, 0, 0x1000, WITH_DE), OK);
	assert_int_equal(debug_register_set(registers, 1, 0x70, WITH_DE), OK);
	assert_int_equal(debug_register_set(registers, 7, BREAKPOINT(0, 1, 0) | BREAKPOINT(1, 2, 0), WITH_DE), OK);
	memcpy(saved, registers, sizeof(saved));
	debug_registers_reset(registers);
	assert_int_equal(debug_registers_load(registers, saved, WITH_DE), OK);
	assert_memory_equal(registers, saved, sizeof(saved));
}

static void saved_registers_obey_the_same_rules(void **state)
{
	uint64_t saved[DEBUG_REGISTERS] = {[1] = HYP_START};
	uint64_t before[DEBUG_REGISTERS];

	(void)state;
	memcpy(before, registers, sizeof(before));
	assert_int_equal(debug_registers_load(registers, saved, WITH_DE), E_PERM);
	saved[1] = 0;
	saved[5] = UINT64_MAX;
	saved[7] = BREAKPOINT(0, 2, 0);
	assert_int_equal(debug_registers_load(registers, saved, WITHOUT_DE), E_PERM);
	assert_memory_equal(registers, before, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers_after_reset_are_inactive, set_up),
		cmocka_unit_test_setup(address_of_the_hypervisor_is_refused, set_up),
		cmocka_unit_test_setup(address_that_is_not_canonical_is_refused, set_up),
		cmocka_unit_test_setup(status_keeps_its_reserved_bits, set_up),
		cmocka_unit_test_setup(control_keeps_its_reserved_bits, set_up),
		cmocka_unit_test_setup(general_detect_is_refused, set_up),
		cmocka_unit_test_setup(execution_breakpoint_of_several_bytes_is_refused, set_up),
		cmocka_unit_test_setup(fields_of_a_disabled_breakpoint_are_kept, set_up),
		cmocka_unit_test_setup(data_breakpoint_reaches_the_cpu, set_up),
		cmocka_unit_test_setup(port_breakpoint_needs_cr4_de, set_up),
		cmocka_unit_test_setup(port_breakpoint_never_reaches_the_cpu, set_up),
		cmocka_unit_test_setup(port_breakpoint_is_hit_by_accesses_that_overlap, set_up),
		cmocka_unit_test_setup(data_breakpoint_is_not_hit_by_a_port, set_up),
		cmocka_unit_test_setup(registers_4_and_5_are_other_names_without_cr4_de, set_up),
		cmocka_unit_test_setup(register_that_does_not_exist_is_refused, set_up),
		cmocka_unit_test_setup(saved_registers_come_back, set_up),
		cmocka_unit_test_setup(saved_registers_obey_the_same_rules, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
