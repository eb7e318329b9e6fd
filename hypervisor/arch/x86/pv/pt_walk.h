#pragma once
/*
 * The entry behind an address, in the page tables of a vCPU's kernel.
 *
 * With the domain's mm_lock held: the root is referenced by the vCPU and validated, so every table on the way is one of the
 * domain's in use and stays so; and what a level-1 entry maps stays the domain's, since the entry holds a reference to it.
 */
#include "pv.h"
#include "../layout.h"
#include <hyp/arch_pt.h>
#include <hyp/mm.h>

/* Entry `index` of `table`, which is of level 1. */
struct pt_place {
	struct page *table;
	unsigned int index;
};

static inline uint64_t *pt_place_slot(const struct pt_place *at)
{
	return &arch_pt_map(page_to_mfn(at->table))[at->index];
}

/* False if there is no such table. What lies between the two halves of the guest's addresses is the hypervisor's, or no address:
   a slot of the root would be found for it, but one of the hypervisor's. */
static inline bool pt_walk(const struct vcpu *v, vaddr_t address, struct pt_place *out)
{
	mfn_t at = v->arch.roots.kernel;

	if (unlikely(mfn_is_invalid(at) || (address >= GUEST_LOW_END && address < HYP_END)))
		return false;
#pragma GCC unroll 3
	for (unsigned int level = PAGE_LEVELS; level > 1; level--) {
		uint64_t entry = read_once(arch_pt_map(at)[pt_index(address, level)]);

		if (unlikely(!(entry & PTE_PRESENT)))
			return false;
		at = pte_mfn(entry);
	}
	out->table = mfn_to_page(at);
	out->index = pt_index(address, 1);
	return true;
}
