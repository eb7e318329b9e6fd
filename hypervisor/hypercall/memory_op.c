/*
 * memory_op (12): the table of its operations, and how they are interrupted.
 *
 * The first argument holds the operation in its low six bits. The bits above them are the extent to begin with: 0 from
 * a guest's own call, something else when a call that was interrupted is executed again. Only operations on lists
 * have that. What an extent number may be is for the operation to check: a guest can put anything there.
 * See docs/hypercalls/memory_op.md.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>

#include "memory_op.h"

/* The interface leaves to the hypervisor how an interrupted call looks; these are the numbers that tools have seen. */
#define OP_BITS 6u
#define OP_MASK (BIT(OP_BITS) - 1)

enum status memory_target_find(struct vcpu *v, domid_t id, struct domain **out)
{
	struct domain *d = domain_find_for(v->domain, id);

	if (!d)
		return E_SRCH;
	if (d != v->domain && !domain_may_control(v->domain, d)) {
		domain_put(d);
		return E_PERM;
	}
	*out = d;
	return OK;
}

/* No frame is shared between domains by content. */
static long memory_sharing(struct vcpu *v, struct memory_call *call)
{
	(void)v, (void)call;
	return 0;
}

/* No domain has a virtual NUMA topology. Savers ask, and go on. */
static long memory_vnumainfo(struct vcpu *v, struct memory_call *call)
{
	(void)v, (void)call;
	return E_OPNOTSUPP;
}

/* A paravirtual guest keeps its own list of frames; there is no map of it here to put something into. */
static long memory_physmap(struct vcpu *v, struct memory_call *call)
{
	(void)v, (void)call;
	return E_ACCES;
}

enum who { CONTROL_DOMAIN, ANYBODY };

static const struct operation {
	memory_function *function;
	enum who who;
	bool is_restartable;
} operations[] = {
	[XENMEM_increase_reservation] = {memory_increase_reservation, ANYBODY, true},
	[XENMEM_decrease_reservation] = {memory_decrease_reservation, ANYBODY, true},
	[XENMEM_maximum_ram_page] = {memory_maximum_ram_page, ANYBODY, false},
	[XENMEM_current_reservation] = {memory_current_reservation, ANYBODY, false},
	[XENMEM_maximum_reservation] = {memory_maximum_reservation, ANYBODY, false},
	[XENMEM_machphys_mfn_list] = {memory_machphys_mfn_list, CONTROL_DOMAIN, false},
	[XENMEM_populate_physmap] = {memory_populate_physmap, ANYBODY, true},
	[XENMEM_add_to_physmap] = {memory_physmap, ANYBODY, false},
	[XENMEM_memory_map] = {memory_memory_map, ANYBODY, false},
	[XENMEM_machine_memory_map] = {memory_machine_memory_map, CONTROL_DOMAIN, false},
	[XENMEM_exchange] = {memory_exchange, CONTROL_DOMAIN, false},
	[XENMEM_machphys_mapping] = {memory_machphys_mapping, ANYBODY, false},
	[XENMEM_set_memory_map] = {memory_set_memory_map, CONTROL_DOMAIN, false},
	[XENMEM_maximum_gpfn] = {memory_maximum_gpfn, ANYBODY, false},
	[XENMEM_remove_from_physmap] = {memory_physmap, ANYBODY, false},
	[XENMEM_get_sharing_freed_pages] = {memory_sharing, ANYBODY, false},
	[XENMEM_get_sharing_shared_pages] = {memory_sharing, ANYBODY, false},
	[XENMEM_add_to_physmap_batch] = {memory_physmap, ANYBODY, false},
	[XENMEM_claim_pages] = {memory_claim_pages, CONTROL_DOMAIN, false},
	[XENMEM_get_vnumainfo] = {memory_vnumainfo, ANYBODY, false},
	[XENMEM_reserved_device_memory_map] = {memory_reserved_device_memory_map, ANYBODY, false},
	[XENMEM_acquire_resource] = {memory_acquire_resource, CONTROL_DOMAIN, true},
};

long hypercall_memory_op(struct vcpu *v, struct hypercall *call)
{
	uint64_t number = call->arg[0] & OP_MASK;
	struct memory_call memory = {.start = call->arg[0] >> OP_BITS, .arg = call->arg[1]};
	const struct operation *operation = number < ARRAY_COUNT(operations) ? &operations[number] : NULL;
	long result;

	if (!operation || !operation->function)
		return E_NOSYS;
	if (operation->who == CONTROL_DOMAIN && !v->domain->privileged)
		return E_PERM;
	if (memory.start && !operation->is_restartable)
		return E_INVAL;

	result = operation->function(v, &memory);
	if (result == E_RESTART)
		call->arg[0] = memory.start << OP_BITS | number;
	return result;
}
