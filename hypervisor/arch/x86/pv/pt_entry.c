/*
 * The parts of <hyp/arch_pt.h>, the format of a guest's page-table entries, that are not inline: what the machine refuses,
 * and the hypervisor's own slots of a root.
 */
#include "pv.h"
#include "../paging.h"
#include <hyp/arch_pt.h>

/* An address that the CPU does not have is cut off by its cache, so not more than these bits are compared. */
static uint64_t absent_address[2]; /* of domain 0's entries, and of the others' */
paddr_t arch_pt_memory_end = 1;
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

void pt_entry_absent_init(paddr_t memory_end, bool dom0, bool domu)
{
	uint64_t mask = BIT(cpu_features.physical_bits) - PAGE_BYTES;

	if (!cpu_features.l1tf)
		return;
	/* The upper half is where guests' inverted addresses lie. */
	arch_pt_memory_end = MAX(MIN(memory_end, BIT(cpu_features.physical_bits - 1)), 1);
	absent_address[0] = dom0 ? mask : 0;
	absent_address[1] = domu ? mask : 0;
}

uint64_t pt_entry_absent_address(const struct domain *d) { return absent_address[!d->privileged]; }

void arch_pt_root_install(struct domain *d, uint64_t *table) { hyp_slots_install(table, d); }

void arch_pt_root_clear(uint64_t *table) { hyp_slots_clear(table); }
