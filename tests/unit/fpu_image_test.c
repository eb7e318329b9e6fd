/* Images of x87, SSE and extended state, in and out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/x86/fpu_image.h>

#define AVX_AT (FPU_LEGACY_BYTES + FPU_HEADER_BYTES)
#define MXCSR_AT 24
#define MXCSR_DAZ 0x40u
#define RESERVED 0x10000u

static const struct fpu_format with_avx = {AVX_AT + 256, 0xffff, true}, without_header = {FPU_LEGACY_BYTES, 0xffbf, false};
static uint8_t image[AVX_AT + 256], legacy[FPU_LEGACY_BYTES];

static uint64_t word_at(const uint8_t *bytes, unsigned int at, unsigned int count)
{
	uint64_t value = 0;

	memcpy(&value, bytes + at, count);
	return value;
}

static void word_put(uint8_t *bytes, unsigned int at, unsigned int count, uint64_t value) { memcpy(bytes + at, &value, count); }

/* What a program left, with AVX in use. */
static int set_up(void **state)
{
	(void)state;
	memset(image, 0x5a, sizeof(image));
	word_put(image, MXCSR_AT, 4, 0x1fa0);
	memset(image + FPU_LEGACY_BYTES, 0, FPU_HEADER_BYTES);
	word_put(image, FPU_LEGACY_BYTES, 8, 7);
	memset(legacy, 0x33, sizeof(legacy));
	word_put(legacy, MXCSR_AT, 4, 0x1f80);
	return 0;
}

static void the_valid_bits_of_mxcsr_are_those_of_the_mask_or_the_oldest_ones(void **state)
{
	(void)state;
	word_put(image, MXCSR_AT + 4, 4, 0x2ffff);
	assert_int_equal(fpu_image_mxcsr_valid(image), 0x2ffff);
	word_put(image, MXCSR_AT + 4, 4, 0);
	assert_int_equal(fpu_image_mxcsr_valid(image), 0xffbf);
}

static void after_reset_exceptions_are_masked_and_all_else_is_zero(void **state)
{
	(void)state;
	fpu_image_reset(image, &with_avx);
	assert_int_equal(word_at(image, 0, 2), 0x37f);
	assert_int_equal(word_at(image, MXCSR_AT, 4), 0x1f80);
	assert_int_equal(word_at(image, FPU_LEGACY_BYTES, 8), 3);
	assert_int_equal(word_at(image, 160, 8), 0);
	assert_int_equal(word_at(image, AVX_AT, 8), 0);
}

static void legacy_state_from_outside_leaves_the_other_components(void **state)
{
	(void)state;
	fpu_image_legacy_set(image, &with_avx, legacy);
	assert_int_equal(word_at(image, 160, 8), 0x3333333333333333);
	assert_int_equal(word_at(image, AVX_AT, 8), 0x5a5a5a5a5a5a5a5a);
	assert_int_equal(word_at(image, FPU_LEGACY_BYTES, 8), 7);
	word_put(image, FPU_LEGACY_BYTES, 8, 4);
	fpu_image_legacy_set(image, &with_avx, legacy);
	assert_int_equal(word_at(image, FPU_LEGACY_BYTES, 8), 7);
}

static void mxcsr_keeps_what_the_cpu_takes_and_nothing_else(void **state)
{
	(void)state;
	word_put(legacy, MXCSR_AT, 4, 0x1f80 | MXCSR_DAZ | RESERVED);
	fpu_image_legacy_set(image, &with_avx, legacy);
	assert_int_equal(word_at(image, MXCSR_AT, 4), 0x1f80 | MXCSR_DAZ);
	fpu_image_legacy_set(image, &without_header, legacy);
	assert_int_equal(word_at(image, MXCSR_AT, 4), 0x1f80);
	word_put(image, MXCSR_AT, 4, 0x1f80 | MXCSR_DAZ | RESERVED);
	memcpy(legacy, image, sizeof(legacy));
	fpu_image_set(image, &with_avx, legacy, sizeof(legacy));
	assert_int_equal(word_at(image, MXCSR_AT, 4), 0x1f80 | MXCSR_DAZ);
}

/* What the CPU did not write is what somebody else's save left. */
static void a_component_in_its_initial_state_is_given_as_that(void **state)
{
	(void)state;
	word_put(image, FPU_LEGACY_BYTES, 8, 4);
	fpu_image_legacy_get(image, &with_avx, legacy);
	assert_int_equal(word_at(legacy, 0, 2), 0x37f);
	assert_int_equal(word_at(legacy, 2, 8), 0);
	assert_int_equal(word_at(legacy, 8, 8), 0);
	assert_int_equal(word_at(legacy, 32, 8), 0);
	assert_int_equal(word_at(legacy, 152, 8), 0);
	assert_int_equal(word_at(legacy, 160, 8), 0);
	assert_int_equal(word_at(legacy, 408, 8), 0);
	assert_int_equal(word_at(legacy, MXCSR_AT, 4), 0x1fa0);
}

static void a_component_that_is_there_is_given_as_it_is(void **state)
{
	(void)state;
	word_put(image, FPU_LEGACY_BYTES, 8, 2);
	fpu_image_legacy_get(image, &with_avx, legacy);
	assert_int_equal(word_at(legacy, 32, 8), 0);
	assert_int_equal(word_at(legacy, 160, 8), 0x5a5a5a5a5a5a5a5a);
	word_put(image, FPU_LEGACY_BYTES, 8, 1);
	fpu_image_legacy_get(image, &with_avx, legacy);
	assert_int_equal(word_at(legacy, 32, 8), 0x5a5a5a5a5a5a5a5a);
	assert_int_equal(word_at(legacy, 160, 8), 0);
	fpu_image_legacy_get(image, &without_header, legacy);
	assert_memory_equal(legacy, image, FPU_LEGACY_BYTES);
}

static void a_short_image_leaves_the_rest_in_its_initial_state(void **state)
{
	uint8_t from[AVX_AT];

	(void)state;
	memcpy(from, image, sizeof(from));
	fpu_image_set(image, &with_avx, from, sizeof(from));
	assert_int_equal(word_at(image, 160, 8), 0x5a5a5a5a5a5a5a5a);
	assert_int_equal(word_at(image, FPU_LEGACY_BYTES, 8), 7);
	assert_int_equal(word_at(image, AVX_AT, 8), 0);
	assert_int_equal(word_at(image, AVX_AT + 248, 8), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_valid_bits_of_mxcsr_are_those_of_the_mask_or_the_oldest_ones),
		TEST(after_reset_exceptions_are_masked_and_all_else_is_zero),
		TEST(legacy_state_from_outside_leaves_the_other_components),
		TEST(mxcsr_keeps_what_the_cpu_takes_and_nothing_else),
		TEST(a_component_in_its_initial_state_is_given_as_that),
		TEST(a_component_that_is_there_is_given_as_it_is),
		TEST(a_short_image_leaves_the_rest_in_its_initial_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
