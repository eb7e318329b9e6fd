/*
 * Hypercalls update_va_mapping and update_va_mapping_otherdomain: the level-1 entry behind a virtual address of the
 * guest kernel's present address space, with the flush that goes with it.
 */
#include "mmu.h"
#include "pt_walk.h"
#include "../switch.h"
#include "../tlb.h"
#include <hyp/hypercall.h>
#include <hyp/mm.h>

static enum status entry_set(struct vcpu *v, vaddr_t address, uint64_t raw, struct domain *owner)
{
	struct pt_write w = {.owner = owner, .raw = raw};
	struct domain *d = v->domain;
	struct pt_place at;
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK)
		s = pt_walk(v, address, &at) ? page_table_write(d, at.table, at.index, &w) : E_INVAL;
	spin_unlock(&d->mm_lock);
	return s;
}

static enum status flush(struct vcpu *v, vaddr_t address, uint64_t flags)
{
	uint64_t kind = flags & UVMF_FLUSHTYPE_MASK, whom = flags & ~UVMF_FLUSHTYPE_MASK;

	if (kind == UVMF_NONE)
		return OK;
	if (whom == UVMF_ALL)
		mmu_flush_all(v->domain);
	else if (whom != UVMF_LOCAL)
		return mmu_flush_vcpus(v, whom);
	else if (kind == UVMF_INVLPG)
		mmu_flush_page(address);
	else
		tlb_flush_local();
	return OK;
}

long hypercall_update_va_mapping(struct vcpu *v, struct hypercall *call)
{
	enum status s = entry_set(v, call->arg[0], call->arg[1], v->domain);

	return s == OK ? flush(v, call->arg[0], call->arg[2]) : s;
}

long hypercall_update_va_mapping_otherdomain(struct vcpu *v, struct hypercall *call)
{
	struct mmu_domains m;
	enum status s = mmu_domains_find(v, call->arg[3] & 0xffff, &m);

	if (s != OK)
		return s;
	s = entry_set(v, call->arg[0], call->arg[1], m.frames);
	mmu_domains_put(v, &m);
	return s == OK ? flush(v, call->arg[0], call->arg[2]) : s;
}
