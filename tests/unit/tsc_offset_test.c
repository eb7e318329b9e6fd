/* How far two CPUs' counters are found to be apart: equal ones, ones that started apart, ones that count differently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hyp/tsc_offset.h>

#define SAMPLES 64
/* Where the real counters lie when the first sample is taken. */
#define START UINT64_C(1000000000000)

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % limit;
}

/* Questions and answers that take 20 to 500 ticks each way, of counters that are `ahead` apart; the other one is slower by
   one tick in `slower` (0: not). */
static int64_t measured(int64_t ahead, uint64_t slower)
{
	struct tsc_sample samples[SAMPLES];
	uint64_t now = START;

	for (unsigned int i = 0; i < SAMPLES; i++) {
		samples[i].before = now + (uint64_t)ahead;
		now += 20 + random_below(480);
		samples[i].there = now - (slower ? (now - START) / slower : 0);
		now += 20 + random_below(480);
		samples[i].after = now + (uint64_t)ahead;
		now += random_below(1000);
	}
	return tsc_ahead(samples, SAMPLES);
}

static void equal_counters_are_not_apart(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(measured(0, 0), 0);
}

static void counters_apart_are_found_within_half_a_window(void **state)
{
	static const int64_t apart[] = {1000, -1000, 5000, 123456789, -123456789, INT64_C(1) << 50, -(INT64_C(1) << 38)};

	(void)state;
	for (unsigned int i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		int64_t found = measured(apart[i], 0);

		assert_in_range(found - apart[i] + 250, 0, 500);
	}
}

static void a_counter_that_began_at_reset_is_found_behind(void **state)
{
	const struct tsc_sample sample = {.before = 100, .there = START, .after = 140};

	(void)state;
	assert_int_equal(tsc_ahead(&sample, 1), 120 - (int64_t)START);
}

static void counters_of_two_rates_are_apart(void **state)
{
	(void)state;
	assert_int_not_equal(measured(0, 10), 0);
}

static void one_long_window_decides_nothing(void **state)
{
	const struct tsc_sample samples[] = {{1000, 500, 1040}, {2000, 1480, 1000000}, {3000, 2500, 3040}};

	(void)state;
	assert_in_range(tsc_ahead(samples, 3), 520, 540);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_counters_are_not_apart),
		cmocka_unit_test(counters_apart_are_found_within_half_a_window),
		cmocka_unit_test(a_counter_that_began_at_reset_is_found_behind),
		cmocka_unit_test(counters_of_two_rates_are_apart),
		cmocka_unit_test(one_long_window_decides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
