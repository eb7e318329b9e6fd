/*
 * The page-table entries of grant mappings: the one way in which a guest maps a frame that is not its own.
 *
 * The entry holds its own references, like any other; they are dropped by whatever replaces it. So a guest that
 * overwrites such an entry by itself loses the mapping and nothing else.
 */
#include "mmu.h"
#include "pt_walk.h"
#include "../paging.h"
#include <hyp/grant.h>
#include <hyp/mm.h>

/* The level-1 entry that host_addr names; its table gets a reference. mm_lock is held. */
static enum status slot_find(struct vcpu *v, uint64_t host_addr, uint32_t flags, struct pt_place *out)
{
	struct domain *d = v->domain;

	if (flags & GNTMAP_contains_pte) {
		if (host_addr & 7 || !mfn_has_page(paddr_to_mfn(host_addr)))
			return E_INVAL;
		pt_place_set(out, paddr_to_mfn(host_addr), host_addr);
	} else if (!pt_walk(v, host_addr, out)) {
		return E_INVAL;
	}
	if (page_get(out->table, d) != OK)
		return E_INVAL;
	/* Is it a level-1 table in use? */
	if ((read_once(out->table->type) & PAGE_TYPE_MASK) == PAGE_TYPE_L1 &&
	    read_once(out->table->type) & PAGE_TYPE_COUNT_MASK)
		return OK;
	page_put(out->table);
	return E_INVAL;
}

static uint64_t entry_make(uint32_t flags, mfn_t frame)
{
	uint64_t raw = pte_make(frame, PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY);

	if (!(flags & GNTMAP_readonly))
		raw |= PTE_WRITE;
	/* Software bits of the entry travel in the upper half of the flags (XENFEAT_gnttab_map_avail_bits). */
	raw |= (uint64_t)(flags >> _GNTMAP_guest_avail0 & 7) << 9;
	return raw;
}

enum status arch_grant_install(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame)
{
	struct domain *d = v->domain;
	struct page *p = mfn_to_page(frame);
	/* The caller holds a reference to the frame, so its owner is still there. */
	struct pt_write w = {.owner = domain_frames_owner(p->owner), .raw = entry_make(flags, frame)};
	struct pt_place slot;
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK)
		s = slot_find(v, host_addr, flags, &slot);
	if (s == OK) {
		s = page_table_write(d, slot.table, slot.index, &w);
		page_put(slot.table);
	}
	spin_unlock(&d->mm_lock);
	return s;
}

enum status arch_grant_remove(struct vcpu *v, uint64_t host_addr, uint32_t flags, mfn_t frame)
{
	struct domain *d = v->domain;
	struct pt_write w = {.owner = d, .raw = 0};
	struct pt_place slot;
	uint64_t raw;
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK)
		s = slot_find(v, host_addr, flags, &slot);
	if (s == OK) {
		/* Does it still map the frame, with the right that was given? */
		raw = read_once(*slot.slot);
		if (!(raw & PTE_PRESENT) || !mfn_equal(pte_mfn(raw), frame) ||
		    !(raw & PTE_WRITE) != !!(flags & GNTMAP_readonly))
			s = E_INVAL;
		else
			s = page_table_write(d, slot.table, slot.index, &w);
		page_put(slot.table);
	}
	spin_unlock(&d->mm_lock);
	return s;
}

void arch_grant_flush(struct domain *mapper) { mmu_flush_all(mapper); }
