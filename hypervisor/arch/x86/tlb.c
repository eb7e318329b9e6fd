/*
 * What this CPU remembers of page tables.
 *
 * A guest's kernel and its programs have a root each, and every system call goes from the one to the other. With process-context
 * identifiers (Intel SDM vol. 3, 4.10) the two are spaces of their own, so that the way there and back flushes nothing.
 * They belong to the vCPU that is current: whatever makes another of its roots, or another vCPU, current flushes all of them.
 *
 *   P1  A space of the kernel's or the user's holds translations of the current vCPU's present root for it, and no others.
 *   P2  What flushes, flushes all spaces; the TLB clock hears of nothing less.
 *
 * Entries that all roots share, the hypervisor's own, are global: they stay. Its entries for a domain are in both spaces.
 */
#include "tlb.h"

#define CR3_KEEP BIT(63)

uint64_t tlb_space_bits[3];

void tlb_init(void)
{
	if (!cpu_features.pcid)
		return;
	for (unsigned int space = 0; space < ARRAY_COUNT(tlb_space_bits); space++)
		tlb_space_bits[space] = CR3_KEEP | space;
}

enum invalidation { INVALIDATE_ADDRESS = 0, INVALIDATE_ALL_BUT_GLOBAL = 3 };

static void invpcid(enum invalidation what, enum tlb_space space, vaddr_t address)
{
	const uint64_t descriptor[2] = {space, address};

	__asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"((uint64_t)what) : "memory");
}

void tlb_spaces_flush(void)
{
	if (cpu_features.pcid)
		invpcid(INVALIDATE_ALL_BUT_GLOBAL, 0, 0);
	else
		cr3_write(cr3_read());
}

void root_switch(struct cpu *c, mfn_t root, enum tlb_space space)
{
	if (cpu_features.pcid)
		cr3_write(tlb_cr3(root, space));
	else
		root_load(c, tlb_cr3(root, space));
}

void tlb_flush_local(void)
{
	tlb_clock_flushing(this_cpu()->id);
	tlb_spaces_flush();
}

void tlb_flush_other_space(void)
{
	if (cpu_features.pcid)
		tlb_flush_local();
}

void tlb_flush_address(vaddr_t address)
{
	invlpg(address);
	if (cpu_features.pcid) {
		bool in_kernel = (cr3_read() & (PAGE_BYTES - 1)) == TLB_SPACE_KERNEL;

		invpcid(INVALIDATE_ADDRESS, in_kernel ? TLB_SPACE_USER : TLB_SPACE_KERNEL, address);
	}
}
