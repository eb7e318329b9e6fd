/*
 * The parts of <hyp/arch_pt.h>, the format of a guest's page-table entries, that are not inline: what the machine refuses,
 * and the hypervisor's own slots of a root.
 */
#include "pv.h"
#include "../paging.h"
#include <hyp/arch_pt.h>

uint64_t arch_pt_refused[PAGE_LEVELS + 1];

void pt_entry_init(void)
{
	uint64_t missing = PTE_ADDRESS & ~(BIT(cpu_features.physical_bits) - 1);

	if (!cpu_features.nx)
		missing |= PTE_NO_EXECUTE;
	arch_pt_refused[1] = missing | PTE_PROTECTION_KEY;
	for (unsigned int level = 2; level <= PAGE_LEVELS; level++)
		arch_pt_refused[level] = missing | PTE_LARGE | PTE_WRITE_THROUGH | PTE_CACHE_DISABLE | PTE_GLOBAL;
}

void arch_pt_root_install(struct domain *d, uint64_t *table) { hyp_slots_install(table, d); }

void arch_pt_root_clear(uint64_t *table) { hyp_slots_clear(table); }
