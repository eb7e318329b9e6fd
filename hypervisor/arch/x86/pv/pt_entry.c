/*
 * What a guest's page-table entries may say (Intel SDM vol. 3, 4.5), in the terms of core/mm/page_table.c.
 *
 * Every entry that is accepted gets the user bit: guest kernel and user both run in ring 3, and what the user may not
 * see is not in the user's root. Global entries are made local: the hypervisor's own are the only global ones.
 * Refused: large pages, protection keys, address bits that the CPU does not have, and memory types in entries that lead to
 * tables. Other memory types than write-back are domain 0's alone, since it has the devices.
 */
#include "pv.h"
#include "../paging.h"
#include "../pte.h"
#include <hyp/mm.h>
#include <hyp/string.h>

#define PTE_MEMORY_TYPE (PTE_WRITE_THROUGH | PTE_CACHE_DISABLE | PTE_PAT)

unsigned int arch_pt_entries(unsigned int level)
{
	(void)level;
	return PTES_PER_TABLE;
}

bool arch_pt_slot_is_guests(unsigned int level, unsigned int index)
{
	return level != 4 || index < HYP_SLOT_FIRST || index > HYP_SLOT_LAST;
}

static bool address_fits(uint64_t raw)
{
	return !((raw & PTE_ADDRESS) >> cpu_features.physical_bits);
}

static enum status leaf_decode(const struct domain *d, uint64_t raw, struct pt_entry *out)
{
	if (raw & PTE_PROTECTION_KEY)
		return E_INVAL;
	out->kind = PT_LEAF;
	out->writable = raw & PTE_WRITE;
	out->weak_caching = raw & PTE_MEMORY_TYPE;
	return out->weak_caching && !d->privileged ? E_INVAL : OK;
}

enum status arch_pt_decode(const struct domain *d, unsigned int level, uint64_t raw, struct pt_entry *out)
{
	*out = (struct pt_entry){.kind = PT_EMPTY};
	if (!(raw & PTE_PRESENT))
		return OK;
	if (!address_fits(raw) || (raw & PTE_NO_EXECUTE && !cpu_features.nx))
		return E_INVAL;
	out->frame = pte_mfn(raw);
	if (level == 1)
		return leaf_decode(d, raw, out);
	if (raw & (PTE_LARGE | PTE_WRITE_THROUGH | PTE_CACHE_DISABLE | PTE_GLOBAL))
		return E_INVAL;
	out->kind = PT_TABLE;
	return OK;
}

uint64_t arch_pt_adjust(unsigned int level, uint64_t raw)
{
	if (!(raw & PTE_PRESENT))
		return raw;
	return level == 1 ? (raw | PTE_USER) & ~PTE_GLOBAL : raw | PTE_USER;
}

uint64_t arch_pt_read_only(uint64_t raw) { return raw & ~PTE_WRITE; }

uint64_t arch_pt_hardware_bits(void) { return PTE_ACCESSED | PTE_DIRTY; }

void arch_pt_root_install(struct domain *d, uint64_t *table) { hyp_slots_install(table, d); }

void arch_pt_root_clear(uint64_t *table) { hyp_slots_clear(table); }
