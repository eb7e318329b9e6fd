/* A vCPU on its way from one queue to another is in none, and no lock is held: what may happen to it then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <core/sched/runqueue.h>

#include "fakes/cpu_sim.h"

static struct vcpu *v;
static struct domain *busy, *d;
static uint64_t allowed; /* the CPUs that v may use once the lock is free */

static struct cpuset set_of(uint64_t cpus) { return (struct cpuset){.word = {cpus}}; }

static void affinity_set(struct vcpu *of, uint64_t cpus)
{
	struct cpuset set = set_of(cpus);

	assert_int_equal(sched_set_affinity(of, &set, &set), OK);
}

/* The other CPU, which holds CPU 1's queue in sched_set_affinity: v is neither queued nor running, so it does no more. */
static void change_and_release(void) NO_LOCK_CHECK
{
	fake_lock_wait_hook = NULL;
	v->sched.affinity_hard = v->sched.affinity_soft = set_of(allowed);
	spin_unlock(&runqueues[1].lock);
}

static bool was_stopped;

/* The other CPU, in domain_kill: v is to run no more, and it is asked whether v could be freed. */
static void end_and_release(void) NO_LOCK_CHECK
{
	fake_lock_wait_hook = NULL;
	(void)__atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	was_stopped = domain_is_stopped(d);
	spin_unlock(&runqueues[1].lock);
}

static int setup(void **state)
{
	(void)state;
	sim_start(3);
	busy = sim_busy_domain(1, 1, 256);
	affinity_set(busy->vcpu[0], 1);
	sim_settle();
	assert_ptr_equal(sim_runs[0], busy->vcpu[0]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_lock_wait_hook = NULL;
	sim_end();
	return 0;
}

/* v waits on CPU 0, and may go to CPU 1. */
static void wait_on_the_first_cpu(void)
{
	d = sim_domain(2, 1, 256);
	v = d->vcpu[0];
	affinity_set(v, 1);
	v->initialised = true;
	vcpu_up(v);
	sim_settle();
	assert_int_equal(runqueues[0].queued, 1);
	v->sched.affinity_hard = set_of(3);
}

static void vcpu_whose_affinity_changes_while_it_is_pulled_goes_elsewhere(void **state) NO_LOCK_CHECK
{
	(void)state;
	/* Until it is on its way. */
	wait_on_the_first_cpu();
	allowed = 4;

	spin_lock(&runqueues[1].lock);
	fake_lock_wait_hook = change_and_release;
	placement_pull(1, NULL, fake_now_ns);
	assert_int_equal(runqueues[1].queued, 0);
	sim_settle();
	assert_ptr_equal(sim_runs[2], v);
}

static void vcpu_whose_affinity_changes_while_it_wakes_goes_elsewhere(void **state) NO_LOCK_CHECK
{
	(void)state;
	/* It slept on CPU 0, which is busy: it would wake on CPU 1. */
	d = sim_domain(2, 1, 256);
	v = d->vcpu[0];
	affinity_set(v, 3);
	v->sched.cpu = 0;
	v->initialised = true;
	allowed = 4;

	spin_lock(&runqueues[1].lock);
	fake_lock_wait_hook = change_and_release;
	vcpu_up(v);
	assert_int_equal(runqueues[1].queued, 0);
	sim_settle();
	assert_ptr_equal(sim_runs[2], v);
	/* CPU 1 was to run it: it is idle again, and takes the next. */
	affinity_set(v, 2);
	sim_settle();
	assert_ptr_equal(sim_runs[1], v);
}

static void vcpu_that_is_pulled_is_not_stopped_until_it_is_there(void **state) NO_LOCK_CHECK
{
	(void)state;
	wait_on_the_first_cpu();

	spin_lock(&runqueues[1].lock);
	fake_lock_wait_hook = end_and_release;
	placement_pull(1, NULL, fake_now_ns);
	assert_null(fake_lock_wait_hook);
	assert_false(was_stopped);
	assert_true(domain_is_stopped(d));
	assert_int_equal(runqueues[0].queued + runqueues[1].queued, 0);
	sim_kill(d);
}

static void vcpu_that_leaves_its_cpu_is_not_stopped_until_it_is_there(void **state) NO_LOCK_CHECK
{
	(void)state;
	/* It ran on CPU 0, beside another, and goes on on CPU 1. */
	d = sim_domain(2, 1, 256);
	v = d->vcpu[0];
	affinity_set(v, 1);
	v->initialised = true;
	vcpu_up(v);
	while (sim_runs[0] != v)
		sim_run(MS(1));
	affinity_set(v, 2);
	fake_cpu_id = 0;
	sim_runs[0] = sched_pick(0, v);
	assert_ptr_equal(sim_runs[0], busy->vcpu[0]);

	spin_lock(&runqueues[1].lock);
	fake_lock_wait_hook = end_and_release;
	sched_switched(v);
	assert_null(fake_lock_wait_hook);
	assert_false(was_stopped);
	assert_true(domain_is_stopped(d));
	sim_settle();
	assert_null(sim_runs[1]);
	sim_kill(d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vcpu_whose_affinity_changes_while_it_is_pulled_goes_elsewhere),
		TEST(vcpu_whose_affinity_changes_while_it_wakes_goes_elsewhere),
		TEST(vcpu_that_is_pulled_is_not_stopped_until_it_is_there),
		TEST(vcpu_that_leaves_its_cpu_is_not_stopped_until_it_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
