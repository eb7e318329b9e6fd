/* Policies of guests, derived from what two made-up CPUs say: an AMD and an Intel with every bit of every feature word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hyp/pv/cpu_policy.h>

#define FEATURE(name) XEN_X86_FEATURE_##name

static struct cpu_policies amd, intel;
static const struct cpu_policy_support all_support = {
	.xcr0 = 0xe7, .fsgsbase = true, .nx = true, .rdtscp = true, .tsc_invariant = true,
};

static void leaf_set(struct cpu_policy *p, uint32_t leaf, uint32_t subleaf, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint32_t *l = cpu_policy_leaf_edit(p, leaf, subleaf);

	l[CPUID_EAX] = a;
	l[CPUID_EBX] = b;
	l[CPUID_ECX] = c;
	l[CPUID_EDX] = d;
}

static void raw_make(struct cpu_policy *p, bool is_amd)
{
	uint32_t b = is_amd ? 0x68747541 : 0x756e6547, c = is_amd ? 0x444d4163 : 0x6c65746e,
		 d = is_amd ? 0x69746e65 : 0x49656e69;

	memset(p, 0xff, sizeof(*p));
	leaf_set(p, 0, 0, 0x1f, b, c, d);
	leaf_set(p, 1, 0, 0x00a20f10, 0x07080800, UINT32_MAX, UINT32_MAX);
	leaf_set(p, 7, 0, 7, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	leaf_set(p, 0xd, 0, 0x2e7, 0x340, 0xa88, 0);
	leaf_set(p, 0xd, 2, 256, 576, 0, 0);
	leaf_set(p, 0xd, 5, 64, 832, 0, 0);
	leaf_set(p, 0xd, 6, 512, 896, 2, 0);
	leaf_set(p, 0xd, 7, 1024, 1408, 2, 0);
	leaf_set(p, 0xd, 9, 8, 2432, 0, 0);
	leaf_set(p, 0x80000000, 0, is_amd ? 0x80000028 : 0x80000008, b, c, d);
	leaf_set(p, 0x80000002, 0, 0x20444d41, 0x72, 0x61, 0x62);
	leaf_set(p, 0x80000008, 0, 0x00003030, UINT32_MAX, 0x7fff, 0xffff);
	p->arch_capabilities = UINT64_MAX;
}

static int set_up(void **state)
{
	(void)state;
	raw_make(&amd.raw, true);
	raw_make(&intel.raw, false);
	cpu_policies_derive(&amd, &all_support);
	cpu_policies_derive(&intel, &all_support);
	return 0;
}

static void answer(const struct cpu_policy *p, uint64_t xcr0, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	struct cpuid_view view = {.vcpu = 3, .in_kernel = true, .xcr0 = xcr0};

	cpu_policy_answer(p, &view, leaf, subleaf, out);
}

static void feature_of_supervisors_is_hidden(void **state)
{
	static const unsigned int hidden[] = {
		FEATURE(VME), FEATURE(PSE), FEATURE(PGE), FEATURE(PSE36), FEATURE(MTRR), FEATURE(DS), FEATURE(TM1),
		FEATURE(MONITOR), FEATURE(VMX), FEATURE(SMX), FEATURE(EIST), FEATURE(PDCM), FEATURE(PCID), FEATURE(DCA),
		FEATURE(X2APIC), FEATURE(TSC_DEADLINE), FEATURE(PAGE1GB), FEATURE(SVM), FEATURE(EXTAPIC), FEATURE(IBS),
		FEATURE(SKINIT), FEATURE(WDT), FEATURE(LWP), FEATURE(NODEID_MSR), FEATURE(TOPOEXT), FEATURE(SMEP),
		FEATURE(SMAP), FEATURE(INVPCID), FEATURE(TSC_ADJUST), FEATURE(MPX), FEATURE(UMIP), FEATURE(PKU),
		FEATURE(CET_SS), FEATURE(CET_IBT), FEATURE(XSAVES), FEATURE(ENQCMD), FEATURE(PROC_TRACE), FEATURE(SGX),
		FEATURE(HTT), FEATURE(CMP_LEGACY), FEATURE(OSXSAVE), FEATURE(DBEXT), FEATURE(IBRSB), FEATURE(STIBP),
		FEATURE(SSBD), FEATURE(EIBRS), FEATURE(MCU_CTRL), 6 * 32 + 16,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
		assert_false(cpu_policy_has(&amd.pv_max, hidden[i]));
		assert_false(cpu_policy_has(&intel.pv_max, hidden[i]));
	}
}

static void feature_that_guests_can_use_is_shown(void **state)
{
	static const unsigned int shown[] = {
		FEATURE(APIC), FEATURE(SEP), FEATURE(SYSCALL), FEATURE(LM), FEATURE(NX), FEATURE(HYPERVISOR), FEATURE(CX16),
		FEATURE(FSGSBASE), FEATURE(RDTSCP), FEATURE(XSAVE), FEATURE(XGETBV1), FEATURE(AVX2), FEATURE(AVX512F),
		FEATURE(PAT), FEATURE(IBPB), FEATURE(MCE), FEATURE(FXSR),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(shown); i++) {
		assert_true(cpu_policy_has(&amd.pv_default, shown[i]));
		assert_true(cpu_policy_has(&intel.pv_default, shown[i]));
	}
}

static void invariant_tsc_is_for_domain_0_and_on_request(void **state)
{
	struct cpu_policy_support s = all_support;

	(void)state;
	assert_true(cpu_policy_has(&amd.domain0, FEATURE(ITSC)));
	assert_true(cpu_policy_has(&amd.pv_max, FEATURE(ITSC)));
	assert_false(cpu_policy_has(&amd.pv_default, FEATURE(ITSC)));
	s.tsc_invariant = false;
	cpu_policies_derive(&amd, &s);
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(ITSC)));
}

static void feature_without_support_is_hidden_with_its_dependents(void **state)
{
	struct cpu_policy_support s = {};
	uint32_t out[4];

	(void)state;
	cpu_policies_derive(&amd, &s);
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(XSAVE)));
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(AVX)));
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(FMA)));
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(AVX512_BF16)));
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(FSGSBASE)));
	assert_false(cpu_policy_has(&amd.domain0, FEATURE(NX)));
	for (uint32_t subleaf = 0; subleaf < 63; subleaf++) {
		answer(&amd.domain0, 3, 0xd, subleaf, out);
		assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	}
	answer(&amd.domain0, 3, 1, 0, out);
	assert_false(out[CPUID_ECX] >> 27 & 1);
}

static void avx512_needs_all_its_state(void **state)
{
	struct cpu_policy_support s = all_support;

	(void)state;
	s.xcr0 = 0x27;
	cpu_policies_derive(&intel, &s);
	assert_true(cpu_policy_has(&intel.pv_default, FEATURE(AVX2)));
	assert_false(cpu_policy_has(&intel.pv_default, FEATURE(AVX512F)));
	assert_false(cpu_policy_has(&intel.pv_default, FEATURE(AVX512_VNNI)));
	assert_int_equal(cpu_policy_xcr0(&intel.pv_default), 7);
}

static void amd_repeats_only_what_is_shown(void **state)
{
	uint32_t out[4];

	(void)state;
	answer(&amd.pv_default, 3, 0x80000001, 0, out);
	assert_int_equal(out[CPUID_EDX] & 0x0183f3ff, 0x0183f3ff & cpu_policy_feature_word(&amd.pv_default, 0));
	assert_false(out[CPUID_EDX] >> 13 & 1);
	answer(&intel.pv_default, 3, 0x80000001, 0, out);
	assert_int_equal(out[CPUID_EDX] & 0x0183f3ff, 0);
}

static void topology_is_hidden(void **state)
{
	uint32_t out[4];

	(void)state;
	for (uint32_t subleaf = 0; subleaf < 3; subleaf++) {
		answer(&intel.domain0, 3, 0xb, subleaf, out);
		assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	}
	answer(&intel.domain0, 3, 4, 0, out);
	assert_int_equal(out[CPUID_EAX] >> 14, 0);
	answer(&amd.domain0, 3, 0x80000008, 0, out);
	assert_int_equal(out[CPUID_EAX], 0x3030);
	assert_int_equal(out[CPUID_ECX], 0);
	answer(&amd.domain0, 3, 0x8000001e, 0, out);
	assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	answer(&amd.domain0, 3, 1, 0, out);
	assert_int_equal(out[CPUID_EBX], 0x06000800);
}

static void leaf_beyond_the_last_says_nothing(void **state)
{
	static const uint32_t beyond[] = {0xe, 0x14, 0x1f, 0x40000000, 0x7fffffff, 0x80000022, 0xc0000000, UINT32_MAX};
	uint32_t out[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(beyond); i++) {
		answer(&amd.domain0, 3, beyond[i], 0, out);
		assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	}
	answer(&intel.domain0, 3, 0x80000021, 0, out);
	assert_int_equal(out[CPUID_EAX], 0);
	answer(&intel.domain0, 3, 0, 0, out);
	assert_int_equal(out[CPUID_EAX], 0xd);
}

static void brand_and_vendor_pass_through(void **state)
{
	uint32_t out[4];

	(void)state;
	answer(&amd.domain0, 3, 0, 0, out);
	assert_int_equal(out[CPUID_EBX], 0x68747541);
	answer(&amd.domain0, 3, 0x80000002, 7, out);
	assert_int_equal(out[CPUID_EAX], 0x20444d41);
}

static void state_size_follows_xcr0(void **state)
{
	uint32_t out[4];

	(void)state;
	answer(&intel.pv_default, 3, 0xd, 0, out);
	assert_int_equal(out[CPUID_EAX], 0xe7);
	assert_int_equal(out[CPUID_EBX], 576);
	assert_int_equal(out[CPUID_ECX], 2432);
	answer(&intel.pv_default, 7, 0xd, 0, out);
	assert_int_equal(out[CPUID_EBX], 832);
	answer(&intel.pv_default, 0xe7, 0xd, 0, out);
	assert_int_equal(out[CPUID_EBX], 2432);
	answer(&intel.pv_default, 0xe7, 0xd, 1, out);
	assert_int_equal(out[CPUID_EBX], 576 + 256 + 64 + 512 + 1024);
	answer(&intel.pv_default, 3, 0xd, 9, out);
	assert_int_equal(out[0] | out[1], 0);
}

static void osxsave_is_seen_early_by_the_kernel_only(void **state)
{
	struct cpuid_view view = {.in_kernel = true, .xcr0 = 3};
	uint32_t out[4];

	(void)state;
	cpu_policy_answer(&amd.pv_default, &view, 1, 0, out);
	assert_true(out[CPUID_ECX] >> 27 & 1);
	view.in_kernel = false;
	cpu_policy_answer(&amd.pv_default, &view, 1, 0, out);
	assert_false(out[CPUID_ECX] >> 27 & 1);
	view.osxsave = true;
	cpu_policy_answer(&amd.pv_default, &view, 1, 0, out);
	assert_true(out[CPUID_ECX] >> 27 & 1);
}

static void xcr0_without_its_parts_is_refused(void **state)
{
	static const uint64_t bad[] = {0, 2, 4, 5, 0x23, 0x67, 0xa7, 0xe3, 0xe1, 0x207, 0x8000000000000003};
	static const uint64_t good[] = {1, 3, 7, 0xe7};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(xcr0_is_valid(bad[i], 0xe7));
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		assert_true(xcr0_is_valid(good[i], 0xe7));
	assert_false(xcr0_is_valid(7, 3));
}

static void list_brings_the_same_policy_back(void **state)
{
	struct cpu_policy copy = {};
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;
	unsigned int count = 0;

	(void)state;
	for (unsigned int i = 0; i < CPU_POLICY_LIST_MAX; i++) {
		struct xen_cpuid_leaf entry;

		if (!cpu_policy_list_leaf(&amd.pv_default, i, &entry))
			continue;
		count++;
		assert_int_equal(cpu_policy_put_leaf(&copy, &entry, &error), OK);
	}
	for (unsigned int i = 0; i < CPU_POLICY_MSRS; i++) {
		struct xen_msr_entry entry;

		assert_true(cpu_policy_list_msr(&amd.pv_default, i, &entry));
		assert_int_equal(cpu_policy_put_msr(&copy, &entry, &error), OK);
	}
	assert_memory_equal(&copy, &amd.pv_default, sizeof(copy));
	assert_int_equal(count, cpu_policy_list_count(&amd.pv_default));
	assert_int_equal(cpu_policy_check(&copy, &amd.pv_max, &error), OK);
	assert_int_equal(error.leaf, UINT32_MAX);
}

static void leaf_that_policies_do_not_hold_is_refused(void **state)
{
	static const struct xen_cpuid_leaf bad[] = {
		{.leaf = 0xe, .subleaf = XEN_CPUID_NO_SUBLEAF}, {.leaf = 1, .subleaf = 0},
		{.leaf = 7, .subleaf = XEN_CPUID_NO_SUBLEAF},	{.leaf = 7, .subleaf = 3},
		{.leaf = 0xd, .subleaf = 63},			{.leaf = 0x80000022, .subleaf = XEN_CPUID_NO_SUBLEAF},
		{.leaf = 0x40000000, .subleaf = 0},
	};
	struct cpu_policy copy = amd.pv_default;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct cpu_policy_error error = CPU_POLICY_NO_ERROR;

		assert_int_equal(cpu_policy_put_leaf(&copy, &bad[i], &error), E_RANGE);
		assert_int_equal(error.leaf, bad[i].leaf);
		assert_int_equal(error.subleaf, bad[i].subleaf);
	}
	assert_memory_equal(&copy, &amd.pv_default, sizeof(copy));
}

static void policy_beyond_the_maximum_is_refused_by_leaf(void **state)
{
	static const struct {
		unsigned int feature;
		uint32_t leaf, subleaf;
	} cases[] = {
		{FEATURE(MOVBE), 1, XEN_CPUID_NO_SUBLEAF},
		{FEATURE(AVX2), 7, 0},
		{FEATURE(XGETBV1), 0xd, 1},
		{FEATURE(SSE4A), 0x80000001, XEN_CPUID_NO_SUBLEAF},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct cpu_policy max = amd.pv_max;
		struct cpu_policy_error error = CPU_POLICY_NO_ERROR;

		cpu_policy_feature_set(&max, cases[i].feature, false);
		assert_int_equal(cpu_policy_check(&amd.pv_default, &max, &error), E_INVAL);
		assert_int_equal(error.leaf, cases[i].leaf);
		assert_int_equal(error.subleaf, cases[i].subleaf);
		assert_int_equal(error.msr, UINT32_MAX);
	}
}

static void limits_beyond_the_maximum_are_refused(void **state)
{
	struct cpu_policy candidate = amd.pv_default;
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;

	(void)state;
	cpu_policy_leaf_edit(&candidate, 0, 0)[CPUID_EAX] = 0xe;
	assert_int_equal(cpu_policy_check(&candidate, &amd.pv_max, &error), E_INVAL);
	assert_int_equal(error.leaf, 0);
	candidate = amd.pv_default;
	cpu_policy_leaf_edit(&candidate, 0x80000000, 0)[CPUID_EAX] = 0x80000022;
	assert_int_equal(cpu_policy_check(&candidate, &amd.pv_max, &error), E_INVAL);
	assert_int_equal(error.leaf, 0x80000000);
	candidate = amd.pv_default;
	candidate.platform_info = BIT(31);
	assert_int_equal(cpu_policy_check(&candidate, &amd.pv_max, &error), E_INVAL);
	assert_int_equal(error.msr, 0xce);
	candidate = intel.pv_max;
	candidate.arch_capabilities &= ~BIT(0);
	assert_int_equal(cpu_policy_check(&intel.pv_default, &candidate, &error), E_INVAL);
	assert_int_equal(error.msr, 0x10a);
}

/* A tool's "as on the host" for each of them must not stop the creation of a guest. */
static void what_no_guest_can_have_is_not_refused_but_taken_away(void **state)
{
	static const unsigned int features[] = {
		FEATURE(VMX), FEATURE(MONITOR), FEATURE(TM2), FEATURE(MTRR), FEATURE(SMEP),
		FEATURE(PKU), FEATURE(XSAVES), FEATURE(SVM),
	};
	struct cpu_policy candidate = intel.pv_default;
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(features); i++)
		cpu_policy_feature_set(&candidate, features[i], true);
	candidate.arch_capabilities |= BIT(1); /* IBRS_ALL */
	assert_int_equal(cpu_policy_check(&candidate, &intel.pv_max, &error), OK);
	cpu_policy_complete(&candidate, &intel.pv_max, &intel.host);
	assert_memory_equal(&candidate, &intel.pv_default, sizeof(candidate));
}

static void what_the_hypervisor_decides_is_not_refused_but_ignored(void **state)
{
	struct cpu_policy candidate = amd.pv_default;
	struct cpu_policy_error error = CPU_POLICY_NO_ERROR;

	(void)state;
	cpu_policy_feature_set(&candidate, FEATURE(HTT), true);
	cpu_policy_feature_set(&candidate, FEATURE(CMP_LEGACY), true);
	cpu_policy_feature_set(&candidate, FEATURE(HYPERVISOR), false);
	assert_int_equal(cpu_policy_check(&candidate, &amd.pv_max, &error), OK);
	cpu_policy_complete(&candidate, &amd.pv_max, &amd.host);
	assert_memory_equal(&candidate, &amd.pv_default, sizeof(candidate));
}

static void feature_taken_away_takes_its_dependents(void **state)
{
	struct cpu_policy candidate = amd.pv_default;
	uint32_t out[4];

	(void)state;
	cpu_policy_feature_set(&candidate, FEATURE(AVX), false);
	cpu_policy_complete(&candidate, &amd.pv_max, &amd.host);
	assert_false(cpu_policy_has(&candidate, FEATURE(AVX2)));
	assert_false(cpu_policy_has(&candidate, FEATURE(AVX512_VBMI)));
	answer(&candidate, 3, 0xd, 0, out);
	assert_int_equal(out[CPUID_EAX], 3);
	assert_int_equal(out[CPUID_ECX], 576);
}

static void featureset_has_the_words_of_the_abi(void **state)
{
	(void)state;
	assert_int_equal(cpu_policy_feature_word(&amd.raw, 18), UINT32_MAX);
	assert_int_equal(cpu_policy_feature_word(&amd.raw, 19), 0);
	assert_int_equal(cpu_policy_feature_word(&intel.pv_default, 16) & 3, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(feature_of_supervisors_is_hidden, set_up),
		cmocka_unit_test_setup(feature_that_guests_can_use_is_shown, set_up),
		cmocka_unit_test_setup(invariant_tsc_is_for_domain_0_and_on_request, set_up),
		cmocka_unit_test_setup(feature_without_support_is_hidden_with_its_dependents, set_up),
		cmocka_unit_test_setup(avx512_needs_all_its_state, set_up),
		cmocka_unit_test_setup(amd_repeats_only_what_is_shown, set_up),
		cmocka_unit_test_setup(topology_is_hidden, set_up),
		cmocka_unit_test_setup(leaf_beyond_the_last_says_nothing, set_up),
		cmocka_unit_test_setup(brand_and_vendor_pass_through, set_up),
		cmocka_unit_test_setup(state_size_follows_xcr0, set_up),
		cmocka_unit_test_setup(osxsave_is_seen_early_by_the_kernel_only, set_up),
		cmocka_unit_test_setup(xcr0_without_its_parts_is_refused, set_up),
		cmocka_unit_test_setup(list_brings_the_same_policy_back, set_up),
		cmocka_unit_test_setup(leaf_that_policies_do_not_hold_is_refused, set_up),
		cmocka_unit_test_setup(policy_beyond_the_maximum_is_refused_by_leaf, set_up),
		cmocka_unit_test_setup(limits_beyond_the_maximum_are_refused, set_up),
		cmocka_unit_test_setup(what_no_guest_can_have_is_not_refused_but_taken_away, set_up),
		cmocka_unit_test_setup(what_the_hypervisor_decides_is_not_refused_but_ignored, set_up),
		cmocka_unit_test_setup(feature_taken_away_takes_its_dependents, set_up),
		cmocka_unit_test_setup(featureset_has_the_words_of_the_abi, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
