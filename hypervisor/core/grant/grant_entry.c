/*
 * Pinning an entry: from what a guest wrote in its table to a frame that may be used.
 *
 * E1  The shared entry is read as one 64-bit word; only that copy is looked at, and the entry is marked in use by
 *     compare-and-swap against the whole of it. What was checked is therefore what was marked, and a guest that
 *     changes it meanwhile gets another look, a few times.
 * E2  While pins > 0 the active entry's frame and user are fixed; a further pin is for the same user and gets the same
 *     frame, whatever the shared entry names by then, and must still be allowed by it.
 * E3  GTF_reading is set while pins > 0, GTF_writing while write_pins > 0. They are hints to the guest: it may clear
 *     them itself and hurts nobody but itself.
 * E4  Each pin holds its own reference to the frame, and the writable type if it writes. They are taken after the pin
 *     and dropped before it, so a guest that sees its entry free again finds the frame without our references.
 * E5  A frame can be granted if it is of its granter's own memory. Frames that the hypervisor shares with it (its
 *     tables, shared_info) and those that it mapped from others cannot.
 *
 * Entries with a cache attribute are refused with those that only version 2 has: one frame in two memory types is a
 * way to see what is not in memory, and no front-end asks for it.
 *
 * Lock: the granter's grant lock, for the entry alone; references are taken without it.
 */
#include "grant_internal.h"

#include <hyp/log.h>

#define ENTRY_TRIES 4

/* The parts of an entry, as they lie in its word. */
static uint16_t entry_flags(uint64_t entry) { return (uint16_t)entry; }
static domid_t entry_domid(uint64_t entry) { return (domid_t)(entry >> 16); }
static uint32_t entry_frame(uint64_t entry) { return (uint32_t)(entry >> 32); }

static int16_t entry_check(uint64_t entry, const struct domain *user, bool writable)
{
	const uint16_t form = GTF_type_mask | GTF_sub_page | GTF_PAT | GTF_PWT | GTF_PCD;

	/* Does it give access to a whole frame? */
	if ((entry_flags(entry) & form) != GTF_permit_access)
		return GNTST_general_error;
	/* To this domain? */
	if (entry_domid(entry) != user->id)
		return GNTST_general_error;
	/* For what it wants? */
	if (writable && (entry_flags(entry) & GTF_readonly))
		return GNTST_general_error;
	return GNTST_okay;
}

/* Marks the entry in use if it allows it (E1); *entry is what it was then. */
static int16_t entry_mark(uint64_t *shared, const struct domain *user, bool writable, uint64_t *entry)
{
	const uint64_t mark = GTF_reading | (writable ? GTF_writing : 0);

	*entry = __atomic_load_n(shared, __ATOMIC_ACQUIRE);
	for (int i = 0; i < ENTRY_TRIES; i++) {
		int16_t s = entry_check(*entry, user, writable);

		if (s)
			return s;
		/* On failure this reads the entry anew. */
		if (__atomic_compare_exchange_n(shared, entry, *entry | mark, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

static int16_t entry_pin(struct domain *granter, grant_ref_t ref, const struct domain *user, bool writable,
			 mfn_t *frame) REQUIRES(granter->grant.lock)
{
	uint64_t *shared = grant_shared_find(granter, ref), entry;
	struct grant_active *a;
	int16_t s;

	/* Is there such an entry? */
	if (!shared)
		return GNTST_bad_gntref;
	a = grant_active_find(granter, ref);
	if (!a) {
		/* Who may not use an entry does not make its domain keep records of it. */
		s = entry_check(__atomic_load_n(shared, __ATOMIC_ACQUIRE), user, writable);
		if (s)
			return s;
		a = grant_active_make(granter, ref);
	}
	if (!a)
		return GNTST_no_space;
	/* Is it in use by another, to whom it was granted before? */
	if (a->pins && a->user != user->id)
		return GNTST_general_error;
	s = entry_mark(shared, user, writable, &entry);
	if (s)
		return s;
	if (a->pins == 0) {
		a->frame = entry_frame(entry);
		a->user = user->id;
	}
	a->pins++;
	a->write_pins += writable;
	*frame = mfn(a->frame);
	return GNTST_okay;
}

static void entry_unpin(struct domain *granter, grant_ref_t ref, bool writable)
{
	struct grant_active *a;
	uint64_t clear = 0;

	spin_lock(&granter->grant.lock);
	a = grant_active_find(granter, ref);
	CHECK(a && a->pins > 0 && a->write_pins >= writable);
	a->pins--;
	a->write_pins -= writable;
	if (a->pins == 0)
		clear |= GTF_reading;
	if (a->write_pins == 0)
		clear |= GTF_writing;
	if (clear)
		__atomic_fetch_and(grant_shared_find(granter, ref), ~clear, __ATOMIC_SEQ_CST);
	spin_unlock(&granter->grant.lock);
}

int16_t grant_frame_get(mfn_t frame, const struct domain *owner, bool writable)
{
	struct page *p;

	/* Is it a frame of memory, and its own? */
	if (!mfn_has_page(frame))
		return GNTST_bad_page;
	p = mfn_to_page(frame);
	if (page_get(p, owner) != OK)
		return GNTST_bad_page;
	/* Is it its own memory, and not the hypervisor's that it may only see? */
	if (read_once(p->count) & PAGE_COUNT_SHARED) {
		page_put(p);
		return GNTST_bad_page;
	}
	/* May it be written, that is: is it no page table or descriptor table? */
	if (writable && page_get_writable(p) != OK) {
		page_put(p);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

void grant_frame_put(mfn_t frame, bool writable)
{
	if (writable)
		page_put_with_writable(mfn_to_page(frame));
	else
		page_put(mfn_to_page(frame));
}

int16_t grant_pin(struct domain *granter, grant_ref_t ref, const struct domain *user, bool writable, mfn_t *frame)
{
	int16_t s;

	/* A dying domain gives nothing any more, so that its end does not go on for ever. */
	if (read_once(granter->state) != DOMAIN_ALIVE)
		return GNTST_bad_domain;
	spin_lock(&granter->grant.lock);
	s = entry_pin(granter, ref, user, writable, frame);
	spin_unlock(&granter->grant.lock);
	if (s)
		return s;
	s = grant_frame_get(*frame, granter, writable);
	if (s)
		entry_unpin(granter, ref, writable);
	return s;
}

void grant_unpin(struct domain *granter, grant_ref_t ref, mfn_t frame, bool writable)
{
	grant_frame_put(frame, writable);
	entry_unpin(granter, ref, writable);
}

mfn_t grant_pinned_frame(struct domain *granter, grant_ref_t ref)
{
	const struct grant_active *a;
	mfn_t frame;

	spin_lock(&granter->grant.lock);
	a = grant_active_find(granter, ref);
	CHECK(a && a->pins > 0);
	frame = mfn(a->frame);
	spin_unlock(&granter->grant.lock);
	return frame;
}
