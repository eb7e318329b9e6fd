/* The difference of two time-stamp counters: as told by readings of counters that are equal, apart, or unreliable. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../hypervisor/arch/x86/tsc_sync.h"

#define ROUNDS 64

/* Rounds of a meeting whose messages take 50 to 550 ticks each way; the other's counter is `apart`, and gains `gain` a round. */
static struct tsc_bounds meet(int64_t apart, int64_t gain)
{
	struct tsc_bounds b = TSC_BOUNDS_NONE;
	uint64_t now = 1000000;

	srandom(1);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t before = now, read_at = now + 50 + (uint64_t)random() % 500;

		now = read_at + 50 + (uint64_t)random() % 500;
		tsc_bounds_narrow(&b, before, read_at + (uint64_t)apart, now);
		apart += gain;
	}
	return b;
}

static void equal_counters_have_no_difference(void **state)
{
	struct tsc_bounds b = meet(0, 0);

	(void)state;
	assert_true(tsc_bounds_agree(&b));
	assert_int_equal(tsc_bounds_offset(&b), 0);
}

static void a_difference_is_found_to_a_fraction_of_the_way(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		int64_t apart = i ? -123456789 : 987654321;
		struct tsc_bounds b = meet(apart, 0);

		assert_true(tsc_bounds_agree(&b));
		assert_in_range(tsc_bounds_offset(&b) - apart + 100, 0, 200);
	}
}

static void a_difference_across_the_end_of_the_counter_is_found(void **state)
{
	struct tsc_bounds b = TSC_BOUNDS_NONE;

	(void)state;
	tsc_bounds_narrow(&b, UINT64_MAX - 100, 1000, UINT64_MAX - 90);
	assert_int_equal(tsc_bounds_offset(&b), 1096);
}

static void counters_of_two_rates_do_not_agree(void **state)
{
	struct tsc_bounds b = meet(5000, 1000);

	(void)state;
	assert_false(tsc_bounds_agree(&b));
	assert_int_not_equal(tsc_bounds_offset(&b), 0);
}

static struct tsc_meeting meeting;

static void *other_cpu(void *unused)
{
	tsc_meeting_answer(&meeting);
	return unused;
}

static void both_sides_of_a_meeting_come_to_its_end(void **state)
{
	struct tsc_bounds b = TSC_BOUNDS_NONE;
	pthread_t other;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, other_cpu, NULL), 0);
	tsc_meeting_ask(&meeting, &b);
	assert_int_equal(meeting.answered, ROUNDS);
	tsc_meeting_end(&meeting);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_true(b.low != INT64_MIN && b.high != INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_counters_have_no_difference),
		cmocka_unit_test(a_difference_is_found_to_a_fraction_of_the_way),
		cmocka_unit_test(a_difference_across_the_end_of_the_counter_is_found),
		cmocka_unit_test(counters_of_two_rates_do_not_agree),
		cmocka_unit_test(both_sides_of_a_meeting_come_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
