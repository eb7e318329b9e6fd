/* Which CPUs a pool lets its domains run on, and what becomes of affinities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hyp/pool.h>

#include "fakes/cpu_sim.h"

static struct domain *d[8];

static int teardown(void **state)
{
	(void)state;
	sim_end();
	return 0;
}

static void add_busy(unsigned int from, unsigned int count)
{
	for (unsigned int i = from; i < from + count; i++)
		d[i] = sim_busy_domain((domid_t)(i + 1), 1, 256);
}

/* CPUs 2 and 3 become pool 1, and d[1] goes there. */
static void make_second_pool(void)
{
	uint32_t id = POOL_ANY;

	assert_int_equal(pool_create(&id), OK);
	assert_int_equal(id, 1);
	for (unsigned int cpu = 2; cpu < 4; cpu++) {
		assert_int_equal(pool_remove_cpu(0, cpu), OK);
		assert_int_equal(pool_add_cpu(1, cpu), OK);
	}
	assert_int_equal(pool_move(d[1], 1), OK);
	sim_settle();
}

static void a_domain_runs_on_the_cpus_of_its_pool_alone(void **state)
{
	uint64_t idle_ns;

	(void)state;
	sim_start(4);
	d[0] = sim_busy_domain(1, 4, 256);
	d[1] = sim_busy_domain(2, 1, 256);
	make_second_pool();
	idle_ns = sched_idle_ns(2) + sched_idle_ns(3);
	sim_run(MS(100));
	/* One CPU is idle, though four vCPUs share two in the other pool. */
	assert_int_equal(sched_idle_ns(2) + sched_idle_ns(3) - idle_ns, MS(100));
	assert_true(sim_runs[2] == d[1]->vcpu[0] || sim_runs[3] == d[1]->vcpu[0]);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(d[0]->vcpu[i]->sched.cpu < 2);
}

static void a_cpu_that_leaves_its_pool_runs_nobody(void **state)
{
	uint64_t idle_ns;

	(void)state;
	sim_start(2);
	add_busy(0, 4);
	sim_run(MS(30));
	assert_int_equal(pool_remove_cpu(0, 1), OK);
	sim_settle();
	assert_null(sim_runs[1]);
	idle_ns = sched_idle_ns(1);
	sim_run(MS(30));
	assert_int_equal(sched_idle_ns(1) - idle_ns, MS(30));
	assert_int_equal(pool_add_cpu(0, 1), OK);
	sim_settle();
	assert_non_null(sim_runs[1]);
}

static void affinities_that_a_pool_leaves_no_cpu_are_undone(void **state)
{
	struct cpuset last;
	struct vcpu *v;

	(void)state;
	sim_start(4);
	add_busy(0, 2);
	v = d[0]->vcpu[0];
	last = sim_only(3);
	sim_pin(v, 3);
	assert_int_equal(sched_pin(d[1]->vcpu[0], 2), OK);
	make_second_pool();
	/* Nothing is left to v of its affinity; d[1] has moved, and begins anew there. */
	assert_int_equal(sched_vcpu_cpus(v).word[0], 3);
	assert_int_equal(sched_vcpu_cpus(d[1]->vcpu[0]).word[0], 0xc);
	assert_int_equal(sched_set_affinity(v, &last, &last), E_INVAL);
	assert_int_equal(sched_pin(v, 3), E_INVAL);
	assert_int_equal(sched_unpin(d[1]->vcpu[0]), E_INVAL);
}

/* What it was pinned away from may have left the pool meanwhile. */
static void an_override_ends_where_the_pool_still_is(void **state)
{
	struct vcpu *v;

	(void)state;
	sim_start(4);
	add_busy(0, 2);
	v = d[0]->vcpu[0];
	sim_pin(v, 3);
	assert_int_equal(sched_pin(v, 0), OK);
	make_second_pool();
	assert_int_equal(sched_vcpu_cpus(v).word[0], 1);
	assert_int_equal(sched_unpin(v), OK);
	assert_int_equal(sched_vcpu_cpus(v).word[0], 3);
}

static void a_domain_begins_in_its_pool_and_counts_there_until_its_end(void **state)
{
	struct domain_config config = {
		.id = 5, .vcpu_max = 2, .evtchn_port_max = 64, .grant_frames_max = 1, .maptrack_frames_max = 1, .pool = 1,
	};
	struct pool_info info;
	struct domain *e;
	struct vcpu *v;

	(void)state;
	sim_start(4);
	add_busy(0, 2);
	assert_int_equal(domain_create(&config, &e), E_SRCH);
	make_second_pool();
	assert_int_equal(domain_create(&config, &e), OK);
	assert_int_equal(vcpu_create(e, 0, &v), OK);
	assert_true(v->sched.cpu >= 2);
	assert_true(pool_find_next(1, &info));
	assert_int_equal(info.domain_count, 2);
	sim_kill(e);
	assert_true(pool_find_next(1, &info));
	assert_int_equal(info.domain_count, 1);
}

/* A backend that still maps its memory keeps a dead domain there, but not the pool. */
static void a_dead_domain_lets_its_pool_go(void **state)
{
	struct pool_info info;

	(void)state;
	sim_start(4);
	add_busy(0, 2);
	make_second_pool();
	domain_get(d[1]);
	sim_kill(d[1]);
	assert_true(pool_find_next(1, &info));
	assert_int_equal(info.domain_count, 0);
	for (unsigned int cpu = 2; cpu < 4; cpu++)
		assert_int_equal(pool_remove_cpu(1, cpu), OK);
	assert_int_equal(pool_destroy(1), OK);
	domain_put(d[1]);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

/* As on a machine whose CPU 1 did not start. */
static void vcpus_that_stay_get_online_cpus_in_turn(void **state)
{
	static const unsigned int cpu_of[] = {0, 2, 3, 0, 2};

	(void)state;
	sim_start(4);
	cpuset_remove(&cpus_online, 1);
	d[0] = sim_domain(0, 5, 256);
	sched_set_affinity_in_turn(d[0]);
	for (unsigned int id = 0; id < 5; id++) {
		struct cpuset cpus = sched_vcpu_cpus(d[0]->vcpu[id]);

		assert_int_equal(cpuset_count(&d[0]->vcpu[id]->sched.affinity_hard), 1);
		assert_int_equal(cpuset_next(&cpus, 0), cpu_of[id]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_domain_runs_on_the_cpus_of_its_pool_alone),
		TEST(a_cpu_that_leaves_its_pool_runs_nobody),
		TEST(affinities_that_a_pool_leaves_no_cpu_are_undone),
		TEST(an_override_ends_where_the_pool_still_is),
		TEST(a_domain_begins_in_its_pool_and_counts_there_until_its_end),
		TEST(a_dead_domain_lets_its_pool_go),
		TEST(vcpus_that_stay_get_online_cpus_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
