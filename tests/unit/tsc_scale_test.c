/* Ticks and nanoseconds: the one function is the inverse of the other, at any rate that a counter can have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../hypervisor/arch/x86/tsc_scale.h"

static const uint32_t rates_khz[] = {1, 999, 1000, 33333, 999999, 1000000, 1000001, 2000000, 2096003, 4000001, UINT32_MAX};
#define RATES (sizeof(rates_khz) / sizeof(*rates_khz))
#define DAY_NS (UINT64_C(86400) * NANOSECONDS_PER_SECOND)

static void scale_is_normal_at_any_rate(void **state)
{
	(void)state;
	for (size_t i = 0; i < RATES; i++)
		assert_true(tsc_scale_make(rates_khz[i]).mul >= UINT32_C(1) << 31);
}

static void second_has_as_many_ticks_as_the_rate(void **state)
{
	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		struct tsc_scale scale = tsc_scale_make(rates_khz[i]);
		uint64_t ticks = ns_to_ticks(&scale, NANOSECONDS_PER_SECOND), wanted = rates_khz[i] * UINT64_C(1000);

		/* A scale has 31 bits at least, and the rate loses what is shifted out. */
		assert_in_range(ticks, wanted - (wanted >> 29) - 1, wanted + (wanted >> 29) + 1);
	}
}

/* A clock that is made of ticks made of nanoseconds neither runs ahead nor falls behind, however long it runs. */
static void ticks_of_nanoseconds_are_these_nanoseconds_again(void **state)
{
	(void)state;
	srandom(1);
	for (size_t i = 0; i < RATES; i++) {
		struct tsc_scale scale = tsc_scale_make(rates_khz[i]);
		uint64_t tick_ns = 1000000 / rates_khz[i] + 2;

		for (int round = 0; round < 1000; round++) {
			uint64_t ns = ((uint64_t)random() << 31 | (uint64_t)random()) % (30 * DAY_NS);
			uint64_t again = ticks_to_ns(&scale, ns_to_ticks(&scale, ns));

			assert_true(again <= ns && ns - again <= tick_ns);
		}
	}
}

static void a_line_from_a_later_point_is_the_same_and_short(void **state)
{
	(void)state;
	srandom(2);
	for (size_t i = 0; i < RATES; i++) {
		struct tsc_scale scale = tsc_scale_make(rates_khz[i]);

		for (int round = 0; round < 1000; round++) {
			uint64_t ns = ((uint64_t)random() << 31 | (uint64_t)random()) % (20 * DAY_NS);
			uint64_t ticks = ns_to_ticks(&scale, ns);
			struct tsc_point start = tsc_scale_start(&scale, ticks);

			assert_true(start.ticks <= ticks);
			assert_true((ticks - start.ticks) << scale.left >> scale.right <= UINT32_MAX);
			for (uint64_t more = 0; more < 10 * NANOSECONDS_PER_SECOND; more += NANOSECONDS_PER_SECOND + 7) {
				uint64_t from_start = ticks_to_ns(&scale, ticks + more - start.ticks);

				assert_int_equal(start.ns + from_start, ticks_to_ns(&scale, ticks + more));
			}
		}
		assert_int_equal(tsc_scale_start(&scale, (uint64_t)-5).ticks, 0);
		assert_int_equal(tsc_scale_start(&scale, (uint64_t)-5).ns, 0);
	}
}

static void what_is_beyond_a_century_never_comes(void **state)
{
	struct tsc_scale slow = tsc_scale_make(1000), fast = tsc_scale_make(UINT32_MAX);

	(void)state;
	assert_int_equal(ns_to_ticks(&slow, UINT64_MAX), UINT64_MAX);
	assert_int_equal(ns_to_ticks(&slow, UINT64_C(1) << 62), UINT64_MAX);
	/* So many ticks do not fit. */
	assert_int_equal(ns_to_ticks(&fast, (UINT64_C(1) << 62) - 1), UINT64_MAX);
}

static void a_counter_that_started_late_has_deadlines_too(void **state)
{
	(void)state;
	assert_int_equal(ticks_to_tsc(1000, 500), 1500);
	assert_int_equal(ticks_to_tsc((uint64_t)-1000, 1500), 500);
	/* Before its start: it is over, and 0 would mean none. */
	assert_int_equal(ticks_to_tsc((uint64_t)-1000, 500), 1);
	assert_int_equal(ticks_to_tsc((uint64_t)-1000, 1000), 1);
	assert_int_equal(ticks_to_tsc((uint64_t)-1000, UINT64_MAX), UINT64_MAX);
	assert_int_equal(ticks_to_tsc(1000, UINT64_MAX), UINT64_MAX);
	assert_int_equal(ticks_to_tsc(1000, INT64_MAX), UINT64_MAX);
	assert_int_equal(ticks_to_tsc(1000, INT64_MAX - 1000), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scale_is_normal_at_any_rate),
		cmocka_unit_test(second_has_as_many_ticks_as_the_rate),
		cmocka_unit_test(ticks_of_nanoseconds_are_these_nanoseconds_again),
		cmocka_unit_test(a_line_from_a_later_point_is_the_same_and_short),
		cmocka_unit_test(what_is_beyond_a_century_never_comes),
		cmocka_unit_test(a_counter_that_started_late_has_deadlines_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
