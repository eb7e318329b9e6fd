#pragma once
/*
 * The entry behind an address, in the page tables of a vCPU's kernel.
 *
 * With the domain's mm_lock held: the root is referenced by the vCPU and validated, so every table on the way is one of the
 * domain's in use and stays so; and what a level-1 entry maps stays the domain's, since the entry holds a reference to it.
 *
 * Walks nearly always end in the table that the last one ended in. As long as the root is the same and no table above level 1 has
 * been validated or changed since (tables_changed), the same way leads there.
 */
#include "pv.h"
#include "../layout.h"
#include <hyp/arch_pt.h>
#include <hyp/mm.h>

/* Entry `index` of `table`, which is of level 1. */
struct pt_place {
	struct page *table;
	unsigned int index;
	uint64_t *slot;
};

static inline void pt_place_set(struct pt_place *at, mfn_t table, uint64_t address_in_it)
{
	at->table = mfn_to_page(table);
	at->index = (unsigned int)(address_in_it % PAGE_BYTES / 8);
	at->slot = arch_pt_map(table) + at->index;
}

/* The level-1 table under root `at`, or MFN_INVALID. */
static inline mfn_t pt_walk_down(mfn_t at, vaddr_t address)
{
#pragma GCC unroll 3
	for (unsigned int level = PAGE_LEVELS; level > 1; level--) {
		uint64_t entry = read_once(arch_pt_map(at)[pt_index(address, level)]);

		if (unlikely(!(entry & PTE_PRESENT)))
			return MFN_INVALID;
		at = pte_mfn(entry);
	}
	return at;
}

/* False if there is no such table. What lies between the two halves of the guest's addresses is the hypervisor's, or no address:
   a slot of the root would be found for it, but one of the hypervisor's. */
static inline bool pt_walk_anew(struct vcpu *v, vaddr_t address)
{
	mfn_t root = v->roots.kernel, table;

	if (mfn_is_invalid(root) || (address >= GUEST_LOW_END && address < HYP_END))
		return false;
	table = pt_walk_down(root, address);
	if (mfn_is_invalid(table))
		return false;
	v->arch.walked = (struct pt_memo){
		.root = root,
		.region = address >> pt_shift(2),
		.changes = v->domain->tables_changed,
		.table = mfn_to_page(table),
		.entries = arch_pt_map(table),
	};
	return true;
}

static inline bool pt_walk(struct vcpu *v, vaddr_t address, struct pt_place *out)
{
	const struct pt_memo *memo = &v->arch.walked;

	if (unlikely(!memo->table || memo->region != address >> pt_shift(2) || memo->changes != v->domain->tables_changed ||
		     !mfn_equal(memo->root, v->roots.kernel)) &&
	    !pt_walk_anew(v, address))
		return false;
	out->table = memo->table;
	out->index = pt_index(address, 1);
	out->slot = memo->entries + out->index;
	return true;
}
