/*
 * Writes to a page table that is in use: the guest kernel stores to its read-only mapping, the CPU faults, and the store
 * is done here as if it had been an mmu_update of one entry.
 *
 * Only level-1 tables: kernels change the others by hypercall. The instruction is fetched once, must be a store of at most
 * 8 bytes within one entry, and must be the one that faulted (same address).
 */
#include "mmu.h"
#include "../ops.h"
#include "../paging.h"
#include "../pte.h"
#include <hyp/guest.h>
#include <hyp/mm.h>
#include <hyp/pv/insn.h>

/* The table that the address is a read-only view of; NULL if it is none of this domain's level-1 tables. Referenced. */
static struct page *table_find(struct vcpu *v, vaddr_t address)
{
	struct page *p;
	uint64_t pte;

	if (!pv_kernel_pte_read(v, address, &pte) || (pte & (PTE_PRESENT | PTE_WRITE)) != PTE_PRESENT ||
	    !mfn_has_page(pte_mfn(pte)))
		return NULL;
	p = mfn_to_page(pte_mfn(pte));
	if (page_get(p, v->domain) != OK)
		return NULL;
	if ((read_once(p->type) & PAGE_TYPE_MASK) == PAGE_TYPE_L1 && read_once(p->type) & PAGE_TYPE_COUNT_MASK)
		return p;
	page_put(p);
	return NULL;
}

/* Reads the source of a string move. */
static bool source_read(struct vcpu *v, struct insn *insn, const struct cpu_user_regs *regs)
{
	uint64_t address, value = 0;

	if (!insn->source_pending)
		return true;
	if (insn_source_address(insn, regs, msr_read(MSR_FS_BASE), pv_gs_kernel_base_get(v), &address) != OK ||
	    guest_copy_in(v, &value, address, insn->width) != OK)
		return false;
	insn_source_set(insn, value);
	return true;
}

static bool decode(struct vcpu *v, const struct cpu_user_regs *regs, vaddr_t address, struct insn *insn)
{
	uint8_t bytes[INSN_BYTES_MAX];
	unsigned int count = pv_fetch(v, regs, bytes, sizeof(bytes));
	uint64_t target;

	if (insn_decode(bytes, count, INSN_MODE_64, insn) != OK || !insn_is_write(insn) || insn->width > 8)
		return false;
	if (insn_address(insn, regs, msr_read(MSR_FS_BASE), pv_gs_kernel_base_get(v), &target) != OK || target != address)
		return false;
	return (address & 7) + insn->width <= 8 && source_read(v, insn, regs);
}

/* One try: E_AGAIN if the CPU changed the entry's accessed or dirty bit meanwhile. */
static enum status store(struct domain *d, struct page *table, vaddr_t address, const struct insn *insn,
			 struct cpu_user_regs *regs)
{
	unsigned int index = (unsigned int)(address % PAGE_BYTES / 8), shift = (unsigned int)(address & 7) * 8;
	uint64_t old = read_once(((uint64_t *)arch_frame_map(page_to_mfn(table)))[index]);
	uint64_t mask = insn->width == 8 ? UINT64_MAX : BIT(insn->width * 8) - 1;
	struct pt_write w = {.owner = d, .only_if = true, .expected = old};
	struct insn_write plan;
	enum status s;

	if (insn_write_plan(insn, regs, old >> shift & mask, &plan) != OK)
		return E_INVAL;
	if (plan.writes) {
		w.raw = (old & ~(mask << shift)) | (plan.value & mask) << shift;
		s = page_table_write(d, table, index, &w);
		if (s != OK)
			return s;
	}
	insn_write_commit(insn, &plan, regs);
	return OK;
}

bool pv_emulate_pt_write(struct vcpu *v, struct cpu_user_regs *regs, vaddr_t address)
{
	struct domain *d = v->domain;
	uint64_t single_step = regs->rflags & RFLAGS_TF;
	struct page *table;
	struct insn insn;
	enum status s;

	spin_lock(&d->mm_lock);
	table = table_find(v, address);
	if (!table) {
		spin_unlock(&d->mm_lock);
		return false;
	}
	s = page_table_undo(d);
	if (s == OK && !decode(v, regs, address, &insn))
		s = E_INVAL;
	while (s == OK && (s = store(d, table, address, &insn, regs)) == E_AGAIN)
		s = OK;
	page_put(table);
	spin_unlock(&d->mm_lock);
	/* Interrupted: the guest executes the instruction again. */
	if (s == E_RESTART)
		return true;
	if (s == OK && single_step) {
		v->arch.debug[6] |= BIT(14);
		pv_inject(v, 1, 0);
	}
	return s == OK;
}
