/*
 * Hypercall mmu_update: a list of changes to page-table entries, or to the machine-to-physical table.
 *
 * Each element is copied in, checked and done before the next; the list stops at the first refusal, and what came
 * before stays. The number of finished elements is the place to go on from, and is told through `done`.
 */
#include "mmu.h"
#include "../ops.h"
#include "../paging.h"
#include "../switch.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>

#define RESUMED UINT64_C(0x80000000)

static enum status frames_owner_find(struct vcpu *v, domid_t id, struct domain **out)
{
	struct domain *self = v->domain;

	*out = self;
	if (id == DOMID_SELF || id == self->id)
		return OK;
	if (!self->privileged)
		return E_PERM;
	if (id == DOMID_IO || id == DOMID_XEN) {
		*out = id == DOMID_IO ? domain_io : domain_hypervisor;
		domain_get(*out);
		return OK;
	}
	*out = domain_find(id);
	return *out ? OK : E_SRCH;
}

/* The caller's own domain is there as long as the call lasts: it needs no reference. */
static void other_put(const struct vcpu *v, struct domain *d)
{
	if (d != v->domain)
		domain_put(d);
}

enum status mmu_domains_find(struct vcpu *v, uint64_t foreigndom, struct mmu_domains *out)
{
	uint64_t table = foreigndom >> 16 & 0xffff;
	enum status s;

	out->table = v->domain;
	if (table && table - 1 != v->domain->id) {
		if (!v->domain->privileged)
			return E_PERM;
		out->table = domain_find((domid_t)(table - 1));
		if (!out->table)
			return E_SRCH;
	}
	s = frames_owner_find(v, (domid_t)foreigndom, &out->frames);
	if (s != OK)
		other_put(v, out->table);
	return s;
}

void mmu_domains_put(const struct vcpu *v, struct mmu_domains *m)
{
	other_put(v, m->frames);
	other_put(v, m->table);
}

void mmu_flush_page(vaddr_t address)
{
	/* Outside the guest's part there is nothing of it to flush. */
	if (address_is_canonical(address) && (address < HYP_START || address >= HYP_END))
		invlpg(address);
}

void mmu_flush_all(struct domain *d)
{
	struct cpuset cpus = d->dirty_cpus;

	arch_tlb_flush(&cpus);
}

enum status mmu_flush_vcpus(struct vcpu *v, vaddr_t bitmap)
{
	struct domain *d = v->domain;
	uint64_t bits[BITS_WORDS(VCPUS_MAX)] = {0};
	struct cpuset cpus = {{0}};

	if (guest_copy_in(v, bits, bitmap, DIV_UP(d->vcpu_max, 8)) != OK)
		return E_FAULT;
	for (unsigned int id = bit_find_set(bits, d->vcpu_max, 0); id < d->vcpu_max;
	     id = bit_find_set(bits, d->vcpu_max, id + 1)) {
		const struct vcpu *other = domain_vcpu(d, id);

		/* One that does not run loads its root, and so flushes, when it does. */
		if (other && read_once(other->sched.running))
			cpuset_add(&cpus, read_once(other->sched.cpu));
	}
	arch_tlb_flush(&cpus);
	return OK;
}

/* An entry of a page table, or a word of a frame that may become one. */
static enum status entry_update(struct mmu_domains *m, const struct mmu_update *u, bool keep_hardware_bits)
{
	paddr_t at = u->ptr & ~UINT64_C(3);
	struct pt_write w = {.owner = m->frames, .raw = u->val, .keep_hardware_bits = keep_hardware_bits};
	struct page *p;
	enum status s;

	if (at & 7 || !mfn_has_page(paddr_to_mfn(at)))
		return E_INVAL;
	p = mfn_to_page(paddr_to_mfn(at));
	if (page_get(p, m->table) != OK)
		return E_INVAL;
	s = page_table_settle(m->table, p);
	if (s == OK && page_type_level(p->type) && p->type & PAGE_TYPE_COUNT_MASK) {
		s = page_table_write(m->table, p, (unsigned int)(at % PAGE_BYTES / 8), &w);
	} else if (s == OK) {
		s = page_get_writable(p);
		if (s == OK) {
			write_once(*(uint64_t *)paddr_map(at), u->val);
			page_put_writable(p);
		}
	}
	page_put(p);
	return s;
}

static enum status machphys_update(struct mmu_domains *m, const struct mmu_update *u)
{
	mfn_t frame = paddr_to_mfn(u->ptr);
	struct page *p;

	if (!mfn_has_page(frame))
		return E_INVAL;
	p = mfn_to_page(frame);
	if (page_get(p, m->frames) != OK)
		return E_INVAL;
	arch_m2p_set(frame, u->val);
	page_put(p);
	return OK;
}

static enum status update_one(struct vcpu *v, struct mmu_domains *m, vaddr_t from)
{
	struct mmu_update u;
	enum status s;

	if (guest_copy_in(v, &u, from, sizeof(u)) != OK)
		return E_FAULT;
	s = page_table_undo(m->table);
	if (s != OK)
		return s;
	switch (u.ptr & 3) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return entry_update(m, &u, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return entry_update(m, &u, true);
	case MMU_MACHPHYS_UPDATE:
		return machphys_update(m, &u);
	default:
		return E_NOSYS;
	}
}

/* How many were done so far over all executions of the call. */
static enum status done_read(struct vcpu *v, vaddr_t done, bool resumed, uint32_t *out)
{
	*out = 0;
	return done && resumed ? guest_copy_in(v, out, done, sizeof(*out)) : OK;
}

long hypercall_mmu_update(struct vcpu *v, struct hypercall *call)
{
	vaddr_t list = call->arg[0], done = call->arg[2];
	uint64_t count = (uint32_t)call->arg[1] & ~RESUMED, i;
	struct mmu_domains m;
	uint32_t before;
	enum status s;

	if (done_read(v, done, call->arg[1] & RESUMED, &before) != OK)
		return E_FAULT;
	s = mmu_domains_find(v, call->arg[3], &m);
	if (s != OK)
		return s;
	spin_lock(&m.table->mm_lock);
	for (i = 0; i < count && s == OK; i += s == OK) {
		if (i && arch_preempt_due())
			s = E_RESTART;
		else
			s = update_one(v, &m, list + i * sizeof(struct mmu_update));
	}
	/* Work that the last element left is finished before the guest goes on. */
	if (s == OK)
		s = page_table_undo(m.table);
	spin_unlock(&m.table->mm_lock);
	mmu_domains_put(v, &m);
	before += (uint32_t)i;
	if (done && guest_copy_out(v, done, &before, sizeof(before)) != OK)
		return E_FAULT;
	if (s == E_RESTART) {
		call->arg[0] = list + i * sizeof(struct mmu_update);
		call->arg[1] = (count - i) | RESUMED;
	}
	return s;
}
