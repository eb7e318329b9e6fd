#pragma once
/*
 * Calls of memory_op by two domains, domain 0 (v0) and another (vu), for unit tests: their arguments and lists lie in guest
 * memory. A call that wants to go on is made again until it has ended. At the end all memory must be back.
 */
#include <hyp/abi.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>

#include "mm_fake.h"

/* Where the calls' arguments and lists are in guest memory. */
#define ARG (FAKE_GUEST_START + 0x100)
#define LIST (FAKE_GUEST_START + 0x1000)
#define OUT (FAKE_GUEST_START + 0x40000)
#define BAD UINT64_C(0xffff830000000000)

static struct domain *dom0, *domu;
static struct vcpu *v0, *vu;

static inline struct domain *create(domid_t id, bool privileged, struct vcpu **v)
{
	struct domain_config config = {.id = id, .privileged = privileged, .vcpu_max = 1, .evtchn_port_max = 100,
				       .grant_frames_max = 4, .maptrack_frames_max = 4};
	struct domain *d;

	assert_int_equal(domain_create(&config, &d), OK);
	assert_int_equal(vcpu_create(d, 0, v), OK);
	d->pages_max = 3000;
	return d;
}

static inline int setup(void **state)
{
	mm_setup(state);
	fake_domains_reset();
	dom0 = create(0, true, &v0);
	domu = create(7, false, &vu);
	return 0;
}

static inline void destroy(struct domain *d)
{
	enum status status;

	domain_get(d);
	do {
		status = domain_kill(d);
		assert_true(status == OK || status == E_RESTART);
	} while (status);
	domain_put(d);
}

static inline int teardown(void **state)
{
	(void)state;
	fake_guest_fail_at(0);
	fake_preempt_in = 0;
	fake_memory_unleave();
	destroy(domu);
	destroy(dom0);
	assert_int_equal(frames_free_count(), FAKE_FRAMES);
	return 0;
}

static inline long call_from(struct vcpu *v, uint64_t op, vaddr_t arg)
{
	struct hypercall call = {.number = __HYPERVISOR_memory_op, .arg = {op, arg}};
	long result;

	do
		result = hypercall_memory_op(v, &call);
	while (result == E_RESTART);
	return result;
}

static inline long call(struct vcpu *v, uint64_t op, const void *arg, size_t bytes)
{
	memcpy(fake_guest(ARG), arg, bytes);
	return call_from(v, op, ARG);
}

static inline xen_pfn_t *list(uint64_t i) { return (xen_pfn_t *)fake_guest(LIST) + i; }
static inline xen_pfn_t *out(uint64_t i) { return (xen_pfn_t *)fake_guest(OUT) + i; }

static inline struct xen_memory_reservation reservation(domid_t id, uint64_t count, unsigned int order)
{
	struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = id};

	fake_guest_handle(r.extent_start, LIST);
	return r;
}

static inline long reserve(struct vcpu *v, uint64_t op, struct xen_memory_reservation r) { return call(v, op, &r, sizeof(r)); }

static inline long populate(struct vcpu *v, domid_t id, uint64_t count, unsigned int order)
{
	for (uint64_t i = 0; i < count; i++)
		*list(i) = 1000 + (i << order);
	return reserve(v, XENMEM_populate_physmap, reservation(id, count, order));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
