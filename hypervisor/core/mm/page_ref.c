/*
 * General references to frames.
 *
 * A reference keeps a frame from changing its owner and from being given to anybody else. The owner's own one is
 * counted like the others and marked by PAGE_COUNT_ALLOCATED; whoever clears the flag drops that reference.
 *
 *   R1  A count of 0 never rises but by the one who allocated the frame. So a frame that is on its way back to the
 *       allocator, or that the hypervisor uses itself, cannot be caught hold of.
 *   R2  A count never reaches beyond PAGE_COUNT_MASK: page_get refuses the next reference at PAGE_COUNT_MAX. What is left
 *       is for the references that are taken where nothing can be refused: two that the state of a page table takes (T4, and
 *       that of d->undo), and that of the one who tears the owner down (page_ref_get_spare).
 *   R3  The owner is compared before the count rises, so that a stranger does not disturb a frame (its owner may just
 *       be giving it back, which asks for a count of exactly 1), and again after, because only then it cannot change.
 *
 * No lock: the count is one atomic word.
 */
#include <hyp/domain.h>
#include <hyp/log.h>
#include <hyp/mm.h>

#include "frames_owned.h"
#include "page_ref.h"

enum status page_get(struct page *p, const struct domain *owner) { return page_ref_get(p, owner->id); }

void page_put(struct page *p) { page_ref_put(p); }

void page_free(struct page *p, uint32_t flags)
{
	/* The owner's reference goes with its flag, and a type with the reference that goes with it (T2, T4). */
	CHECK(!(flags & PAGE_COUNT_ALLOCATED));
	CHECK(!(p->type & (PAGE_TYPE_COUNT_MASK | PAGE_TYPE_PINNED | PAGE_TYPE_PARTIAL)));

	arch_m2p_set(page_to_mfn(p), M2P_INVALID);
	if (!(flags & PAGE_COUNT_SHARED))
		domain_frames_forget(p);
	p->owner = DOMID_XEN;
	p->type = PAGE_TYPE_NONE;
	__atomic_store_n(&p->count, 0, __ATOMIC_RELEASE);
	frames_free(p, 0, true);
}
