/* The scheduler with real threads: three CPUs, two that wake, stop and move vCPUs meanwhile, one that asks how long they ran. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

#define CPUS 3u
#define VCPU_COUNT 8u
#define ROUNDS 20000u

static struct domain *d;
static bool held[VCPU_COUNT]; /* some CPU holds it */
static bool stops, doubled, shrank;
static unsigned int ran[VCPU_COUNT];

static void enter_guest(struct vcpu *v)
{
	if (__atomic_exchange_n(&held[v->id], true, __ATOMIC_ACQ_REL))
		doubled = true;
	(void)__atomic_fetch_add(&ran[v->id], 1, __ATOMIC_RELAXED);
}

/* One CPU, as the architecture's loop: time goes on a little in each round. */
static void *cpu_main(void *argument)
{
	unsigned int cpu = (unsigned int)(uintptr_t)argument;
	struct vcpu *runs = NULL, *next;

	fake_cpu_id = cpu;
	while (!__atomic_load_n(&stops, __ATOMIC_ACQUIRE) || runs) {
		uint64_t now_ns = __atomic_add_fetch(&fake_now_ns, 20000, __ATOMIC_RELAXED);

		if (fake_cpus[cpu].timer_deadline_ns <= now_ns ||
		    __atomic_exchange_n(&fake_cpus[cpu].timer_kicks, 0, __ATOMIC_ACQ_REL))
			timer_run(cpu);
		if (!sched_is_due(cpu)) {
			(void)sched_yield();
			continue;
		}
		next = sched_pick(cpu, runs);
		if (next == runs)
			continue;
		if (runs) {
			__atomic_store_n(&held[runs->id], false, __ATOMIC_RELEASE);
			sched_switched(runs);
		}
		runs = next;
		if (runs)
			enter_guest(runs);
	}
	return NULL;
}

static void change(struct vcpu *v, uint32_t random)
{
	struct cpuset set = {.word = {random >> 8 & 7}};

	switch (random % 8) {
	case 0:
		vcpu_stop_for(v, VCPU_BLOCKED);
		break;
	case 1:
		vcpu_pause(v);
		vcpu_unpause(v);
		break;
	case 2:
		(void)sched_set_affinity(v, &set, &set);
		break;
	case 3:
		(void)sched_set_params(v->domain, 64 + (random >> 8 & 0xff), random & 0x10000 ? 150 : 0);
		break;
	case 4:
		domain_pause(v->domain);
		domain_unpause(v->domain);
		break;
	default:
		vcpu_wake_from(v, VCPU_BLOCKED);
		break;
	}
}

static void *changer_main(void *argument)
{
	uint32_t seed = (uint32_t)(uintptr_t)argument;

	fake_cpu_id = CPUS + seed % 2;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		seed = seed * 1664525 + 1013904223;
		change(d->vcpu[seed >> 27 & 7], seed >> 5);
	}
	return NULL;
}

static void *asker_main(void *argument)
{
	uint64_t idle_ns[CPUS] = {0};
	struct vcpu_runstate_info told[VCPU_COUNT] = {0}, now;

	(void)argument;
	fake_cpu_id = CPUS;
	while (!__atomic_load_n(&stops, __ATOMIC_ACQUIRE)) {
		for (unsigned int i = 0; i < VCPU_COUNT; i++) {
			vcpu_runstate_get(d->vcpu[i], &now);
			for (unsigned int state = 0; state < 4; state++)
				shrank |= now.time[state] < told[i].time[state];
			told[i] = now;
		}
		for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
			uint64_t ns = sched_idle_ns(cpu);

			shrank |= ns < idle_ns[cpu];
			idle_ns[cpu] = ns;
		}
		(void)sched_yield();
	}
	return NULL;
}

static bool all_ran_again(void)
{
	bool all = true;

	for (unsigned int i = 0; i < VCPU_COUNT; i++)
		all &= __atomic_load_n(&ran[i], __ATOMIC_RELAXED) != 0;
	return all;
}

static void neither_vcpus_nor_told_times_are_lost_by_races(void **state)
{
	pthread_t cpu[CPUS], changer[2], asker;
	struct cpuset all;

	(void)state;
	sim_start(CPUS);
	timer_queue_init(CPUS);
	timer_queue_init(CPUS + 1);
	fake_lock_wait_is_fatal = false;
	all = cpus_online;
	d = sim_busy_domain(1, VCPU_COUNT, 256);
	for (unsigned int i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&cpu[i], NULL, cpu_main, (void *)(uintptr_t)i), 0);
	assert_int_equal(pthread_create(&asker, NULL, asker_main, NULL), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&changer[i], NULL, changer_main, (void *)(uintptr_t)(i + 1)), 0);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(changer[i], NULL);

	/* Whatever has happened: set free, each of them runs. */
	fake_cpu_id = CPUS;
	assert_int_equal(sched_set_params(d, 256, 0), OK);
	for (unsigned int i = 0; i < VCPU_COUNT; i++) {
		__atomic_store_n(&ran[i], 0, __ATOMIC_RELAXED);
		assert_int_equal(sched_set_affinity(d->vcpu[i], &all, &all), OK);
		vcpu_wake_from(d->vcpu[i], VCPU_BLOCKED);
	}
	for (unsigned int i = 0; i < 2000000 && !all_ran_again(); i++)
		(void)sched_yield();
	assert_true(all_ran_again());

	domain_pause(d);
	__atomic_store_n(&stops, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < CPUS; i++)
		pthread_join(cpu[i], NULL);
	pthread_join(asker, NULL);
	assert_false(doubled);
	assert_false(shrank);
	assert_true(domain_is_stopped(d));
	fake_cpu_id = 0;
	fake_lock_wait_is_fatal = true;
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(neither_vcpus_nor_told_times_are_lost_by_races)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
