/* Who runs where and for how long, in simulated time on up to four CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

static struct domain *d[8];

static int teardown(void **state)
{
	(void)state;
	sim_end();
	return 0;
}

/* `ran` is `percent` of `of`, within `slack` percent of it. */
static void assert_share(uint64_t ran, double percent, uint64_t of, double slack)
{
	double want = (double)of * percent / 100, off = (double)ran - want;

	if (off < 0)
		off = -off;
	if (off > want * slack / 100)
		print_error("ran %.3f%%, wanted %.3f%%\n", 100.0 * (double)ran / (double)of, percent);
	assert_true(off <= want * slack / 100);
}

static void add_busy(unsigned int from, unsigned int count)
{
	for (unsigned int i = from; i < from + count; i++)
		d[i] = sim_busy_domain((domid_t)(i + 1), 1, 256);
}

/* A vCPU that sleeps and works in turn, as an architecture and its guest would make it. */
static void sleep_now(struct vcpu *v)
{
	vcpu_stop_for(v, VCPU_BLOCKED);
	sim_settle();
}

static void wake_now(struct vcpu *v)
{
	vcpu_wake_from(v, VCPU_BLOCKED);
	sim_settle();
}

static void weights_1_2_4_share_one_cpu_so(void **state)
{
	(void)state;
	sim_start(1);
	for (unsigned int i = 0; i < 3; i++)
		d[i] = sim_busy_domain((domid_t)(i + 1), 1, 128u << i);
	sim_run(MS(10000));
	for (unsigned int i = 0; i < 3; i++)
		assert_share(sim_ran_ns(d[i]->vcpu[0]), 100.0 * (1 << i) / 7, MS(10000), 1);
}

static void weights_of_extremes_share_one_cpu_so(void **state)
{
	(void)state;
	sim_start(1);
	d[0] = sim_busy_domain(1, 1, 1000);
	d[1] = sim_busy_domain(2, 1, 10);
	sim_run(MS(20000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]), 100.0 * 1000 / 1010, MS(20000), 2);
	assert_share(sim_ran_ns(d[1]->vcpu[0]), 100.0 * 10 / 1010, MS(20000), 6);
}

static void equal_vcpus_share_more_cpus_equally(unsigned int vcpus, unsigned int cpus)
{
	sim_start(cpus);
	add_busy(0, vcpus);
	sim_run(MS(10000));
	for (unsigned int i = 0; i < vcpus; i++)
		assert_share(sim_ran_ns(d[i]->vcpu[0]), 100.0 * cpus / vcpus, MS(10000), 3);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		assert_true(sched_idle_ns(cpu) < MS(1));
}

static void three_busy_vcpus_on_two_cpus_get_equal_shares(void **state)
{
	(void)state;
	equal_vcpus_share_more_cpus_equally(3, 2);
}

static void five_busy_vcpus_on_two_cpus_get_equal_shares(void **state)
{
	(void)state;
	equal_vcpus_share_more_cpus_equally(5, 2);
}

static void five_busy_vcpus_on_four_cpus_get_equal_shares(void **state)
{
	(void)state;
	equal_vcpus_share_more_cpus_equally(5, 4);
}

static void seven_busy_vcpus_on_three_cpus_get_equal_shares(void **state)
{
	(void)state;
	equal_vcpus_share_more_cpus_equally(7, 3);
}

static void as_many_vcpus_as_cpus_never_wait(void **state)
{
	(void)state;
	equal_vcpus_share_more_cpus_equally(4, 4);
	assert_true(sim_switches <= 16);
}

static void weights_count_across_cpus(void **state)
{
	static const uint32_t weight[] = {128, 256, 256, 384, 512};

	(void)state;
	sim_start(2);
	for (unsigned int i = 0; i < 5; i++)
		d[i] = sim_busy_domain((domid_t)(i + 1), 1, weight[i]);
	sim_run(MS(20000));
	for (unsigned int i = 0; i < 5; i++)
		assert_share(sim_ran_ns(d[i]->vcpu[0]), 200.0 * weight[i] / 1536, MS(20000), 4);
}

/* Its weight entitles it to more than a CPU: it gets one, and the others share the rest. */
static void heavy_vcpu_gets_one_cpu_and_the_others_share_the_rest(void **state)
{
	(void)state;
	sim_start(2);
	d[0] = sim_busy_domain(1, 1, 4096);
	add_busy(1, 2);
	sim_run(MS(10000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]), 100, MS(10000), 1);
	assert_share(sim_ran_ns(d[1]->vcpu[0]), 50, MS(10000), 3);
	assert_share(sim_ran_ns(d[2]->vcpu[0]), 50, MS(10000), 3);
}

/* The heavy one's debt is forgiven: who comes later does not starve because of it, nor does the debt starve others. */
static void newcomer_is_not_starved_beside_an_old_debt(void **state)
{
	uint64_t before[4];

	(void)state;
	sim_start(2);
	d[0] = sim_busy_domain(1, 1, 4096);
	add_busy(1, 2);
	sim_run(MS(30000));
	d[3] = sim_busy_domain(4, 1, 256);
	for (unsigned int i = 0; i < 4; i++)
		before[i] = sim_ran_ns(d[i]->vcpu[0]);
	sim_run(MS(1000));
	for (unsigned int i = 1; i < 4; i++)
		assert_share(sim_ran_ns(d[i]->vcpu[0]) - before[i], 100.0 / 3, MS(1000), 15);
}

static void pinned_vcpus_keep_their_weights_while_another_cpu_runs_ahead(void **state)
{
	(void)state;
	sim_start(2);
	d[0] = sim_busy_domain(1, 1, 256);
	d[1] = sim_busy_domain(2, 1, 256);
	d[2] = sim_busy_domain(3, 1, 768);
	sim_pin(d[0]->vcpu[0], 0);
	sim_pin(d[1]->vcpu[0], 1);
	sim_pin(d[2]->vcpu[0], 1);
	sim_run(MS(10000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]), 100, MS(10000), 1);
	assert_share(sim_ran_ns(d[1]->vcpu[0]), 25, MS(10000), 3);
	assert_share(sim_ran_ns(d[2]->vcpu[0]), 75, MS(10000), 3);
}

static void capped_vcpu_gets(uint32_t cap)
{
	sim_start(1);
	add_busy(0, 1);
	assert_int_equal(sched_set_params(d[0], 256, cap), OK);
	sim_run(MS(10000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]), cap, MS(10000), 2);
}

static void cap_of_30_percent_is_kept(void **state)
{
	(void)state;
	capped_vcpu_gets(30);
}

static void cap_of_1_percent_is_kept(void **state)
{
	(void)state;
	capped_vcpu_gets(1);
}

static void cap_of_95_percent_is_kept(void **state)
{
	(void)state;
	capped_vcpu_gets(95);
}

static void cap_is_for_all_vcpus_of_a_domain_together_and_they_share_it(void **state)
{
	(void)state;
	sim_start(2);
	d[0] = sim_busy_domain(1, 2, 256);
	assert_int_equal(sched_set_params(d[0], 256, 50), OK);
	sim_run(MS(10000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]) + sim_ran_ns(d[0]->vcpu[1]), 50, MS(10000), 2);
	assert_share(sim_ran_ns(d[0]->vcpu[0]), 25, MS(10000), 20);
}

static void capped_vcpu_leaves_the_rest_to_others(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 2);
	assert_int_equal(sched_set_params(d[0], 256, 20), OK);
	sim_run(MS(10000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]), 20, MS(10000), 2);
	assert_share(sim_ran_ns(d[1]->vcpu[0]), 80, MS(10000), 1);
}

/* Four that may always run, and four CPUs. The first vCPU that an idle one pulls over is one that is over its cap. */
static void cpu_that_pulls_a_capped_vcpu_looks_for_another(void **state)
{
	(void)state;
	sim_start(4);
	d[0] = sim_busy_domain(1, 3, 256);
	d[1] = sim_busy_domain(2, 2, 256);
	d[2] = sim_busy_domain(3, 2, 256);
	vcpu_stop_for(d[2]->vcpu[1], VCPU_BLOCKED);
	assert_int_equal(sched_set_params(d[1], 256, 15), OK);
	for (unsigned int ms = 0; ms < 30; ms++) {
		sim_run(MS(1));
		if (d[1]->vcpu[0]->sched.parked && d[1]->vcpu[1]->sched.parked)
			for (unsigned int cpu = 0; cpu < 4; cpu++)
				assert_non_null(sim_runs[cpu]);
	}
}

static void cap_that_is_taken_away_lets_run_at_once(void **state)
{
	uint64_t before;

	(void)state;
	sim_start(1);
	add_busy(0, 1);
	assert_int_equal(sched_set_params(d[0], 256, 1), OK);
	sim_run(MS(1000));
	before = sim_ran_ns(d[0]->vcpu[0]);
	assert_int_equal(sched_set_params(d[0], 256, 0), OK);
	sim_run(MS(100));
	assert_share(sim_ran_ns(d[0]->vcpu[0]) - before, 100, MS(100), 1);
}

static void cap_that_is_set_holds_for_one_that_runs(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 1);
	sim_settle();
	assert_ptr_equal(sim_runs[0], d[0]->vcpu[0]);
	assert_int_equal(sched_set_params(d[0], 256, 1), OK);
	assert_true(sched_is_due(0));
	sim_run(MS(1000));
	assert_share(sim_ran_ns(d[0]->vcpu[0]), 1, MS(1000), 5);
}

static void parameters_out_of_range_are_refused(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 1);
	assert_int_equal(sched_set_params(d[0], 0, 0), E_INVAL);
	assert_int_equal(sched_set_params(d[0], SCHED_WEIGHT_MAX + 1, 0), E_INVAL);
	assert_int_equal(sched_set_params(d[0], 256, 101), E_INVAL);
	assert_int_equal(sched_set_params(d[0], SCHED_WEIGHT_MAX, 100), OK);
	assert_int_equal(d[0]->sched.weight, SCHED_WEIGHT_MAX);
}

static void vcpu_that_slept_takes_the_place_of_a_busy_one_at_once(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 2);
	sleep_now(d[0]->vcpu[0]);
	sim_run(MS(500));
	assert_ptr_equal(sim_runs[0], d[1]->vcpu[0]);
	wake_now(d[0]->vcpu[0]);
	assert_ptr_equal(sim_runs[0], d[0]->vcpu[0]);
}

static void long_sleep_is_no_credit_to_starve_others_with(void **state)
{
	uint64_t before;

	(void)state;
	sim_start(1);
	add_busy(0, 2);
	sleep_now(d[0]->vcpu[0]);
	sim_run(MS(60000));
	before = sim_ran_ns(d[1]->vcpu[0]);
	wake_now(d[0]->vcpu[0]);
	sim_run(MS(200));
	assert_true(sim_ran_ns(d[1]->vcpu[0]) - before > MS(90));
}

/* One that sleeps for a moment again and again gets no more than its share. */
static void short_sleeps_gain_nothing(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 2);
	for (unsigned int i = 0; i < 20000; i++) {
		if (sim_runs[0] == d[0]->vcpu[0]) {
			sim_run(US(450));
			sleep_now(d[0]->vcpu[0]);
			sim_run(US(50));
			wake_now(d[0]->vcpu[0]);
		} else {
			sim_run(US(500));
		}
	}
	assert_true(sim_ran_ns(d[0]->vcpu[0]) <= MS(5100));
	assert_true(sim_ran_ns(d[1]->vcpu[0]) >= MS(4900));
}

static void nobody_loses_its_place_right_after_it_began(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 3);
	sleep_now(d[0]->vcpu[0]);
	sleep_now(d[1]->vcpu[0]);
	sim_run(MS(500));
	wake_now(d[0]->vcpu[0]);
	assert_ptr_equal(sim_runs[0], d[0]->vcpu[0]);
	wake_now(d[1]->vcpu[0]);
	assert_ptr_equal(sim_runs[0], d[0]->vcpu[0]);
}

static void vcpu_that_yields_lets_another_run(void **state)
{
	struct vcpu *v;

	(void)state;
	sim_start(1);
	add_busy(0, 2);
	sim_run(MS(1));
	v = sim_runs[0];
	fake_cpu_id = 0;
	sched_vcpu_yield(v);
	sim_settle();
	assert_non_null(sim_runs[0]);
	assert_ptr_not_equal(sim_runs[0], v);
}

static void vcpu_that_yields_alone_goes_on(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 1);
	sim_run(MS(1));
	sched_vcpu_yield(d[0]->vcpu[0]);
	sim_settle();
	assert_ptr_equal(sim_runs[0], d[0]->vcpu[0]);
}

/* Two that wait for a third by yielding must not keep the CPU between them. */
static void yielders_do_not_starve_whom_they_wait_for(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 3);
	sim_settle();
	for (unsigned int i = 0; i < 10000; i++) {
		if (sim_runs[0] != d[2]->vcpu[0])
			sched_vcpu_yield(sim_runs[0]);
		sim_settle();
		sim_run(US(20));
	}
	assert_true(sim_ran_ns(d[2]->vcpu[0]) >= MS(200) / 3);
}

static void sleeping_vcpu_wakes_on_an_idle_cpu(void **state)
{
	(void)state;
	sim_start(2);
	add_busy(0, 2);
	sim_pin(d[1]->vcpu[0], 0);
	sleep_now(d[0]->vcpu[0]);
	sim_run(MS(10));
	wake_now(d[0]->vcpu[0]);
	assert_ptr_equal(sim_runs[0], d[1]->vcpu[0]);
	assert_ptr_equal(sim_runs[1], d[0]->vcpu[0]);
}

static void sleeping_vcpu_wakes_on_its_last_cpu_if_that_is_idle(void **state)
{
	unsigned int last;

	(void)state;
	sim_start(4);
	add_busy(0, 1);
	sim_run(MS(1));
	last = d[0]->vcpu[0]->sched.cpu;
	for (unsigned int i = 0; i < 20; i++) {
		sleep_now(d[0]->vcpu[0]);
		sim_run(MS(1));
		wake_now(d[0]->vcpu[0]);
		assert_ptr_equal(sim_runs[last], d[0]->vcpu[0]);
	}
}

/* One that sleeps on CPU 0, which is idle and is the CPU that wakes it. */
static struct vcpu *woken_on_its_idle_cpu(void)
{
	struct vcpu *v;

	sim_start(2);
	add_busy(0, 1);
	v = d[0]->vcpu[0];
	sim_pin(v, 0);
	sim_settle();
	sleep_now(v);
	fake_now_ns += US(300);
	fake_cpu_id = 0;
	vcpu_wake_from(v, VCPU_BLOCKED);
	return v;
}

static void who_wakes_on_its_own_idle_cpu_has_it_without_queueing(void **state)
{
	struct vcpu *v = woken_on_its_idle_cpu();
	struct vcpu_runstate_info info;

	(void)state;
	assert_true(sched_is_due(0));
	assert_true(v->sched.running && !v->sched.queued);
	fake_now_ns += US(2);
	sim_runs[0] = sched_pick(0, NULL);
	assert_ptr_equal(sim_runs[0], v);
	assert_false(sched_is_due(0));
	assert_int_equal(v->sched.started_ns, fake_now_ns - US(2));
	vcpu_runstate_get(v, &info);
	assert_int_equal(info.state, RUNSTATE_running);
	assert_int_equal(info.time[RUNSTATE_blocked], US(300));
	assert_int_equal(info.time[RUNSTATE_running], US(2));
}

static void who_is_stopped_before_its_cpu_runs_it_leaves_it_again(void **state)
{
	struct vcpu *v = woken_on_its_idle_cpu();

	(void)state;
	fake_cpu_id = 1;
	vcpu_pause(v);
	sim_settle();
	assert_null(sim_runs[0]);
	assert_false(v->sched.running || v->sched.queued);
	vcpu_unpause(v);
	sim_settle();
	assert_ptr_equal(sim_runs[0], v);
}

static void who_comes_while_an_idle_cpu_is_taken_queues_behind(void **state)
{
	struct vcpu *v = woken_on_its_idle_cpu();

	(void)state;
	add_busy(1, 1);
	sim_pin(d[1]->vcpu[0], 0);
	sim_run(MS(1000));
	assert_share(sim_ran_ns(v), 50, MS(1000), 3);
}

static void soft_affinity_is_preferred_and_left_when_its_cpu_is_busy(void **state)
{
	struct cpuset all = cpus_online, two;

	(void)state;
	sim_start(4);
	all = cpus_online;
	two = sim_only(2);
	add_busy(0, 2);
	sleep_now(d[0]->vcpu[0]);
	assert_int_equal(sched_set_affinity(d[0]->vcpu[0], &all, &two), OK);
	sim_pin(d[1]->vcpu[0], 3);
	sim_settle();
	wake_now(d[0]->vcpu[0]);
	assert_ptr_equal(sim_runs[2], d[0]->vcpu[0]);
	sleep_now(d[0]->vcpu[0]);
	sim_pin(d[1]->vcpu[0], 2);
	sim_settle();
	wake_now(d[0]->vcpu[0]);
	assert_ptr_equal(sim_runs[2], d[1]->vcpu[0]);
	assert_true(d[0]->vcpu[0]->sched.running);
}

static void cpu_that_becomes_idle_takes_over_who_waits(void **state)
{
	(void)state;
	sim_start(2);
	add_busy(0, 3);
	sim_run(MS(5));
	for (unsigned int i = 0; i < 3; i++) {
		if (d[i]->vcpu[0]->sched.running) {
			sleep_now(d[i]->vcpu[0]);
			break;
		}
	}
	assert_non_null(sim_runs[0]);
	assert_non_null(sim_runs[1]);
}

static void running_vcpu_leaves_a_cpu_that_it_may_not_use_any_more(void **state)
{
	(void)state;
	sim_start(3);
	add_busy(0, 1);
	sim_run(MS(1));
	for (unsigned int cpu = 0; cpu < 3; cpu++) {
		sim_pin(d[0]->vcpu[0], cpu);
		sim_settle();
		assert_ptr_equal(sim_runs[cpu], d[0]->vcpu[0]);
	}
}

static void queued_vcpu_leaves_a_cpu_that_it_may_not_use_any_more(void **state)
{
	(void)state;
	sim_start(2);
	add_busy(0, 2);
	sim_pin(d[0]->vcpu[0], 0);
	sim_pin(d[1]->vcpu[0], 0);
	sim_run(MS(20));
	assert_null(sim_runs[1]);
	sim_pin(d[0]->vcpu[0]->sched.queued ? d[0]->vcpu[0] : d[1]->vcpu[0], 1);
	sim_settle();
	assert_non_null(sim_runs[0]);
	assert_non_null(sim_runs[1]);
}

static void affinity_without_an_online_cpu_is_refused(void **state)
{
	struct cpuset none = {0}, offline, all;

	(void)state;
	sim_start(2);
	add_busy(0, 1);
	offline = sim_only(2);
	all = cpus_online;
	assert_int_equal(sched_set_affinity(d[0]->vcpu[0], &none, &all), E_INVAL);
	assert_int_equal(sched_set_affinity(d[0]->vcpu[0], &offline, &all), E_INVAL);
	assert_int_equal(sched_set_affinity(d[0]->vcpu[0], &all, &none), OK);
}

/* Tools show where a vCPU belongs. */
static void a_sleeping_vcpu_belongs_to_the_cpu_that_it_is_tied_to(void **state)
{
	struct vcpu *v;

	(void)state;
	sim_start(3);
	add_busy(0, 1);
	v = d[0]->vcpu[0];
	sim_pin(v, 0);
	sim_settle();
	sleep_now(v);
	sim_pin(v, 2);
	assert_int_equal(v->sched.cpu, 2);
	wake_now(v);
	assert_ptr_equal(sim_runs[2], v);
}

static void override_is_kept_until_undone_and_then_the_old_affinity_is_back(void **state)
{
	struct vcpu *v;
	struct cpuset one, all;

	(void)state;
	sim_start(3);
	add_busy(0, 1);
	v = d[0]->vcpu[0];
	one = sim_only(1);
	all = cpus_online;
	assert_int_equal(sched_set_affinity(v, &one, &all), OK);
	assert_int_equal(sched_unpin(v), E_INVAL);
	assert_int_equal(sched_pin(v, 3), E_INVAL);
	assert_int_equal(sched_pin(v, CPUS_MAX), E_INVAL);
	assert_int_equal(sched_pin(v, 2), OK);
	sim_settle();
	assert_ptr_equal(sim_runs[2], v);
	assert_int_equal(sched_pin(v, 0), E_BUSY);
	assert_int_equal(sched_set_affinity(v, &all, &all), E_BUSY);
	assert_int_equal(sched_unpin(v), OK);
	sim_settle();
	assert_ptr_equal(sim_runs[1], v);
}

/* Until sched_switched the CPU still holds its registers. */
static void nobody_runs_a_vcpu_before_its_cpu_has_switched(void **state)
{
	struct vcpu *v, *next;

	(void)state;
	sim_start(2);
	add_busy(0, 1);
	v = d[0]->vcpu[0];
	sim_pin(v, 0);
	sim_settle();
	fake_cpu_id = 0;
	vcpu_pause(v);
	next = sched_pick(0, v);
	assert_null(next);
	assert_true(v->sched.running);
	vcpu_unpause(v);
	assert_int_equal(sched_set_affinity(v, &cpus_online, &cpus_online), OK);
	fake_cpu_id = 1;
	assert_null(sched_pick(1, NULL));
	fake_cpu_id = 0;
	sim_runs[0] = NULL;
	sched_switched(v);
	sim_settle();
	assert_true(sim_runs[0] == v || sim_runs[1] == v);
}

static void paused_vcpu_stops_and_comes_back(void **state)
{
	struct vcpu *v;

	(void)state;
	sim_start(1);
	add_busy(0, 2);
	sim_run(MS(3));
	v = sim_runs[0];
	vcpu_pause(v);
	vcpu_pause(v);
	assert_true(sched_is_due(0));
	sim_run(MS(100));
	assert_false(v->sched.running || v->sched.queued);
	vcpu_unpause(v);
	sim_run(MS(100));
	assert_false(v->sched.running || v->sched.queued);
	vcpu_unpause(v);
	sim_settle();
	assert_true(v->sched.running || v->sched.queued);
}

static void hundreds_of_vcpus_get_their_turn(void **state)
{
	struct domain *many[2];
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	sim_start(4);
	many[0] = sim_busy_domain(1, VCPUS_MAX, 256);
	many[1] = sim_busy_domain(2, VCPUS_MAX, 256);
	sim_run(MS(6400));
	for (unsigned int i = 0; i < 2 * VCPUS_MAX; i++) {
		uint64_t ran = sim_ran_ns(many[i / VCPUS_MAX]->vcpu[i % VCPUS_MAX]);

		least = MIN(least, ran);
		most = MAX(most, ran);
	}
	/* 100 ms each, give or take. */
	assert_true(least > MS(85));
	assert_true(most < MS(115));
}

static void domain_0_wakes_up_soon_among_many_busy_ones(void **state)
{
	uint64_t waited = 0;

	(void)state;
	sim_start(1);
	d[0] = sim_busy_domain(0, 1, 256);
	sleep_now(d[0]->vcpu[0]);
	add_busy(1, 7);
	sim_run(MS(1000));
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t from;

		sim_run(MS(7) + US(i * 13));
		from = fake_now_ns;
		wake_now(d[0]->vcpu[0]);
		while (sim_runs[0] != d[0]->vcpu[0])
			sim_run(US(50));
		waited = MAX(waited, fake_now_ns - from);
		sim_run(US(300));
		sleep_now(d[0]->vcpu[0]);
	}
	assert_true(waited <= US(250));
}

static void idle_time_is_what_nobody_ran(void **state)
{
	(void)state;
	sim_start(1);
	add_busy(0, 1);
	sim_run(MS(10));
	sleep_now(d[0]->vcpu[0]);
	sim_run(MS(30));
	wake_now(d[0]->vcpu[0]);
	sim_run(MS(10));
	assert_int_equal(sched_idle_ns(0), MS(30));
	assert_int_equal(sim_ran_ns(d[0]->vcpu[0]), MS(20));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(weights_1_2_4_share_one_cpu_so),
		TEST(weights_of_extremes_share_one_cpu_so),
		TEST(three_busy_vcpus_on_two_cpus_get_equal_shares),
		TEST(five_busy_vcpus_on_two_cpus_get_equal_shares),
		TEST(five_busy_vcpus_on_four_cpus_get_equal_shares),
		TEST(seven_busy_vcpus_on_three_cpus_get_equal_shares),
		TEST(as_many_vcpus_as_cpus_never_wait),
		TEST(weights_count_across_cpus),
		TEST(heavy_vcpu_gets_one_cpu_and_the_others_share_the_rest),
		TEST(newcomer_is_not_starved_beside_an_old_debt),
		TEST(pinned_vcpus_keep_their_weights_while_another_cpu_runs_ahead),
		TEST(cap_of_30_percent_is_kept),
		TEST(cap_of_1_percent_is_kept),
		TEST(cap_of_95_percent_is_kept),
		TEST(cap_is_for_all_vcpus_of_a_domain_together_and_they_share_it),
		TEST(capped_vcpu_leaves_the_rest_to_others),
		TEST(cpu_that_pulls_a_capped_vcpu_looks_for_another),
		TEST(cap_that_is_taken_away_lets_run_at_once),
		TEST(cap_that_is_set_holds_for_one_that_runs),
		TEST(parameters_out_of_range_are_refused),
		TEST(vcpu_that_slept_takes_the_place_of_a_busy_one_at_once),
		TEST(long_sleep_is_no_credit_to_starve_others_with),
		TEST(short_sleeps_gain_nothing),
		TEST(nobody_loses_its_place_right_after_it_began),
		TEST(vcpu_that_yields_lets_another_run),
		TEST(vcpu_that_yields_alone_goes_on),
		TEST(yielders_do_not_starve_whom_they_wait_for),
		TEST(sleeping_vcpu_wakes_on_an_idle_cpu),
		TEST(sleeping_vcpu_wakes_on_its_last_cpu_if_that_is_idle),
		TEST(who_wakes_on_its_own_idle_cpu_has_it_without_queueing),
		TEST(who_is_stopped_before_its_cpu_runs_it_leaves_it_again),
		TEST(who_comes_while_an_idle_cpu_is_taken_queues_behind),
		TEST(soft_affinity_is_preferred_and_left_when_its_cpu_is_busy),
		TEST(cpu_that_becomes_idle_takes_over_who_waits),
		TEST(running_vcpu_leaves_a_cpu_that_it_may_not_use_any_more),
		TEST(queued_vcpu_leaves_a_cpu_that_it_may_not_use_any_more),
		TEST(affinity_without_an_online_cpu_is_refused),
		TEST(a_sleeping_vcpu_belongs_to_the_cpu_that_it_is_tied_to),
		TEST(override_is_kept_until_undone_and_then_the_old_affinity_is_back),
		TEST(nobody_runs_a_vcpu_before_its_cpu_has_switched),
		TEST(paused_vcpu_stops_and_comes_back),
		TEST(hundreds_of_vcpus_get_their_turn),
		TEST(domain_0_wakes_up_soon_among_many_busy_ones),
		TEST(idle_time_is_what_nobody_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
