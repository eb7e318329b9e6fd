/*
 * domctl on a domain's memory: how much it may have, what its frames are used as, the page for hypercalls.
 */
#include <hyp/control.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/mm.h>

#include "domctl.h"

/* A limit below what the domain has is fine: it may give frames back, and gets no more until it is below. */
enum status domctl_max_mem(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v;
	spin_lock(&d->lock);
	d->pages_max = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
	spin_unlock(&d->lock);
	return OK;
}

/* As many as one call looks at. */
#define FRAMES_PER_CALL 1024u

/* Only a table that is in use has a content that must be translated; one that was a table before is plain memory. */
static uint32_t type_flags(uint32_t type)
{
	uint32_t level = page_type_level(type), flags = 0;

	if (level && type & (PAGE_TYPE_COUNT_MASK | PAGE_TYPE_PINNED))
		flags = level << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
	return type & PAGE_TYPE_PINNED ? flags | XEN_DOMCTL_PFINFO_LPINTAB : flags;
}

/* XTAB for what is not of the domain's own memory. */
static uint32_t frame_flags(const struct domain *d, uint64_t frame)
{
	uint32_t flags = XEN_DOMCTL_PFINFO_XTAB;
	struct page *p;

	if (!mfn_has_page(mfn(frame)))
		return flags;
	p = mfn_to_page(mfn(frame));
	if (page_get(p, d))
		return flags;
	if (!(read_once(p->count) & PAGE_COUNT_SHARED))
		flags = type_flags(read_once(p->type));
	page_put(p);
	return flags;
}

/* In the list each frame number is replaced by what the frame is. */
enum status domctl_getpageframeinfo3(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_getpageframeinfo3 *info = &op->u.getpageframeinfo3;

	if (info->num > FRAMES_PER_CALL)
		return E_TOOBIG;
	for (uint64_t i = 0; i < info->num; i++) {
		vaddr_t slot = handle_slot(info->array, i);
		xen_pfn_t frame;

		if (guest_copy_in(v, &frame, slot, sizeof(frame)))
			return E_FAULT;
		frame = frame_flags(d, frame);
		if (guest_copy_out(v, slot, &frame, sizeof(frame)))
			return E_FAULT;
	}
	return OK;
}

enum status domctl_hypercall_init(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	uint64_t frame = op->u.hypercall_init.gmfn;
	struct page *p;

	(void)v;
	if (!mfn_has_page(mfn(frame)))
		return E_ACCES;
	p = mfn_to_page(mfn(frame));
	if (page_get_with_writable(p, d))
		return E_ACCES;
	arch_hypercall_page_fill(arch_frame_map(mfn(frame)));
	page_put_with_writable(p);
	return OK;
}

/* Which frames a domain writes to is not recorded: there is nothing to turn on, and nothing to turn off. */
enum status domctl_shadow_op(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)d;
	return op->u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_OFF ? E_INVAL : E_OPNOTSUPP;
}
