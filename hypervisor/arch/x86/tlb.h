#pragma once
/* The root that this CPU walks, and what its TLB remembers of it; see tlb.c. Interrupts off. */
#include "cpu.h"

/* Numbers of spaces are the CPU's process-context identifiers. */
enum tlb_space { TLB_SPACE_IDLE, TLB_SPACE_KERNEL, TLB_SPACE_USER };
#define CR3_KEEP BIT(63)

/* What the register has to hold for a root that is known to the TLB. */
static inline uint64_t tlb_cr3(mfn_t root, enum tlb_space space)
{
	return mfn_to_paddr(root) | (cpu_features.pcid ? CR3_KEEP | space : 0);
}

/* Another root than before: nothing of any space stays in the TLB. Tells the TLB clock. */
void root_load(struct cpu *c, mfn_t root, enum tlb_space space);
/* The other root of the vCPU that runs here. Flushes only where the CPU cannot keep the two apart. */
void root_switch(struct cpu *c, mfn_t root, enum tlb_space space);

/* All translations of all spaces but the hypervisor's own. Tells the TLB clock. */
void tlb_flush_local(void);
/* The root that is not loaded has changed, or its guest wants it flushed. */
void tlb_flush_other_space(void);
/* Those of one page, canonical, in all spaces. */
void tlb_flush_address(vaddr_t address);
