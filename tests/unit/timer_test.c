/* Timers fire in order, once, never early, on the right CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hyp/fake.h>
#include <hyp/timer.h>

#define COUNT 200

static struct timer timers[COUNT];
static struct timer *fired[COUNT * 4];
static unsigned int fired_count, fired_on;

static void record(struct timer *t)
{
	assert_false(t->active);
	assert_true(timer_is_running(t));
	assert_true(fired_count < sizeof(fired) / sizeof(fired[0]));
	fired_on = fake_cpu_id;
	fired[fired_count++] = t;
}

static int setup(void **state)
{
	(void)state;
	fake_cpus_reset(2);
	fired_count = 0;
	for (unsigned int i = 0; i < COUNT; i++)
		timer_init(&timers[i], record, 0);
	return 0;
}

static void run_at(uint64_t now_ns)
{
	fake_now_ns = now_ns;
	timer_run(fake_cpu_id);
}

static void timer_never_fires_early(void **state)
{
	(void)state;
	timer_set(&timers[0], 2000000000);
	run_at(1999999999);
	assert_int_equal(fired_count, 0);
	run_at(2000000000);
	assert_int_equal(fired_count, 1);
}

static void timer_fires_once_for_each_setting(void **state)
{
	(void)state;
	timer_set(&timers[0], 2000000000);
	timer_set(&timers[0], 2100000000);
	run_at(3000000000);
	run_at(4000000000);
	assert_int_equal(fired_count, 1);
	timer_set(&timers[0], 4100000000);
	run_at(4100000000);
	assert_int_equal(fired_count, 2);
}

static void timers_fire_in_the_order_of_their_deadlines(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNT; i++)
		timer_set(&timers[i], 2000000000 + (i * 7919u) % 1009u);
	for (unsigned int i = 0; i < COUNT / TIMER_BATCH + 1; i++)
		run_at(3000000000);
	assert_int_equal(fired_count, COUNT);
	for (unsigned int i = 1; i < COUNT; i++)
		assert_true(fired[i - 1]->node.key <= fired[i]->node.key);
}

static void one_run_calls_a_bounded_number_and_asks_to_come_back(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNT; i++)
		timer_set(&timers[i], 1500000000);
	run_at(2000000000);
	assert_int_equal(fired_count, TIMER_BATCH);
	assert_true(fake_cpus[0].timer_deadline_ns <= fake_now_ns);
}

static void stopped_timer_does_not_fire(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNT; i++)
		timer_set(&timers[i], 2000000000 + i);
	for (unsigned int i = 0; i < COUNT; i += 2)
		timer_stop(&timers[i]);
	timer_stop(&timers[0]);
	for (unsigned int i = 0; i < 4; i++)
		run_at(3000000000);
	assert_int_equal(fired_count, COUNT / 2);
	assert_int_equal(timer_next_deadline(0), UINT64_MAX);
}

static void deadline_in_the_past_fires_at_the_next_run(void **state)
{
	(void)state;
	timer_set(&timers[0], 0);
	timer_set(&timers[1], 1);
	assert_true(fake_cpus[0].timer_deadline_ns <= fake_now_ns);
	run_at(fake_now_ns);
	assert_int_equal(fired_count, 2);
	assert_ptr_equal(fired[0], &timers[0]);
}

/* Deadlines of 64 bits must not wrap into the past, nor disturb the order of others. */
static void extreme_deadlines_never_come(void **state)
{
	const uint64_t extremes[] = {UINT64_MAX, UINT64_MAX - 1, (uint64_t)INT64_MAX + 1, INT64_MAX, UINT64_MAX / 2 + 2};

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		timer_set(&timers[i], extremes[i]);
	timer_set(&timers[5], 0);
	timer_set(&timers[6], 2000000000);
	run_at(UINT64_C(1) << 62);
	assert_int_equal(fired_count, 2);
	assert_ptr_equal(fired[0], &timers[5]);
	assert_ptr_equal(fired[1], &timers[6]);
	assert_int_equal(timer_next_deadline(0), TIMER_NEVER_NS);
}

static void hardware_is_told_of_an_earlier_deadline_only(void **state)
{
	unsigned int programs;

	(void)state;
	timer_set(&timers[0], 3000000000);
	assert_int_equal(fake_cpus[0].timer_deadline_ns, 3000000000);
	programs = fake_cpus[0].timer_programs;
	timer_set(&timers[1], 4000000000);
	assert_int_equal(fake_cpus[0].timer_programs, programs);
	timer_set(&timers[2], 2000000000);
	assert_int_equal(fake_cpus[0].timer_deadline_ns, 2000000000);
	run_at(2000000000);
	assert_int_equal(fake_cpus[0].timer_deadline_ns, 3000000000);
	run_at(5000000000);
	assert_int_equal(fake_cpus[0].timer_deadline_ns, UINT64_MAX);
}

static void earlier_deadline_on_another_cpu_kicks_it(void **state)
{
	(void)state;
	fake_cpu_id = 1;
	timer_set(&timers[0], 3000000000);
	assert_int_equal(fake_cpus[0].timer_kicks, 1);
	assert_int_equal(fake_cpus[1].timer_deadline_ns, UINT64_MAX);
	timer_set(&timers[1], 4000000000);
	assert_int_equal(fake_cpus[0].timer_kicks, 1);
	fake_cpu_id = 0;
	run_at(2000000000);
	assert_int_equal(fake_cpus[0].timer_deadline_ns, 3000000000);
}

static void migrated_timer_fires_on_its_new_cpu_alone(void **state)
{
	(void)state;
	timer_set(&timers[0], 2000000000);
	timer_migrate(&timers[0], 1);
	timer_migrate(&timers[1], 1);
	assert_int_equal(fake_cpus[1].timer_kicks, 1);
	run_at(3000000000);
	assert_int_equal(fired_count, 0);
	fake_cpu_id = 1;
	timer_set(&timers[1], 2500000000);
	run_at(3000000000);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fired_on, 1);
}

static void set_again(struct timer *t)
{
	record(t);
	timer_set(t, fake_now_ns + 1000);
}

static void function_may_set_its_own_timer(void **state)
{
	(void)state;
	timer_init(&timers[0], set_again, 0);
	timer_set(&timers[0], 2000000000);
	run_at(2000000000);
	assert_int_equal(fired_count, 1);
	assert_int_equal(fake_cpus[0].timer_deadline_ns, 2000001000);
	run_at(2000001000);
	assert_int_equal(fired_count, 2);
	assert_false(timer_is_running(&timers[0]));
}

static void stop_the_next(struct timer *t)
{
	record(t);
	timer_stop(t + 1);
}

static void function_may_stop_another_that_is_due(void **state)
{
	(void)state;
	timer_init(&timers[0], stop_the_next, 0);
	timer_set(&timers[0], 2000000000);
	timer_set(&timers[1], 2000000001);
	run_at(3000000000);
	assert_int_equal(fired_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timer_never_fires_early, setup),
		cmocka_unit_test_setup(timer_fires_once_for_each_setting, setup),
		cmocka_unit_test_setup(timers_fire_in_the_order_of_their_deadlines, setup),
		cmocka_unit_test_setup(one_run_calls_a_bounded_number_and_asks_to_come_back, setup),
		cmocka_unit_test_setup(stopped_timer_does_not_fire, setup),
		cmocka_unit_test_setup(deadline_in_the_past_fires_at_the_next_run, setup),
		cmocka_unit_test_setup(extreme_deadlines_never_come, setup),
		cmocka_unit_test_setup(hardware_is_told_of_an_earlier_deadline_only, setup),
		cmocka_unit_test_setup(earlier_deadline_on_another_cpu_kicks_it, setup),
		cmocka_unit_test_setup(migrated_timer_fires_on_its_new_cpu_alone, setup),
		cmocka_unit_test_setup(function_may_set_its_own_timer, setup),
		cmocka_unit_test_setup(function_may_stop_another_that_is_due, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
