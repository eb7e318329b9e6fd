/* How fast the time stamp counts: against timers that work, jump, stand still or wrap, and CPUs that are taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hyp/drivers/calibrate.h>

/* Time passes a little with every reading of anything. */
static uint64_t now_ns;
static uint64_t tsc_khz_true;
static uint64_t timer_hz_true, timer_mask_true;
static unsigned int readings, stall_every, stalls_left;
static uint64_t stall_ns;

static void pass(uint64_t ns)
{
	now_ns += ns;
	if (stall_every && ++readings % stall_every == 0 && stalls_left) {
		stalls_left--;
		now_ns += stall_ns;
	}
}

static uint64_t read_tsc(void)
{
	pass(20);
	return (uint64_t)((unsigned __int128)now_ns * tsc_khz_true / 1000000);
}

static uint64_t read_timer(void)
{
	pass(700);
	return (uint64_t)((unsigned __int128)now_ns * timer_hz_true / NANOSECONDS_PER_SECOND) & timer_mask_true;
}

static uint64_t read_still(void)
{
	pass(700);
	return 42;
}

/* Starts and then stops. */
static uint64_t read_dying(void)
{
	static uint64_t count;

	pass(700);
	return count < 10 ? ++count : count;
}

static struct calibrate_timer timer(const char *name, uint64_t hz, uint64_t mask)
{
	timer_hz_true = hz;
	timer_mask_true = mask;
	return (struct calibrate_timer){name, hz, mask, read_timer};
}

static int set_up(void **state)
{
	(void)state;
	now_ns = 123456789;
	tsc_khz_true = 2400000;
	readings = stall_every = 0;
	stalls_left = UINT32_MAX;
	return 0;
}

static void expect_khz(const struct calibrate_timer *t, uint64_t tolerance)
{
	const struct calibrate_timer *used = NULL;
	uint32_t khz = 0;

	assert_int_equal(calibrate_tsc(t, 1, read_tsc, &khz, &used), OK);
	assert_ptr_equal(used, t);
	assert_in_range(khz, tsc_khz_true - tolerance, tsc_khz_true + tolerance);
}

static void each_kind_of_timer_gives_the_rate(void **state)
{
	const struct calibrate_timer hpet = timer("HPET", 100000000, UINT64_MAX);

	(void)state;
	expect_khz(&hpet, 240);

	const struct calibrate_timer pm = timer("PM timer", 3579545, BIT(24) - 1);

	expect_khz(&pm, 240);

	const struct calibrate_timer pit = timer("PIT", 1193182, 0xffff);

	expect_khz(&pit, 480);
}

static void slow_and_fast_processors_are_measured(void **state)
{
	static const uint64_t rates[] = {33000, 1000000, 5800000, 50000000};
	const struct calibrate_timer t = timer("HPET", 14318180, UINT32_MAX);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(rates); i++) {
		tsc_khz_true = rates[i];
		expect_khz(&t, rates[i] / 5000);
	}
}

static void counter_that_wraps_meanwhile_gives_the_rate(void **state)
{
	const struct calibrate_timer t = timer("PM timer", 3579545, BIT(24) - 1);

	(void)state;
	/* A millisecond before the wrap of 2^24 ticks. */
	now_ns = BIT(24) * NANOSECONDS_PER_SECOND / 3579545 - 1000000;
	expect_khz(&t, 240);
}

static void cpu_taken_away_inside_samples_does_not_spoil_the_rate(void **state)
{
	const struct calibrate_timer t = timer("HPET", 100000000, UINT64_MAX);

	(void)state;
	stall_every = 5;
	stall_ns = 300000;
	expect_khz(&t, 480);
}

static void short_counter_that_went_round_unseen_is_not_believed(void **state)
{
	const struct calibrate_timer t = timer("PIT", 1193182, 0xffff);

	(void)state;
	/* Once in the first of the three measurements. */
	stall_every = 30000;
	stalls_left = 1;
	stall_ns = 54925401;
	expect_khz(&t, 480);
}

static void timer_that_stands_still_is_passed_over(void **state)
{
	const struct calibrate_timer *used = NULL;
	struct calibrate_timer timers[3];
	uint32_t khz;

	(void)state;
	timers[0] = (struct calibrate_timer){"still", 100000000, UINT64_MAX, read_still};
	timers[1] = (struct calibrate_timer){"dying", 100000000, UINT64_MAX, read_dying};
	timers[2] = timer("PIT", 1193182, 0xffff);
	assert_int_equal(calibrate_tsc(timers, 3, read_tsc, &khz, &used), OK);
	assert_ptr_equal(used, &timers[2]);
}

static void machine_without_a_timer_says_so(void **state)
{
	const struct calibrate_timer still = {"still", 100000000, UINT64_MAX, read_still};
	const struct calibrate_timer *used;
	uint32_t khz = 7;

	(void)state;
	assert_int_equal(calibrate_tsc(&still, 1, read_tsc, &khz, &used), E_NODEV);
	assert_int_equal(calibrate_tsc(NULL, 0, read_tsc, &khz, &used), E_NODEV);
	assert_int_equal(khz, 7);
}

static void rate_that_no_processor_has_is_refused(void **state)
{
	const struct calibrate_timer t = timer("HPET", 100000000, UINT64_MAX);
	const struct calibrate_timer *used;
	uint32_t khz;

	(void)state;
	tsc_khz_true = 500;
	assert_int_equal(calibrate_tsc(&t, 1, read_tsc, &khz, &used), E_NODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_kind_of_timer_gives_the_rate, set_up),
		cmocka_unit_test_setup(slow_and_fast_processors_are_measured, set_up),
		cmocka_unit_test_setup(counter_that_wraps_meanwhile_gives_the_rate, set_up),
		cmocka_unit_test_setup(cpu_taken_away_inside_samples_does_not_spoil_the_rate, set_up),
		cmocka_unit_test_setup(short_counter_that_went_round_unseen_is_not_believed, set_up),
		cmocka_unit_test_setup(timer_that_stands_still_is_passed_over, set_up),
		cmocka_unit_test_setup(machine_without_a_timer_says_so, set_up),
		cmocka_unit_test_setup(rate_that_no_processor_has_is_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
