#pragma once
/*
 * Three domains with two vCPUs each on the fake machine: 0 is privileged, 1 and 2 are not. For tests of what domains do
 * with each other: the same for unit tests, model tests and fuzzers.
 */
#include <string.h>

#include <core/sched/runqueue.h>
#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/fake_grant.h>
#include <hyp/fake_memory.h>
#include <hyp/fake_pirq.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>

#define DOMAINS 3
#define VCPUS 2
#define TEST_PORT_MAX 600u
#define TEST_GRANT_FRAMES 2u
#define TEST_MAPTRACK_FRAMES 1u
#define TEST_FRAMES 1024u

static struct domain *dom[DOMAINS];
static struct vcpu *cpu[DOMAINS][VCPUS];
static uint64_t frames_before;

/* For tests that are no cmocka programs, too: an answer that is not OK stops the test. */
static inline void must(enum status s) { CHECK(s == OK); }

static inline void domain_start(unsigned int i)
{
	const struct domain_config config = {
		.id = (domid_t)i,
		.privileged = i == 0,
		.vcpu_max = VCPUS + 1,
		.evtchn_port_max = TEST_PORT_MAX,
		.grant_frames_max = TEST_GRANT_FRAMES,
		.maptrack_frames_max = TEST_MAPTRACK_FRAMES,
	};

	must(domain_create(&config, &dom[i]));
	dom[i]->pages_max = 64;
	for (unsigned int id = 0; id < VCPUS; id++)
		must(vcpu_create(dom[i], id, &cpu[i][id]));
}

static inline void three_domains_start(void)
{
	fake_memory_init_empty(TEST_FRAMES);
	frames_add(mfn(FAKE_MAIN_START), mfn(FAKE_MAIN_START + TEST_FRAMES));
	fake_cpus_reset(2);
	/* It makes the calls: were it idle, it would take whom they wake. */
	cpuset_remove_atomic(&idle_cpus, 0);
	fake_domains_reset();
	fake_grants_reset();
	fake_pirqs_reset();
	frames_before = frames_free_count();
	for (unsigned int i = 0; i < DOMAINS; i++)
		domain_start(i);
}

/* Kills domain i, however often the work stops in between. Its struct may live on. */
static inline void domain_end(unsigned int i)
{
	struct domain *d = dom[i];
	enum status s;

	fake_preempt_in = 0;
	fake_grant_clear_all(d);
	domain_get(d);
	while ((s = domain_kill(d)) == E_RESTART)
		;
	must(s);
	dom[i] = NULL;
	domain_put(d);
}

/* Nothing of the domains may be left. */
static inline void three_domains_end(void)
{
	fake_guest_fail_at(0);
	for (unsigned int i = DOMAINS; i-- > 0;)
		if (dom[i])
			domain_end(i);
	CHECK(fake_domains_alive == 0 && fake_vcpus_alive == 0);
	CHECK(frames_free_count() == frames_before);
}

/* One hypercall with its arguments in guest memory. What it wrote there comes back. */
static inline long call_once(hypercall_function *function, struct vcpu *v, unsigned int op, void *args, size_t bytes,
			     uint32_t count)
{
	struct hypercall call = {.arg = {op, FAKE_GUEST_START, count}};
	long result;

	memcpy(fake_guest(FAKE_GUEST_START), args, bytes);
	result = function(v, &call);
	memcpy(args, fake_guest(FAKE_GUEST_START), bytes);
	return result;
}
