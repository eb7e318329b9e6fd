#pragma once
/*
 * What a guest's page-table entries may say (Intel SDM vol. 3, 4.5), in the terms of core/mm/page_table.c.
 *
 * Every entry that is accepted gets the user bit: guest kernel and user both run in ring 3, and what the user may not
 * see is not in the user's root. Global entries are made local: the hypervisor's own are the only global ones.
 * Refused: large pages, protection keys, address bits that the CPU does not have, and memory types in entries that lead to
 * tables. Other memory types than write-back are domain 0's alone, since it has the devices.
 *
 * An entry that is not present may say anything, but on a CPU with L1TF: a load through it is executed speculatively, with what
 * the first-level cache has of the frame that it names. There it may name nothing that is memory. Linux inverts the addresses of
 * such entries, so that it never wants to.
 *
 * Inline, since every change of an entry asks all of it. Needs <hyp/domain.h>.
 */
#include "../../layout.h"
#include "../../pte.h"
#include <hyp/domain.h>
#include <hyp/page_table.h>

#define PTE_MEMORY_TYPE (PTE_WRITE_THROUGH | PTE_CACHE_DISABLE | PTE_PAT)

/* By level: the bits that no present entry may have on this machine (pv/pt_entry.c). */
extern uint64_t arch_pt_refused[PAGE_LEVELS + 1];
/* The first address behind all of the machine's memory, at least 1. */
extern paddr_t arch_pt_memory_end;

static inline uint64_t *arch_pt_map(mfn_t table) { return (uint64_t *)(DIRECT_START + mfn_to_paddr(table)); }

static inline unsigned int arch_pt_entries(unsigned int level)
{
	(void)level;
	return PTES_PER_TABLE;
}

static inline bool arch_pt_slot_is_guests(unsigned int level, unsigned int index)
{
	return level != PAGE_LEVELS || index < HYP_SLOT_FIRST || index > HYP_SLOT_LAST;
}

static inline enum status arch_pt_check(const struct domain *d, unsigned int level, uint64_t raw)
{
	/* Address 0 is what an empty entry has. */
	if (!(raw & PTE_PRESENT))
		return (raw & d->arch.absent_address) - 1 < arch_pt_memory_end - 1 ? E_INVAL : OK;
	return raw & arch_pt_refused[level] ? E_INVAL : OK;
}

static inline struct pt_entry arch_pt_read_present(unsigned int level, uint64_t raw)
{
	if (level > 1)
		return (struct pt_entry){.kind = PT_TABLE, .frame = pte_mfn(raw)};
	return (struct pt_entry){
		.kind = PT_LEAF,
		.frame = pte_mfn(raw),
		.writable = raw & PTE_WRITE,
		.weak_caching = raw & PTE_MEMORY_TYPE,
	};
}

static inline bool arch_pt_is_present(uint64_t raw) { return raw & PTE_PRESENT; }

static inline __attribute__((always_inline)) struct pt_entry arch_pt_read(unsigned int level, uint64_t raw)
{
	return arch_pt_is_present(raw) ? arch_pt_read_present(level, raw) : (struct pt_entry){.kind = PT_EMPTY};
}

static inline uint64_t arch_pt_changed(unsigned int level, uint64_t a, uint64_t b)
{
	return (a ^ b) & (level == 1 ? PTE_ADDRESS | PTE_WRITE | PTE_MEMORY_TYPE : PTE_ADDRESS);
}

static inline uint64_t arch_pt_adjust(unsigned int level, uint64_t raw)
{
	if (!(raw & PTE_PRESENT))
		return raw;
	return level == 1 ? (raw | PTE_USER) & ~PTE_GLOBAL : raw | PTE_USER;
}

static inline uint64_t arch_pt_read_only(uint64_t raw) { return raw & ~PTE_WRITE; }

static inline uint64_t arch_pt_hardware_bits(void) { return PTE_ACCESSED | PTE_DIRTY; }
