#pragma once
/* The root that this CPU walks, and what its TLB remembers of it; see tlb.c. Interrupts off. */
#include "cpu.h"
#include "ops.h"
#include <hyp/mm.h>

/* Numbers of spaces are the CPU's process-context identifiers. */
enum tlb_space { TLB_SPACE_IDLE, TLB_SPACE_KERNEL, TLB_SPACE_USER };

/* Of each space what CR3 says beside the root: its number, and that the load itself flushes nothing. 0 where the CPU cannot keep
   spaces apart. */
extern uint64_t tlb_space_bits[3];
/* Before a guest runs, when it is settled whether cpu_features.pcid is used. */
void tlb_init(void);

/* What the register has to hold for a root that is known to the TLB. */
static inline uint64_t tlb_cr3(mfn_t root, enum tlb_space space) { return mfn_to_paddr(root) | tlb_space_bits[space]; }

/* All spaces, and not what is global. Without a word to the TLB clock. */
void tlb_spaces_flush(void);

/* Another root than before, as tlb_cr3 has it: nothing of any space stays in the TLB. Tells the TLB clock. */
static inline void root_load(struct cpu *c, uint64_t cr3)
{
	tlb_clock_flushing(c->id);
	cr3_write(cr3);
	/* After it, so that nothing of the old one comes in again. */
	if (unlikely(cpu_features.pcid))
		tlb_spaces_flush();
}
/* The other root of the vCPU that runs here. Flushes only where the CPU cannot keep the two apart. */
void root_switch(struct cpu *c, mfn_t root, enum tlb_space space);

/* All translations of all spaces but the hypervisor's own. Tells the TLB clock. */
void tlb_flush_local(void);
/* The root that is not loaded has changed, or its guest wants it flushed. */
void tlb_flush_other_space(void);
/* Those of one page, canonical, in all spaces. */
void tlb_flush_address(vaddr_t address);
