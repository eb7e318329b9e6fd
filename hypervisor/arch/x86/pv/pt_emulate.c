/*
 * Writes to a page table that is in use: the guest kernel stores to its read-only mapping, the CPU faults, and the store
 * is done here as if it had been an mmu_update of one entry.
 *
 * Only level-1 tables: kernels change the others by hypercall. The instruction must be a store of at most 8 bytes within one
 * entry, and must be the one that faulted (same address). The few forms that kernels use all the time are recognised first
 * (insn_store.c); any other is fetched anew, whole, for the decoder of trapped instructions. What is stored is validated alike.
 */
#include "mmu.h"
#include "pt_walk.h"
#include "../ops.h"
#include <hyp/guest.h>
#include <hyp/mm.h>
#include <hyp/pv/insn.h>

/* The entry that the address is a read-only view of; false if it is in none of this domain's level-1 tables. mm_lock is held,
   and keeps what is found. */
static bool entry_find(const struct vcpu *v, vaddr_t address, struct pt_place *out)
{
	struct pt_place view;
	uint64_t pte;

	if (!pt_walk(v, address, &view))
		return false;
	pte = read_once(*pt_place_slot(&view));
	if ((pte & (PTE_PRESENT | PTE_WRITE)) != PTE_PRESENT || !mfn_has_page(pte_mfn(pte)))
		return false;
	out->table = mfn_to_page(pte_mfn(pte));
	out->index = (unsigned int)(address % PAGE_BYTES / 8);
	return out->table->owner == v->domain->id && (read_once(out->table->type) & PAGE_TYPE_MASK) == PAGE_TYPE_L1 &&
	       read_once(out->table->type) & PAGE_TYPE_COUNT_MASK;
}

/* The 8 bytes at rip, if they lie in one page. */
static bool fetch_quickly(struct vcpu *v, const struct cpu_user_regs *regs, uint64_t *bytes)
{
	return regs->rip % PAGE_BYTES <= PAGE_BYTES - sizeof(*bytes) &&
	       guest_copy_in(v, bytes, regs->rip, sizeof(*bytes)) == OK;
}

/* The usual stores. E_NOSYS: it is another, and nothing happened. */
static enum status store_quickly(struct vcpu *v, const struct pt_place *at, vaddr_t address, struct cpu_user_regs *regs)
{
	unsigned int shift = (unsigned int)(address & 7) * 8;
	uint64_t bytes, operand, value, mask;
	struct insn_store insn;
	enum status s;

	if (!fetch_quickly(v, regs, &bytes) || !insn_store_decode(bytes, regs, &insn) || insn.address != address ||
	    (address & 7) + insn.width > 8)
		return E_NOSYS;
	mask = insn.width == 8 ? UINT64_MAX : 0xff;
	do {
		uint64_t old = read_once(*pt_place_slot(at));
		struct pt_write w = {.owner = v->domain, .only_if = true, .expected = old};

		operand = old >> shift & mask;
		if (!insn_store_plan(&insn, regs, operand, &value))
			return E_NOSYS;
		w.raw = (old & ~(mask << shift)) | value << shift;
		s = page_table_write(v->domain, at->table, at->index, &w);
	} while (s == E_AGAIN);
	if (s == OK)
		insn_store_commit(&insn, regs, operand, value);
	return s;
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
static enum status store(struct domain *d, const struct pt_place *at, vaddr_t address, const struct insn *insn,
			 struct cpu_user_regs *regs)
{
	unsigned int shift = (unsigned int)(address & 7) * 8;
	uint64_t old = read_once(*pt_place_slot(at));
	uint64_t mask = insn->width == 8 ? UINT64_MAX : BIT(insn->width * 8) - 1;
	struct pt_write w = {.owner = d, .only_if = true, .expected = old};
	struct insn_write plan;
	enum status s;

	if (insn_write_plan(insn, regs, old >> shift & mask, &plan) != OK)
		return E_INVAL;
	if (plan.writes) {
		w.raw = (old & ~(mask << shift)) | (plan.value & mask) << shift;
		s = page_table_write(d, at->table, at->index, &w);
		if (s != OK)
			return s;
	}
	insn_write_commit(insn, &plan, regs);
	return OK;
}

static enum status emulate(struct vcpu *v, const struct pt_place *at, vaddr_t address, struct cpu_user_regs *regs)
{
	enum status s = store_quickly(v, at, address, regs);
	struct insn insn;

	if (s != E_NOSYS)
		return s;
	if (!decode(v, regs, address, &insn))
		return E_INVAL;
	do
		s = store(v->domain, at, address, &insn, regs);
	while (s == E_AGAIN);
	return s;
}

bool pv_emulate_pt_write(struct vcpu *v, struct cpu_user_regs *regs, vaddr_t address)
{
	struct domain *d = v->domain;
	uint64_t single_step = regs->rflags & RFLAGS_TF;
	struct pt_place at;
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK)
		s = entry_find(v, address, &at) ? emulate(v, &at, address, regs) : E_INVAL;
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
