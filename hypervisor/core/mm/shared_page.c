/*
 * Pages of the hypervisor's own, and pages that it shares with a domain.
 *
 * A page of its own has no references and owner DOMID_XEN: no guest can name it. A shared page (shared_info, the
 * frames of a grant table) belongs to the domain in the eyes of page_get, may be mapped by it for reading and writing,
 * and is not part of its reservation. The hypervisor's reference to it is the PAGE_COUNT_ALLOCATED one.
 *
 *   S1  After shared_page_release the domain cannot get new references (the owner is DOMID_XEN), the hypervisor does
 *       not touch the page again, and the frame goes with the last mapping that is left.
 */
#include <hyp/domain.h>
#include <hyp/log.h>
#include <hyp/mm.h>

#include "frames_owned.h"

void *hv_page_alloc(void)
{
	struct page *p = frames_alloc(0, 0);

	return p ? arch_frame_map(page_to_mfn(p)) : NULL;
}

void hv_page_free(void *page)
{
	if (page)
		frames_free(mfn_to_page(arch_virt_to_mfn(page)), 0, true);
}

void *shared_page_alloc(struct domain *d)
{
	struct page *p = frames_alloc(0, 0);

	if (!p)
		return NULL;
	domain_frames_set_owner(d);
	__atomic_fetch_add(&d->shared_pages, 1, __ATOMIC_RELAXED);
	p->owner = d->id;
	/* From here on the domain can refer to it. */
	__atomic_store_n(&p->count, 1 | PAGE_COUNT_ALLOCATED | PAGE_COUNT_SHARED, __ATOMIC_RELEASE);
	return arch_frame_map(page_to_mfn(p));
}

void shared_page_release(void *page)
{
	struct page *p;
	uint32_t count;

	if (!page)
		return;
	p = mfn_to_page(arch_virt_to_mfn(page));
	count = __atomic_fetch_and(&p->count, ~PAGE_COUNT_ALLOCATED, __ATOMIC_SEQ_CST);
	CHECK((count & PAGE_COUNT_ALLOCATED) && (count & PAGE_COUNT_SHARED));
	__atomic_fetch_sub(&domain_frames_owner(p->owner)->shared_pages, 1, __ATOMIC_RELAXED);
	write_once(p->owner, DOMID_XEN);
	page_put(p);
}
