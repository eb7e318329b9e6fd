#pragma once
/*
 * Calls of the control interfaces on three domains (three_domains.h), for unit tests: domain 0 asks, domain 1
 * is asked about. The struct of a call lies at the start of guest memory, buffers from BUFFER on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fakes/three_domains.h>

#include <hyp/fake_control.h>
#include <hyp/guest.h>
#include <hyp/mm.h>

#define BUFFER (FAKE_GUEST_START + 0x1000)
#define BUFFER2 (FAKE_GUEST_START + 0x8000)
#define NOWHERE UINT64_C(0x100)

static struct xen_domctl op;
static struct xen_sysctl sop;

static inline int control_setup(void **state)
{
	(void)state;
	three_domains_start();
	fake_control_reset();
	memset(&op, 0, sizeof(op));
	memset(&sop, 0, sizeof(sop));
	return 0;
}

static inline int control_teardown(void **state)
{
	(void)state;
	for (domid_t id = 3; id < 20; id++) {
		struct domain *d = domain_find(id);

		if (!d)
			continue;
		fake_preempt_in = 0;
		while (domain_kill(d) == E_RESTART)
			;
		domain_put(d);
	}
	three_domains_end();
	return 0;
}

#define control_test(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

/* One attempt of what stands in `args`, by domain `who`. The reply stands there afterwards. */
static inline long control_call(hypercall_function *function, unsigned int who, void *args, size_t bytes)
{
	struct hypercall call = {.arg = {FAKE_GUEST_START}};
	long result;

	memcpy(fake_guest(FAKE_GUEST_START), args, bytes);
	result = function(cpu[who][0], &call);
	memcpy(args, fake_guest(FAKE_GUEST_START), bytes);
	return result;
}

static inline long domctl_as(unsigned int who, uint32_t cmd, domid_t target)
{
	op.cmd = cmd;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op.domain = target;
	return control_call(hypercall_domctl, who, &op, sizeof(op));
}

static inline long domctl(uint32_t cmd) { return domctl_as(0, cmd, 1); }

static inline long sysctl(uint32_t cmd)
{
	sop.cmd = cmd;
	sop.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return control_call(hypercall_sysctl, 0, &sop, sizeof(sop));
}

/* CPU 1 runs `v` from now on, until let_go. */
static inline void run_on_cpu1(struct vcpu *v)
{
	struct cpuset only = {0};

	cpuset_add(&only, 1);
	must(sched_set_affinity(v, &only, &only));
	v->initialised = true;
	if (v->domain->control_pause_count)
		must(domain_control_unpause(v->domain));
	vcpu_up(v);
	fake_cpu_id = 1;
	CHECK(sched_pick(1, NULL) == v);
	fake_cpu_id = 0;
}

/* CPU 1 does what it must before it returns to its guest. */
static inline void let_go(struct vcpu *v)
{
	struct vcpu *next;

	fake_cpu_id = 1;
	next = sched_pick(1, v);
	if (next != v)
		sched_switched(v);
	fake_cpu_id = 0;
}
