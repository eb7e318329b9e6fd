/*
 * Hypercall mmu_update: a list of changes to page-table entries, or to the machine-to-physical table.
 *
 * Elements are copied in a few at a time, and each is checked and done before the next; the list stops at the first refusal,
 * and what came before stays. The number of finished elements is the place to go on from, and is told through `done`.
 *
 * Kernels change neighbours: the level-1 table of the last element stays at hand (`leaves`), referenced and known to be in
 * use, until an element names another frame. What could take its use away is done under mm_lock: an element of another
 * table, which ends that, or undoing, which begins only between such elements, or ends the list (E_RESTART).
 */
#include "mmu.h"
#include "pt_walk.h"
#include "../ops.h"
#include "../paging.h"
#include "../switch.h"
#include "../tlb.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>

#define RESUMED UINT64_C(0x80000000)

/* Elements that are copied in at once; and as many changes of leaves are made between two looks at the clock. */
#define UPDATES 8u

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

	out->table = out->frames = v->domain;
	if (likely(foreigndom == DOMID_SELF))
		return OK;
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
		tlb_flush_address(address);
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

/* A list on its way. */
struct update_list {
	struct vcpu *v;
	struct mmu_domains m;
	struct page *leaves; /* a level-1 table in use, referenced; NULL: the last element changed another thing */
};

static void leaves_end(struct update_list *l)
{
	if (l->leaves)
		page_put(l->leaves);
	l->leaves = NULL;
}

/* A word of a frame that is no table, but may become one. */
static enum status word_update(struct page *p, const struct mmu_update *u)
{
	enum status s = page_get_writable(p);

	if (s != OK)
		return s;
	write_once(*(uint64_t *)paddr_map(u->ptr & ~UINT64_C(7)), u->val);
	page_put_writable(p);
	return OK;
}

/* An entry of another frame than the last one. */
static enum status frame_update(struct update_list *l, struct page *p, const struct mmu_update *u, const struct pt_write *w)
{
	struct domain *d = l->m.table;
	enum status s;

	leaves_end(l);
	s = page_table_undo(d);
	if (s != OK)
		return s;
	if (page_get(p, d) != OK)
		return E_INVAL;
	if (unlikely(read_once(p->type) & (PAGE_TYPE_PARTIAL | PAGE_TYPE_CHANGING)))
		s = page_table_settle(d, p);
	if (s == OK && page_type_level(p->type) && p->type & PAGE_TYPE_COUNT_MASK) {
		s = page_table_write(d, p, (unsigned int)(u->ptr % PAGE_BYTES / 8), w);
		if (page_type_level(p->type) == 1) {
			l->leaves = p;
			return s;
		}
	} else if (s == OK) {
		s = word_update(p, u);
	}
	page_put(p);
	return s;
}

static inline enum status entry_update(struct update_list *l, const struct mmu_update *u, bool keep_hardware_bits)
{
	struct pt_write w = {.owner = l->m.frames, .raw = u->val, .keep_hardware_bits = keep_hardware_bits};
	mfn_t frame = paddr_to_mfn(u->ptr);
	struct page *p = mfn_to_page(frame);

	if (u->ptr & 4 || !mfn_has_page(frame))
		return E_INVAL;
	if (p == l->leaves)
		return page_table_write(l->m.table, p, (unsigned int)(u->ptr % PAGE_BYTES / 8), &w);
	return frame_update(l, p, u, &w);
}

static enum status machphys_update(struct update_list *l, const struct mmu_update *u)
{
	mfn_t frame = paddr_to_mfn(u->ptr);
	struct page *p;

	if (!mfn_has_page(frame))
		return E_INVAL;
	p = mfn_to_page(frame);
	if (page_get(p, l->m.frames) != OK)
		return E_INVAL;
	arch_m2p_set(frame, u->val);
	page_put(p);
	return OK;
}

static inline enum status update_one(struct update_list *l, const struct mmu_update *u)
{
	switch (u->ptr & 3) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return entry_update(l, u, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return entry_update(l, u, true);
	default:
		return machphys_update(l, u);
	}
}

/* As many elements as can be read at once, at most `count` and UPDATES; 0: not even one. */
static unsigned int updates_copy_in(struct vcpu *v, struct mmu_update *to, vaddr_t from, uint64_t count)
{
	unsigned int n = (unsigned int)MIN(count, UPDATES);

	if (guest_copy_in(v, to, from, n * sizeof(*to)) == OK)
		return n;
	/* The list ends at a page that is not there: what is before it is done all the same. */
	return n > 1 && guest_copy_in(v, to, from, sizeof(*to)) == OK ? 1 : 0;
}

/* Some elements from the list's position *i on, which moves past those that were done. */
static enum status some_update(struct update_list *l, vaddr_t list, uint64_t count, uint64_t *i)
{
	struct mmu_update u[UPDATES];
	unsigned int n = updates_copy_in(l->v, u, list + *i * sizeof(*u), count - *i);

	if (!n)
		return E_FAULT;
	for (unsigned int k = 0; k < n; k++, ++*i) {
		enum status s;

		/* A change of an upper table may have been long. */
		if (k && !l->leaves && arch_preempt_due())
			return E_RESTART;
		s = update_one(l, &u[k]);
		if (s != OK)
			return s;
	}
	return OK;
}

static enum status list_update(struct update_list *l, vaddr_t list, uint64_t count, uint64_t *i)
{
	struct domain *d = l->m.table;
	enum status s = OK;

	spin_lock(&d->mm_lock);
	while (*i < count && s == OK)
		s = *i && arch_preempt_due() ? E_RESTART : some_update(l, list, count, i);
	leaves_end(l);
	/* Work that the last element left is finished before the guest goes on. */
	if (s == OK)
		s = page_table_undo(d);
	spin_unlock(&d->mm_lock);
	return s;
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
	uint64_t count = (uint32_t)call->arg[1] & ~RESUMED, i = 0;
	struct update_list l = {.v = v};
	uint32_t before;
	enum status s;

	if (done_read(v, done, call->arg[1] & RESUMED, &before) != OK)
		return E_FAULT;
	s = mmu_domains_find(v, call->arg[3], &l.m);
	if (s != OK)
		return s;
	s = list_update(&l, list, count, &i);
	mmu_domains_put(v, &l.m);
	before += (uint32_t)i;
	if (done && guest_copy_out(v, done, &before, sizeof(before)) != OK)
		return E_FAULT;
	if (s == E_RESTART) {
		call->arg[0] = list + i * sizeof(struct mmu_update);
		call->arg[1] = (count - i) | RESUMED;
	}
	return s;
}

/* Kernels change one leaf at a time where a page fault brings it. */
bool pv_leaf_update(uint64_t ptr, uint64_t raw)
{
	return !(ptr & 7) && page_table_update_leaf(current_vcpu()->domain, paddr_to_mfn(ptr), paddr_map(ptr), raw);
}
