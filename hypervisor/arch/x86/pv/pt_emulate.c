/*
 * Writes to a page table that is in use: the guest kernel stores to its read-only mapping, the CPU faults, and the store
 * is done here as if it had been an mmu_update of one entry.
 *
 * Only level-1 tables: kernels change the others by hypercall. The instruction must be a store of at most 8 bytes within one
 * entry, and must be the one that faulted (same address). The few forms that kernels use all the time come first, by the short
 * way that entry/traps.S asks at once (insn_store.c); any other is fetched anew, whole, for the decoder of trapped
 * instructions. What is stored is validated alike.
 */
#include "mmu.h"
#include "pt_walk.h"
#include "../ops.h"
#include "../raw.h"
#include "../traps.h"
#include <hyp/guest.h>
#include <hyp/mm.h>
#include <hyp/pv/insn.h>

/* The entry that the address is a read-only view of; false if it is in none of this domain's level-1 tables. mm_lock is held,
   and keeps what is found. */
static inline __attribute__((always_inline)) bool entry_find(struct vcpu *v, vaddr_t address, struct pt_place *out)
{
	struct pt_place view;
	uint64_t pte;

	if (!pt_walk(v, address, &view))
		return false;
	pte = read_once(*view.slot);
	if ((pte & (PTE_PRESENT | PTE_WRITE)) != PTE_PRESENT || !mfn_has_page(pte_mfn(pte)))
		return false;
	pt_place_set(out, pte_mfn(pte), address);
	return page_is_leaf_table(v->domain, out->table);
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
	uint64_t old = read_once(*at->slot);
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
	struct insn insn;
	enum status s;

	if (!decode(v, regs, address, &insn))
		return E_INVAL;
	do
		s = store(v->domain, at, address, &insn, regs);
	while (s == E_AGAIN);
	return s;
}

/* What the 8 bytes at rip say. Kernels store from few places: nearly always the last one's again. */
static const struct insn_store *store_of(struct cpu *c, uint64_t bytes)
{
	if (c->store_bytes != bytes) {
		c->store_bytes = bytes;
		if (!insn_store_decode(bytes, &c->store))
			c->store.op = INSN_STORE_NONE;
	}
	return &c->store;
}

/* The operand, in an entry that is `entry`; and the entry with the operand changed. */
static inline uint64_t operand_of(const struct insn_store *store, unsigned int shift, uint64_t entry)
{
	return store->width == 8 ? entry : entry >> shift & 0xff;
}
static inline uint64_t operand_put(const struct insn_store *store, unsigned int shift, uint64_t entry, uint64_t operand)
{
	return store->width == 8 ? operand : (entry & ~(UINT64_C(0xff) << shift)) | operand << shift;
}

/* False: nothing happened. */
static inline bool store_usual(struct domain *d, uint64_t *slot, unsigned int shift, const struct insn_store *store,
			       struct cpu_user_regs *regs)
{
	uint64_t entry = read_once(*slot), old = operand_of(store, shift, entry), new;

	if (!insn_store_plan(store, regs, old, &new) ||
	    page_table_write_leaf(d, slot, entry, operand_put(store, shift, entry, new)) != OK)
		return false;
	insn_store_commit(store, regs, old, new);
	return true;
}

static bool store_quickly(struct cpu *c, struct cpu_user_regs *regs, vaddr_t address)
{
	struct vcpu *v = c->current;
	struct domain *d = v->domain;
	const struct insn_store *store;
	struct pt_place at;
	uint64_t bytes;
	bool done;

	if (!guest_word_read(regs->rip, &bytes)) {
		cr2_write(address);
		return false;
	}
	store = store_of(c, bytes);
	if (store->op == INSN_STORE_NONE || insn_store_address(store, regs) != address ||
	    (address & 7) + store->width > 8 || regs->rflags & RFLAGS_TF)
		return false;
	spin_lock(&d->mm_lock);
	done = page_table_undo(d) == OK && entry_find(v, address, &at) &&
	       store_usual(d, at.slot, (unsigned int)(address & 7) * 8, store, regs);
	spin_unlock(&d->mm_lock);
	return done;
}

bool guest_store(struct cpu_user_regs *regs, vaddr_t address)
{
	struct cpu *c = this_cpu();

	guest_access_end();
	if (!store_quickly(c, regs, address))
		return false;
	guest_exit_shortly(c);
	return true;
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
