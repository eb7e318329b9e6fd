/* Model-specific registers of guests, and the hypercall page that one of them asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/x86/pv/hypercall_page.h>
#include <arch/x86/pv/msr_policy.h>

static struct cpu_policy policy;
static const struct msr_snapshot snapshot = {.platform_id = 0x11, .microcode = 0x2200000000, .misc_enable = 0x850089};
static const struct msr_facts facts = {.policy = &policy, .snapshot = &snapshot};

static void vendor_set(bool is_amd)
{
	cpu_policy_leaf_edit(&policy, 0, 0)[CPUID_EBX] = is_amd ? 0x68747541 : 0x756e6547;
}

static int set_up(void **state)
{
	static const unsigned int features[] = {
		XEN_X86_FEATURE_TSC, XEN_X86_FEATURE_APIC, XEN_X86_FEATURE_MCA, XEN_X86_FEATURE_PAT, XEN_X86_FEATURE_NX,
		XEN_X86_FEATURE_RDTSCP, XEN_X86_FEATURE_IBPB, XEN_X86_FEATURE_ARCH_CAPS,
	};

	(void)state;
	memset(&policy, 0, sizeof(policy));
	for (size_t i = 0; i < ARRAY_COUNT(features); i++)
		cpu_policy_feature_set(&policy, features[i], true);
	policy.arch_capabilities = 0x21;
	vendor_set(true);
	return 0;
}

static uint64_t value_of(uint32_t index)
{
	enum msr_state state;
	uint64_t value = 0;

	assert_int_equal(msr_policy_read(&facts, index, &value, &state), MSR_DONE);
	return value;
}

static enum msr_verdict reading(uint32_t index)
{
	enum msr_state state;
	uint64_t value = UINT64_C(0x5a5a5a5a5a5a5a5a);
	enum msr_verdict verdict = msr_policy_read(&facts, index, &value, &state);

	if (verdict != MSR_DONE)
		assert_int_equal(value, UINT64_C(0x5a5a5a5a5a5a5a5a));
	if (verdict == MSR_ASK)
		assert_true(state > MSR_STATE_NONE && state < MSR_STATES);
	return verdict;
}

static enum msr_verdict writing(uint32_t index, uint64_t value)
{
	enum msr_state state;

	return msr_policy_write(&facts, index, value, &state);
}

static void register_without_a_row_faults(void **state)
{
	static const uint32_t indexes[] = {
		0, 1, 0x3b, 0x48, 0x79, 0xc1, 0xe7, 0xfe, 0x123, 0x140, 0x174, 0x175, 0x176, 0x17b, 0x186, 0x1a2, 0x1d9,
		0x200, 0x2ff, 0x38f, 0x408, 0x480, 0x6e0, 0x802, 0xda0, 0x40000001, 0x40000070, 0xc0000081, 0xc0000082,
		0xc0000083, 0xc0000084, 0xc0000104, 0xc0010008, 0xc0010055, 0xc0010114, 0xc0010117, 0xc0010140, 0xc0011027,
		UINT32_MAX,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		assert_int_equal(reading(indexes[i]), MSR_FAULT);
		assert_int_equal(writing(indexes[i], 0), MSR_FAULT);
		assert_int_equal(writing(indexes[i], UINT64_MAX), MSR_FAULT);
	}
}

static void memory_types_are_fixed(void **state)
{
	(void)state;
	assert_int_equal(value_of(0x277), UINT64_C(0x0000050100070406));
	assert_int_equal(writing(0x277, 0), MSR_FAULT);
}

static void efer_takes_only_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(value_of(0xc0000080), 0xd01);
	assert_int_equal(writing(0xc0000080, 0xd01), MSR_DONE);
	assert_int_equal(writing(0xc0000080, 0x501), MSR_FAULT);
	cpu_policy_feature_set(&policy, XEN_X86_FEATURE_NX, false);
	assert_int_equal(value_of(0xc0000080), 0x501);
}

static void machine_check_banks_are_quiet(void **state)
{
	(void)state;
	assert_int_equal(value_of(0x179), 2);
	assert_int_equal(value_of(0x400), UINT64_MAX);
	assert_int_equal(value_of(0x401), 0);
	assert_int_equal(value_of(0x407), 0);
	assert_int_equal(writing(0x400, UINT64_MAX), MSR_DONE);
	assert_int_equal(writing(0x401, 0), MSR_DONE);
	assert_int_equal(writing(0x405, 1), MSR_FAULT);
	cpu_policy_feature_set(&policy, XEN_X86_FEATURE_MCA, false);
	assert_int_equal(reading(0x179), MSR_FAULT);
	assert_int_equal(reading(0x404), MSR_FAULT);
}

static void registers_of_the_vcpu_are_asked_for(void **state)
{
	static const uint32_t indexes[] = {0x10, 0x1b, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++)
		assert_int_equal(reading(indexes[i]), MSR_ASK);
	assert_int_equal(writing(0x10, 0), MSR_FAULT);
	assert_int_equal(writing(0xc0000100, 0), MSR_ASK);
	cpu_policy_feature_set(&policy, XEN_X86_FEATURE_RDTSCP, false);
	assert_int_equal(reading(0xc0000103), MSR_FAULT);
}

static void barrier_can_only_be_written_and_only_if_shown(void **state)
{
	(void)state;
	assert_int_equal(reading(0x49), MSR_FAULT);
	assert_int_equal(writing(0x49, 1), MSR_ASK);
	assert_int_equal(msr_pred_cmd_bits(&policy), 1);
	cpu_policy_feature_set(&policy, XEN_X86_FEATURE_SBPB, true);
	assert_int_equal(msr_pred_cmd_bits(&policy), 0x81);
	cpu_policy_feature_set(&policy, XEN_X86_FEATURE_IBPB, false);
	assert_int_equal(writing(0x49, 1), MSR_FAULT);
}

static void capabilities_are_the_policys(void **state)
{
	(void)state;
	assert_int_equal(value_of(0x10a), 0x21);
	assert_int_equal(writing(0x10a, 0x21), MSR_FAULT);
	cpu_policy_feature_set(&policy, XEN_X86_FEATURE_ARCH_CAPS, false);
	assert_int_equal(reading(0x10a), MSR_FAULT);
}

static void amd_registers_are_amds(void **state)
{
	(void)state;
	assert_int_equal(value_of(0xc0010015), 0);
	assert_int_equal(writing(0xc0010015, 0x40), MSR_DONE);
	assert_int_equal(writing(0xc0010015, 0x10), MSR_FAULT);
	assert_int_equal(value_of(0xc0011029), 2);
	assert_int_equal(value_of(0xc0010007), 0);
	assert_int_equal(reading(0x1a0), MSR_FAULT);
	vendor_set(false);
	assert_int_equal(reading(0xc0010015), MSR_FAULT);
	assert_int_equal(reading(0xc0011029), MSR_FAULT);
}

static void intel_registers_are_intels(void **state)
{
	(void)state;
	vendor_set(false);
	assert_int_equal(value_of(0x17), 0x11);
	assert_int_equal(value_of(0x3a), 1);
	assert_int_equal(value_of(0xce), 0);
	assert_int_equal(value_of(0x1a0), 0x811809);
	assert_int_equal(writing(0x1a0, 0x811809), MSR_DONE);
	assert_int_equal(writing(0x1a0, 0), MSR_FAULT);
}

static void microcode_is_told_and_not_changed(void **state)
{
	(void)state;
	assert_int_equal(value_of(0x8b), UINT64_C(0x2200000000));
	assert_int_equal(writing(0x8b, 0), MSR_DONE);
	assert_int_equal(writing(0x8b, 1), MSR_FAULT);
}

static void hypercall_page_loads_each_number(void **state)
{
	static const uint8_t five[] = {0x51, 0x41, 0x53, 0xb8, 5, 0, 0, 0, 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3, 0xcc};
	static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05, 0xcc};
	static uint8_t page[4096];

	(void)state;
	hypercall_page_fill(page);
	assert_memory_equal(page + 5 * 32, five, sizeof(five));
	assert_memory_equal(page + 23 * 32, iret, sizeof(iret));
	assert_int_equal(page[127 * 32 + 4], 127);
	assert_int_equal(page[4095], 0xcc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(register_without_a_row_faults, set_up),
		cmocka_unit_test_setup(memory_types_are_fixed, set_up),
		cmocka_unit_test_setup(efer_takes_only_what_it_is, set_up),
		cmocka_unit_test_setup(machine_check_banks_are_quiet, set_up),
		cmocka_unit_test_setup(registers_of_the_vcpu_are_asked_for, set_up),
		cmocka_unit_test_setup(barrier_can_only_be_written_and_only_if_shown, set_up),
		cmocka_unit_test_setup(capabilities_are_the_policys, set_up),
		cmocka_unit_test_setup(amd_registers_are_amds, set_up),
		cmocka_unit_test_setup(intel_registers_are_intels, set_up),
		cmocka_unit_test_setup(microcode_is_told_and_not_changed, set_up),
		cmocka_unit_test_setup(hypercall_page_loads_each_number, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
