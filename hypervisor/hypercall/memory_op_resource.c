/*
 * memory_op acquire_resource: the frames of what the hypervisor keeps for a domain, for a control domain to map.
 * The one such thing is the grant table, into which a builder writes the first entries.
 */
#include <hyp/domain.h>
#include <hyp/grant.h>
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>

#include "memory_op.h"

/* How many frames the resource can have; the error if there is no such thing. */
static enum status resource_size(const struct domain *d, const struct xen_mem_acquire_resource *r, uint32_t *frames)
{
	if (r->type != XENMEM_resource_grant_table)
		return E_OPNOTSUPP;
	if (r->id != XENMEM_resource_grant_table_id_shared)
		return E_INVAL;
	*frames = d->grant.frames_max;
	return OK;
}

static enum status resource_check(const struct domain *d, const struct xen_mem_acquire_resource *r, uint64_t start)
{
	uint32_t size;
	enum status status = resource_size(d, r, &size);

	if (status)
		return status;
	if (r->frame > size || r->nr_frames > size - r->frame || start > r->nr_frames)
		return E_INVAL;
	return OK;
}

static enum status frames_list(struct vcpu *v, struct domain *d, const struct xen_mem_acquire_resource *r,
			       uint64_t *start)
{
	enum status status = resource_check(d, r, *start);

	while (!status && *start < r->nr_frames) {
		mfn_t frame;

		status = grant_table_frame(d, (uint32_t)(r->frame + *start), &frame);
		if (!status)
			status = guest_copy_out(v, handle_slot(r->frame_list, *start), &frame.v, sizeof(frame.v));
		if (!status && ++*start < r->nr_frames && arch_preempt_due())
			status = E_RESTART;
	}
	return status;
}

/* The question for the size. */
static enum status size_tell(struct vcpu *v, const struct domain *d, struct xen_mem_acquire_resource *r, vaddr_t arg)
{
	enum status status = resource_size(d, r, &r->nr_frames);

	return status ? status : guest_copy_out(v, arg, r, sizeof(*r));
}

long memory_acquire_resource(struct vcpu *v, struct memory_call *call)
{
	struct xen_mem_acquire_resource r;
	struct domain *d;
	enum status status;

	if (guest_copy_in(v, &r, call->arg, sizeof(r)))
		return E_FAULT;
	if (r.pad)
		return E_INVAL;
	/* Its own things a domain has already. */
	if (r.domid == DOMID_SELF || r.domid == v->domain->id)
		return E_PERM;
	status = memory_target_find(v, r.domid, &d);
	if (status)
		return status;
	if (handle_address(r.frame_list))
		status = frames_list(v, d, &r, &call->start);
	else
		status = r.nr_frames ? E_INVAL : size_tell(v, d, &r, call->arg);
	domain_put(d);
	return status;
}
