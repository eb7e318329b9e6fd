/* The times of a vCPU's states: each in its place, and all of them together no more and no less than has passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

static struct domain *d;
static struct vcpu *v;

static int setup(void **state)
{
	(void)state;
	sim_start(1);
	d = sim_busy_domain(1, 2, 256);
	v = d->vcpu[0];
	sim_settle();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_end();
	return 0;
}

static struct vcpu_runstate_info state_of(struct vcpu *of)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(of, &info);
	return info;
}

static void times_add_up_to_what_has_passed(void **state)
{
	uint64_t start_ns = fake_now_ns, sum = 0;
	struct vcpu_runstate_info info;

	(void)state;
	sim_run(MS(33));
	vcpu_stop_for(v, VCPU_BLOCKED);
	sim_run(MS(21));
	vcpu_pause(v);
	sim_run(MS(2));
	vcpu_wake_from(v, VCPU_BLOCKED);
	sim_run(MS(3));
	vcpu_unpause(v);
	sim_run(MS(17) + 1);
	info = state_of(v);
	for (unsigned int i = 0; i < 4; i++)
		sum += info.time[i];
	assert_int_equal(sum, fake_now_ns - start_ns);
	assert_int_equal(info.time[RUNSTATE_blocked], MS(23));
	assert_int_equal(info.time[RUNSTATE_offline], MS(3));
}

static void waiting_for_the_cpu_is_runnable(void **state)
{
	(void)state;
	sim_run(MS(100));
	assert_int_equal(state_of(d->vcpu[0]).time[RUNSTATE_running] + state_of(d->vcpu[1]).time[RUNSTATE_running],
			 MS(100));
	assert_int_equal(state_of(v).time[RUNSTATE_runnable] + state_of(v).time[RUNSTATE_running], MS(100));
	assert_int_equal(state_of(sim_runs[0]).state, RUNSTATE_running);
	assert_int_equal(state_of(d->vcpu[sim_runs[0] == v]).state, RUNSTATE_runnable);
}

static void polling_is_blocked(void **state)
{
	(void)state;
	vcpu_stop_for(v, VCPU_POLLING);
	sim_settle();
	assert_int_equal(state_of(v).state, RUNSTATE_blocked);
}

static void blocked_dominates_offline(void **state)
{
	(void)state;
	vcpu_stop_for(v, VCPU_BLOCKED);
	vcpu_pause(v);
	sim_settle();
	assert_int_equal(state_of(v).state, RUNSTATE_blocked);
	vcpu_wake_from(v, VCPU_BLOCKED);
	assert_int_equal(state_of(v).state, RUNSTATE_offline);
	vcpu_unpause(v);
}

static void entry_time_is_that_of_the_present_state(void **state)
{
	uint64_t blocked_ns;

	(void)state;
	sim_run(MS(7));
	vcpu_stop_for(v, VCPU_BLOCKED);
	sim_settle();
	blocked_ns = fake_now_ns;
	sim_run(MS(5));
	assert_int_equal(state_of(v).state_entry_time, blocked_ns);
}

static void over_its_cap_is_runnable(void **state)
{
	(void)state;
	vcpu_stop_for(d->vcpu[1], VCPU_BLOCKED);
	assert_int_equal(sched_set_params(d, 256, 10), OK);
	sim_run(MS(1000));
	assert_int_equal(state_of(v).time[RUNSTATE_offline], 0);
	assert_int_equal(state_of(v).time[RUNSTATE_blocked], 0);
	assert_true(state_of(v).time[RUNSTATE_runnable] > MS(850));
}

/* Clocks of two CPUs may differ: time does not run backwards in a vCPU's account. */
static void clock_that_is_behind_counts_as_no_time(void **state)
{
	struct vcpu_runstate_info before = state_of(v), after;

	(void)state;
	vcpu_runstate_change(v, RUNSTATE_runnable, fake_now_ns - 500);
	vcpu_runstate_change(v, RUNSTATE_running, fake_now_ns - 300);
	after = state_of(v);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(after.time[i], before.time[i]);
}

/* A CPU reads the clock when it begins to choose; another one asks meanwhile how long the vCPU has been running. */
static void told_time_does_not_shrink(void **state)
{
	struct vcpu_runstate_info told, after;
	uint64_t picked_ns;

	(void)state;
	sim_run(MS(7));
	picked_ns = fake_now_ns;
	fake_now_ns += US(5);
	told = state_of(sim_runs[0]);
	vcpu_runstate_change(sim_runs[0], RUNSTATE_blocked, picked_ns);
	after = state_of(sim_runs[0]);
	assert_int_equal(after.state, RUNSTATE_blocked);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(after.time[i], told.time[i]);
	/* Nor does it if the clock of who asks next is behind. */
	fake_now_ns += US(5);
	told = state_of(sim_runs[0]);
	fake_now_ns -= US(2);
	after = state_of(sim_runs[0]);
	assert_int_equal(after.time[RUNSTATE_blocked], told.time[RUNSTATE_blocked]);
	/* All is counted, once. */
	fake_now_ns += US(4);
	assert_int_equal(state_of(sim_runs[0]).time[RUNSTATE_blocked], US(7));
	vcpu_runstate_change(sim_runs[0], RUNSTATE_running, fake_now_ns);
}

static void result_has_no_stray_bytes(void **state)
{
	struct vcpu_runstate_info info;
	const unsigned char *bytes = (const unsigned char *)&info;

	(void)state;
	memset(&info, 0xaa, sizeof(info));
	vcpu_runstate_get(v, &info);
	for (size_t i = sizeof(info.state); i < offsetof(struct vcpu_runstate_info, state_entry_time); i++)
		assert_int_equal(bytes[i], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(times_add_up_to_what_has_passed),
		TEST(waiting_for_the_cpu_is_runnable),
		TEST(polling_is_blocked),
		TEST(blocked_dominates_offline),
		TEST(entry_time_is_that_of_the_present_state),
		TEST(over_its_cap_is_runnable),
		TEST(clock_that_is_behind_counts_as_no_time),
		TEST(told_time_does_not_shrink),
		TEST(result_has_no_stray_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
