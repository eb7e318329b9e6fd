/*
 * memory_op on reservations: how many frames a domain has, and lists of them that it gets and gives back.
 *
 * Lists are worked through extent by extent, and the result is how many were done: also when an argument makes no
 * sense, since an allocation that is refused and one that runs out look alike to a balloon driver. An extent is done
 * or not done: what cannot be reported to the guest is taken back.
 */
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>

#include "memory_op.h"

/* One list, decoded. */
struct extents {
	struct domain *domain; /* referenced */
	vaddr_t list;	       /* of frame numbers; 0: the guest wants none back */
	uint64_t count;
	unsigned int order;
	unsigned int address_bits; /* 0: anywhere */
};

static vaddr_t extent_slot(const struct extents *e, uint64_t index) { return e->list + index * sizeof(xen_pfn_t); }

/* Flags for what this hypervisor has not got: memory filled in at the first touch, and nodes other than the first. */
static bool flags_are_possible(unsigned int mem_flags)
{
	unsigned int node = XENMEMF_get_node(mem_flags);
	bool is_first_node = !(mem_flags & (0xffu << 8)) || node == 0;

	if (mem_flags & (XENMEMF_populate_on_demand | XENMEMF_vnode))
		return false;
	return !(mem_flags & XENMEMF_exact_node_request) || is_first_node;
}

/* Memory that devices reach is given to who has devices, or builds a domain: others could keep it from them. */
static bool may_choose_below(const struct domain *caller, unsigned int address_bits)
{
	return !address_bits || caller->privileged || address_bits >= arch_physical_address_bits();
}

/* Pure. */
static enum status extents_decode(const struct xen_memory_reservation *r, uint64_t start, struct extents *e)
{
	e->list = handle_address(r->extent_start);
	e->count = r->nr_extents;
	e->order = r->extent_order;
	e->address_bits = XENMEMF_get_address_bits(r->mem_flags);

	/* Is there something left to do, and can a count of it be returned and kept in the call? */
	if (start >= e->count || e->count > UINT64_MAX >> 6)
		return E_INVAL;
	/* Does the list end where addresses end? Each slot is checked again when it is accessed. */
	if (e->count > (UINT64_MAX - e->list) / sizeof(xen_pfn_t))
		return E_INVAL;
	if (e->order > EXTENT_ORDER_MAX || !flags_are_possible(r->mem_flags))
		return E_INVAL;
	return OK;
}

typedef enum status extent_function(struct vcpu *v, const struct extents *e, uint64_t index);

/* The loop of all three. */
static long extents_run(struct vcpu *v, struct memory_call *call, extent_function *function)
{
	struct xen_memory_reservation r;
	struct extents e;
	uint64_t i = call->start;
	bool is_interrupted = false;

	if (guest_copy_in(v, &r, call->arg, sizeof(r)))
		return E_FAULT;
	if (extents_decode(&r, call->start, &e))
		return (long)call->start;
	if (!may_choose_below(v->domain, e.address_bits) || memory_target_find(v, r.domid, &e.domain))
		return (long)call->start;

	while (!is_interrupted && i < e.count && !function(v, &e, i)) {
		i++;
		is_interrupted = i < e.count && arch_preempt_due();
	}
	domain_put(e.domain);
	call->start = i;
	return is_interrupted ? E_RESTART : (long)i;
}

/* Nobody was told of these frames; what someone caught hold of by guessing stays the domain's. */
static void extent_take_back(struct domain *d, mfn_t first, unsigned int order)
{
	for (uint64_t i = 0; i < BIT(order); i++)
		(void)domain_frame_release(d, mfn(first.v + i));
}

static enum status extent_increase(struct vcpu *v, const struct extents *e, uint64_t index)
{
	enum status status;
	mfn_t first;

	status = domain_frames_alloc(e->domain, e->order, e->address_bits, &first);
	if (status || !e->list)
		return status;
	status = guest_copy_out(v, extent_slot(e, index), &first.v, sizeof(first.v));
	if (status)
		extent_take_back(e->domain, first, e->order);
	return status;
}

static enum status extent_populate(struct vcpu *v, const struct extents *e, uint64_t index)
{
	enum status status;
	xen_pfn_t pfn;
	mfn_t first;

	status = guest_copy_in(v, &pfn, extent_slot(e, index), sizeof(pfn));
	if (status)
		return status;
	status = domain_frames_alloc(e->domain, e->order, e->address_bits, &first);
	if (status)
		return status;
	for (uint64_t i = 0; i < BIT(e->order); i++)
		arch_m2p_set(mfn(first.v + i), pfn + i);
	status = guest_copy_out(v, extent_slot(e, index), &first.v, sizeof(first.v));
	if (status)
		extent_take_back(e->domain, first, e->order);
	return status;
}

static enum status extent_decrease(struct vcpu *v, const struct extents *e, uint64_t index)
{
	enum status status;
	xen_pfn_t first;

	status = guest_copy_in(v, &first, extent_slot(e, index), sizeof(first));
	for (uint64_t i = 0; !status && i < BIT(e->order); i++)
		status = first > UINT64_MAX - i ? E_INVAL : domain_frame_release(e->domain, mfn(first + i));
	return status;
}

long memory_increase_reservation(struct vcpu *v, struct memory_call *call)
{
	return extents_run(v, call, extent_increase);
}

long memory_decrease_reservation(struct vcpu *v, struct memory_call *call)
{
	return extents_run(v, call, extent_decrease);
}

long memory_populate_physmap(struct vcpu *v, struct memory_call *call)
{
	return extents_run(v, call, extent_populate);
}

long memory_claim_pages(struct vcpu *v, struct memory_call *call)
{
	struct xen_memory_reservation r;
	enum status status;
	struct domain *d;

	if (guest_copy_in(v, &r, call->arg, sizeof(r)))
		return E_FAULT;
	if (handle_address(r.extent_start) || r.extent_order || r.mem_flags)
		return E_INVAL;
	status = memory_target_find(v, r.domid, &d);
	if (status)
		return status;
	spin_lock(&d->lock);
	/* What dies gives its claim back once, at the end. */
	status = d->state == DOMAIN_ALIVE ? frames_claim(d, r.nr_extents) : E_INVAL;
	spin_unlock(&d->lock);
	domain_put(d);
	return status;
}

/* The numbers. */

static long with_domain(struct vcpu *v, struct memory_call *call, uint64_t (*number)(const struct domain *))
{
	struct xen_memory_domain argument;
	enum status status;
	struct domain *d;
	uint64_t result;

	if (guest_copy_in(v, &argument, call->arg, sizeof(argument)))
		return E_FAULT;
	status = memory_target_find(v, argument.domid, &d);
	if (status)
		return status;
	result = number(d);
	domain_put(d);
	/* What a guest wrote, or "no limit", must not look like an error. */
	return (long)MIN(result, UINT32_MAX);
}

static uint64_t current_reservation(const struct domain *d) { return __atomic_load_n(&d->pages, __ATOMIC_RELAXED); }
static uint64_t maximum_reservation(const struct domain *d) { return read_once(d->pages_max); }

/* The guest itself says how many it uses. */
static uint64_t maximum_gpfn(const struct domain *d)
{
	uint64_t count = read_once(d->shared_info->arch.max_pfn);

	return count ? count - 1 : 0;
}

long memory_current_reservation(struct vcpu *v, struct memory_call *call)
{
	return with_domain(v, call, current_reservation);
}

long memory_maximum_reservation(struct vcpu *v, struct memory_call *call)
{
	return with_domain(v, call, maximum_reservation);
}

long memory_maximum_gpfn(struct vcpu *v, struct memory_call *call)
{
	return with_domain(v, call, maximum_gpfn);
}
