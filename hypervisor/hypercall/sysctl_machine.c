/*
 * sysctl on the machine: what it has, how much of it is free, how its CPUs lie.
 *
 * Lists have a convention: with a null pointer the caller asks how long they are; the count in the reply is
 * always the whole length, and a shorter buffer gets the beginning.
 */
#include <hyp/control.h>
#include <hyp/cpu.h>
#include <hyp/guest.h>
#include <hyp/mm.h>
#include <hyp/pv/cpu_policy.h>
#include <hyp/sched.h>
#include <hyp/string.h>

#include "sysctl.h"

/* CPUs that share the core (the socket) of the first one. */
static unsigned int cpus_sharing(bool core)
{
	unsigned int first = cpuset_next(&cpus_online, 0), count = 0;
	struct cpu_place at = arch_cpu_place(first);

	cpuset_for_each(cpu, &cpus_online) {
		struct cpu_place place = arch_cpu_place(cpu);

		count += place.socket == at.socket && (!core || place.core == at.core);
	}
	return count;
}

/* Free memory is what nobody has, scrubbed or not: tools add the two up, or look at the first alone. */
enum status sysctl_physinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *p = &op->u.physinfo;
	unsigned int threads = cpus_sharing(true);

	(void)v;
	memset(p, 0, sizeof(*p));
	p->threads_per_core = threads;
	p->cores_per_socket = MAX(cpus_sharing(false) / threads, 1u);
	p->nr_cpus = cpuset_count(&cpus_online);
	p->max_cpu_id = cpu_count - 1;
	p->nr_nodes = 1;
	p->cpu_khz = arch_cpu_khz();
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = frames_total_count();
	p->free_pages = frames_free_count();
	p->outstanding_pages = frames_claimed_count();
	p->max_mfn = frame_count - 1;
	for (unsigned int i = 0; i < ARRAY_COUNT(p->hw_cap); i++)
		p->hw_cap[i] = cpu_policy_feature_word(&cpu_policies_system()->host, i);
	return OK;
}

enum status sysctl_getcpuinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *g = &op->u.getcpuinfo;
	uint32_t count = MIN(g->max_cpus, cpu_count);

	for (uint32_t cpu = 0; cpu < count; cpu++) {
		struct xen_sysctl_cpuinfo info = {
			.idletime = cpuset_has(&cpus_online, cpu) ? sched_idle_ns(cpu) : 0,
		};

		if (guest_copy_out(v, handle_slot(g->info, cpu), &info, sizeof(info)))
			return E_FAULT;
	}
	g->nr_cpus = count;
	return OK;
}

/* How much is free in a part of the address space is not kept. */
enum status sysctl_availheap(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *a = &op->u.availheap;
	bool is_whole = !a->min_bitwidth && (!a->max_bitwidth || a->max_bitwidth >= arch_physical_address_bits());

	(void)v;
	if (!is_whole)
		return E_OPNOTSUPP;
	a->avail_bytes = a->node <= 0 ? frames_free_count() << PAGE_SHIFT : 0;
	return OK;
}

enum status sysctl_cputopoinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
	uint32_t room = handle_address(t->cputopo) ? MIN(t->num_cpus, cpu_count) : 0;

	for (uint32_t cpu = 0; cpu < room; cpu++) {
		struct xen_sysctl_cputopo at = {XEN_INVALID_CORE_ID, XEN_INVALID_SOCKET_ID, XEN_INVALID_NODE_ID};

		if (cpuset_has(&cpus_online, cpu)) {
			struct cpu_place place = arch_cpu_place(cpu);

			at = (struct xen_sysctl_cputopo){.core = place.core, .socket = place.socket, .node = 0};
		}
		if (guest_copy_out(v, handle_slot(t->cputopo, cpu), &at, sizeof(at)))
			return E_FAULT;
	}
	t->num_cpus = cpu_count;
	return OK;
}

/* One node, at the distance to itself that ACPI gives. */
enum status sysctl_numainfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *n = &op->u.numainfo;
	const struct xen_sysctl_meminfo memory = {
		.memsize = frames_total_count() << PAGE_SHIFT,
		.memfree = frames_free_count() << PAGE_SHIFT,
	};
	const uint32_t distance = 10;

	if (n->num_nodes && handle_address(n->meminfo) &&
	    guest_copy_out(v, handle_address(n->meminfo), &memory, sizeof(memory)))
		return E_FAULT;
	if (n->num_nodes && handle_address(n->distance) &&
	    guest_copy_out(v, handle_address(n->distance), &distance, sizeof(distance)))
		return E_FAULT;
	n->num_nodes = 1;
	return OK;
}

/* As many as one call looks at; the caller goes on behind them. */
#define DEVICES_PER_CALL 256u

/* Where a device is attached is not known. */
enum status sysctl_pcitopoinfo(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_pcitopoinfo *t = &op->u.pcitopoinfo;
	uint32_t count = MIN(t->num_devs, DEVICES_PER_CALL);
	const uint32_t node = XEN_INVALID_NODE_ID;

	if (!handle_address(t->devs) || !handle_address(t->nodes))
		return E_INVAL;
	for (uint32_t i = 0; i < count; i++)
		if (guest_copy_out(v, handle_slot(t->nodes, i), &node, sizeof(node)))
			return E_FAULT;
	t->num_devs = count;
	return OK;
}
