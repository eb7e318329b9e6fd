/* Names of CPU features (arch/x86/pv/cpuid_names.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../hypervisor/arch/x86/pv/cpuid_names.h"
#include <hyp/pv/cpu_policy.h>

static unsigned int found(const char *name)
{
	unsigned int feature = UINT32_MAX;

	return cpu_feature_find((struct text){name, strlen(name)}, &feature) ? feature : UINT32_MAX;
}

static void feature_is_found_by_its_name_in_any_spelling(void **state)
{
	(void)state;
	assert_int_equal(found("avx2"), XEN_X86_FEATURE_AVX2);
	assert_int_equal(found("AVX2"), XEN_X86_FEATURE_AVX2);
	assert_int_equal(found("avx512-vnni"), XEN_X86_FEATURE_AVX512_VNNI);
	assert_int_equal(found("AVX512_VNNI"), XEN_X86_FEATURE_AVX512_VNNI);
	assert_int_equal(found("fpu"), XEN_X86_FEATURE_FPU);
}

static void what_is_no_name_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(found(""), UINT32_MAX);
	assert_int_equal(found("avx"  "22"), UINT32_MAX);
	assert_int_equal(found("av"), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feature_is_found_by_its_name_in_any_spelling),
		cmocka_unit_test(what_is_no_name_is_not_found),
	};

	return cmocka_run_group_tests_name("cpuid_names", tests, NULL, NULL);
}
