/*
 * Copying between two frames, each the caller's own or granted to it; and swapping two entries.
 *
 * Y1  Both sides are within one frame: offset + length at most 4096, checked before anything is taken.
 * Y2  A frame named by number is the caller's own (DOMID_SELF); another domain's is reached by a grant alone.
 * Y3  While bytes move, both frames are held by references, the target as writable, and granted ones are pinned. What
 *     the granter writes into its table meanwhile changes nothing: only the pin is used.
 *
 * Y4  A side stays open from one element of a list to the next that names the same by the same words, and no longer: what
 *     was asked of it is still so by its references and its pin (Y3). So the packets of one page cost its pin once.
 *
 * No lock is held while bytes move. Entries are pinned and unpinned one by one, so a copy between two entries of one
 * table, or within one frame, is nothing special.
 */
#include "grant_internal.h"

#include <hyp/string.h>

static int16_t side_open_own(struct domain *caller, const struct gnttab_copy_ptr *ptr, struct grant_copy_side *side)
{
	if (ptr->domid != DOMID_SELF)
		return GNTST_permission_denied;
	side->frame = mfn(ptr->u.gmfn);
	return grant_frame_get(side->frame, caller, side->writable);
}

static int16_t side_open_granted(struct domain *caller, const struct gnttab_copy_ptr *ptr, struct grant_copy_side *side)
{
	int16_t s;

	side->granter = domain_find_for(caller, ptr->domid);
	if (!side->granter)
		return GNTST_bad_domain;
	s = grant_pin(side->granter, ptr->u.ref, caller, side->writable, &side->frame);
	if (s)
		domain_put(side->granter);
	return s;
}

static void side_close(struct grant_copy_side *side)
{
	if (!side->open)
		return;
	side->open = false;
	if (!side->granter) {
		grant_frame_put(side->frame, side->writable);
		return;
	}
	grant_unpin(side->granter, side->ref, side->frame, side->writable);
	domain_put(side->granter);
}

/* The number by which `ptr` names its frame: which member of the union it is, only the flag says. */
static uint64_t side_number(const struct gnttab_copy_ptr *ptr, bool is_ref) { return is_ref ? ptr->u.ref : ptr->u.gmfn; }

static bool side_is(const struct grant_copy_side *side, const struct gnttab_copy_ptr *ptr, bool is_ref)
{
	return side->open && side->is_ref == is_ref && side->named == ptr->domid && side->number == side_number(ptr, is_ref);
}

/* Out of line: an element whose sides are open shall not save its registers. On a refusal the side is closed. */
static __attribute__((noinline)) int16_t side_open_anew(struct domain *caller, const struct gnttab_copy_ptr *ptr, bool is_ref,
							struct grant_copy_side *side)
{
	int16_t s;

	side_close(side);
	side->granter = NULL;
	s = is_ref ? side_open_granted(caller, ptr, side) : side_open_own(caller, ptr, side);
	side->open = s == GNTST_okay;
	if (side->open)
		side->memory = arch_frame_map(side->frame);
	side->is_ref = is_ref;
	side->named = ptr->domid;
	side->number = side_number(ptr, is_ref);
	side->ref = ptr->u.ref;
	return s;
}

static inline int16_t side_open(struct domain *caller, const struct gnttab_copy_ptr *ptr, bool is_ref,
				struct grant_copy_side *side)
{
	return side_is(side, ptr, is_ref) ? GNTST_okay : side_open_anew(caller, ptr, is_ref, side);
}

void grant_copy_begin(struct grant_copies *c, struct domain *caller)
{
	*c = (struct grant_copies){.caller = caller, .to.writable = true};
}

int16_t grant_copy(struct grant_copies *c, const struct gnttab_copy *op)
{
	int16_t s;

	/* Does each side stay within its frame? The sums are of 16-bit numbers in wider ones. */
	if ((uint32_t)op->source.offset + op->len > PAGE_BYTES || (uint32_t)op->dest.offset + op->len > PAGE_BYTES)
		return GNTST_bad_copy_arg;
	s = side_open(c->caller, &op->source, op->flags & GNTCOPY_source_gref, &c->from);
	if (s == GNTST_okay)
		s = side_open(c->caller, &op->dest, op->flags & GNTCOPY_dest_gref, &c->to);
	if (s == GNTST_okay)
		memmove(c->to.memory + op->dest.offset, c->from.memory + op->source.offset, op->len);
	return s;
}

void grant_copy_end(struct grant_copies *c)
{
	side_close(&c->to);
	side_close(&c->from);
}

static int16_t swap_locked(struct domain *d, grant_ref_t a, grant_ref_t b) REQUIRES(d->grant.lock)
{
	const struct grant_active *active_a = grant_active_find(d, a), *active_b = grant_active_find(d, b);
	uint64_t *shared_a = grant_shared_find(d, a), *shared_b = grant_shared_find(d, b), entry;

	/* Are there such entries? */
	if (!shared_a || !shared_b)
		return GNTST_bad_gntref;
	/* Is either in use? */
	if ((active_a && active_a->pins) || (active_b && active_b->pins))
		return GNTST_eagain;
	entry = __atomic_load_n(shared_a, __ATOMIC_ACQUIRE);
	__atomic_store_n(shared_a, __atomic_load_n(shared_b, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	__atomic_store_n(shared_b, entry, __ATOMIC_RELEASE);
	return GNTST_okay;
}

int16_t grant_swap(struct domain *d, grant_ref_t a, grant_ref_t b)
{
	int16_t s;

	spin_lock(&d->grant.lock);
	s = swap_locked(d, a, b);
	spin_unlock(&d->grant.lock);
	return s;
}
