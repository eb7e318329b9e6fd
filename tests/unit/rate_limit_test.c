/* The token bucket: how many events pass, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hyp/rate_limit.h>

static struct rate_limit limit;
static uint32_t dropped;

static int set_up(void **state)
{
	(void)state;
	rate_limit_init(&limit, 3, 100, 1000);
	return 0;
}

static unsigned int take_many(uint64_t now_ns, unsigned int times)
{
	unsigned int passed = 0;

	for (unsigned int i = 0; i < times; i++)
		passed += rate_limit_take(&limit, now_ns, &dropped);
	return passed;
}

static void burst_passes_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(take_many(1000, 100), 3);
}

static void one_more_passes_each_interval(void **state)
{
	(void)state;
	take_many(1000, 100);
	assert_int_equal(take_many(1099, 5), 0);
	assert_int_equal(take_many(1100, 5), 1);
	assert_int_equal(take_many(1299, 5), 1);
	assert_int_equal(take_many(1300, 5), 1);
}

static void idle_time_earns_at_most_a_burst(void **state)
{
	(void)state;
	take_many(1000, 3);
	assert_int_equal(take_many(1000000, 100), 3);
}

static void refused_are_counted_once(void **state)
{
	(void)state;
	take_many(1000, 10);
	assert_true(rate_limit_take(&limit, 1100, &dropped));
	assert_int_equal(dropped, 7);
	assert_true(rate_limit_take(&limit, 1200, &dropped));
	assert_int_equal(dropped, 0);
}

static void clock_that_goes_back_earns_nothing(void **state)
{
	(void)state;
	take_many(1000, 3);
	assert_int_equal(take_many(0, 10), 0);
	assert_int_equal(take_many(1100, 10), 1);
}

static void far_future_does_not_overflow(void **state)
{
	(void)state;
	take_many(1000, 3);
	assert_int_equal(take_many(UINT64_MAX, 10), 3);
	assert_int_equal(take_many(UINT64_MAX, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(burst_passes_and_no_more, set_up),
		cmocka_unit_test_setup(one_more_passes_each_interval, set_up),
		cmocka_unit_test_setup(idle_time_earns_at_most_a_burst, set_up),
		cmocka_unit_test_setup(refused_are_counted_once, set_up),
		cmocka_unit_test_setup(clock_that_goes_back_earns_nothing, set_up),
		cmocka_unit_test_setup(far_future_does_not_overflow, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
