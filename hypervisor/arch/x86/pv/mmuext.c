/*
 * Hypercall mmuext_op: pins, roots, TLB flushes, descriptor tables and page contents. A list like mmu_update's.
 */
#include "mmu.h"
#include "../ops.h"
#include "../paging.h"
#include "../switch.h"
#include "../tlb.h"
#include <hyp/guest.h>
#include <hyp/hypercall.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define RESUMED UINT64_C(0x80000000)

/* What an operation acts on besides itself. */
struct mmuext_context {
	struct vcpu *v;
	struct domain *owner; /* of the frames that it names */
};

typedef enum status mmuext_function(struct mmuext_context *c, const struct mmuext_op *op);

static enum status frame_find(const struct domain *owner, uint64_t number, struct page **out)
{
	if (!mfn_has_page(mfn(number)))
		return E_INVAL;
	*out = mfn_to_page(mfn(number));
	return page_get(*out, owner);
}

static enum status pin(struct mmuext_context *c, const struct mmuext_op *op)
{
	unsigned int level = op->cmd - MMUEXT_PIN_L1_TABLE + 1;
	struct domain *d = c->owner;
	struct page *p;
	enum status s = frame_find(d, op->arg1.mfn, &p);

	if (s != OK)
		return E_INVAL;
	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	/* A pin of a dying domain would outlive its teardown. */
	if (s == OK)
		s = read_once(d->state) == DOMAIN_ALIVE ? page_table_pin(d, p, level) : E_INVAL;
	spin_unlock(&d->mm_lock);
	if (s != OK)
		page_put(p);
	return s;
}

static enum status unpin(struct mmuext_context *c, const struct mmuext_op *op)
{
	struct domain *d = c->owner;
	struct page *p;
	enum status s = frame_find(d, op->arg1.mfn, &p);

	if (s != OK)
		return E_INVAL;
	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK)
		s = page_table_unpin(d, p);
	spin_unlock(&d->mm_lock);
	page_put(p);
	return s;
}

static enum status new_root(struct mmuext_context *c, const struct mmuext_op *op)
{
	if (c->owner != c->v->domain)
		return E_PERM;
	return pv_root_set(c->v, mfn(op->arg1.mfn), op->cmd == MMUEXT_NEW_USER_BASEPTR);
}

static enum status flush_local(struct mmuext_context *c, const struct mmuext_op *op)
{
	if (c->owner != c->v->domain)
		return E_PERM;
	if (op->cmd == MMUEXT_TLB_FLUSH_LOCAL)
		tlb_flush_local();
	else
		mmu_flush_page(op->arg1.linear_addr);
	return OK;
}

static enum status flush_multi(struct mmuext_context *c, const struct mmuext_op *op)
{
	if (c->owner != c->v->domain)
		return E_PERM;
	return mmu_flush_vcpus(c->v, (vaddr_t)(uintptr_t)op->arg2.vcpumask.p);
}

static enum status flush_all(struct mmuext_context *c, const struct mmuext_op *op)
{
	(void)op;
	if (c->owner != c->v->domain)
		return E_PERM;
	mmu_flush_all(c->v->domain);
	return OK;
}

/* Each has its own refusal. */
static enum status flush_cache(struct mmuext_context *c, const struct mmuext_op *op)
{
	if (c->owner != c->v->domain)
		return E_PERM;
	if (!c->v->domain->privileged)
		return op->cmd == MMUEXT_FLUSH_CACHE ? E_ACCES : E_INVAL;
	if (op->cmd == MMUEXT_FLUSH_CACHE)
		wbinvd();
	else
		caches_write_back();
	return OK;
}

static enum status set_ldt(struct mmuext_context *c, const struct mmuext_op *op)
{
	if (c->owner != c->v->domain)
		return E_PERM;
	return pv_ldt_set(c->v, op->arg1.linear_addr, op->arg2.nr_ents);
}

/* A frame to be written. What the hypervisor shares with control domains they may only read. */
static enum status target_find(const struct domain *owner, uint64_t number, struct page **out)
{
	if (owner == domain_hypervisor)
		return E_PERM;
	if (!mfn_has_page(mfn(number)))
		return E_INVAL;
	*out = mfn_to_page(mfn(number));
	return page_get_with_writable(*out, owner) == OK ? OK : E_INVAL;
}

static enum status clear_page(struct mmuext_context *c, const struct mmuext_op *op)
{
	struct page *p;
	enum status s = target_find(c->owner, op->arg1.mfn, &p);

	if (s != OK)
		return s;
	memset(arch_frame_map(page_to_mfn(p)), 0, PAGE_BYTES);
	page_put_with_writable(p);
	return OK;
}

static enum status copy_page(struct mmuext_context *c, const struct mmuext_op *op)
{
	struct page *to, *from;
	enum status s;

	if (frame_find(c->owner, op->arg2.src_mfn, &from) != OK)
		return E_INVAL;
	s = target_find(c->owner, op->arg1.mfn, &to);
	if (s != OK) {
		page_put(from);
		return s;
	}
	memcpy(arch_frame_map(page_to_mfn(to)), arch_frame_map(page_to_mfn(from)), PAGE_BYTES);
	page_put_with_writable(to);
	page_put(from);
	return OK;
}

static enum status superpage(struct mmuext_context *c, const struct mmuext_op *op)
{
	(void)c;
	(void)op;
	return E_OPNOTSUPP;
}

static mmuext_function *const operation[] = {
	[MMUEXT_PIN_L1_TABLE] = pin,
	[MMUEXT_PIN_L2_TABLE] = pin,
	[MMUEXT_PIN_L3_TABLE] = pin,
	[MMUEXT_PIN_L4_TABLE] = pin,
	[MMUEXT_UNPIN_TABLE] = unpin,
	[MMUEXT_NEW_BASEPTR] = new_root,
	[MMUEXT_TLB_FLUSH_LOCAL] = flush_local,
	[MMUEXT_INVLPG_LOCAL] = flush_local,
	[MMUEXT_TLB_FLUSH_MULTI] = flush_multi,
	[MMUEXT_INVLPG_MULTI] = flush_multi,
	[MMUEXT_TLB_FLUSH_ALL] = flush_all,
	[MMUEXT_INVLPG_ALL] = flush_all,
	[MMUEXT_FLUSH_CACHE] = flush_cache,
	[MMUEXT_SET_LDT] = set_ldt,
	[MMUEXT_NEW_USER_BASEPTR] = new_root,
	[MMUEXT_CLEAR_PAGE] = clear_page,
	[MMUEXT_COPY_PAGE] = copy_page,
	[MMUEXT_FLUSH_CACHE_GLOBAL] = flush_cache,
	[MMUEXT_MARK_SUPER] = superpage,
	[MMUEXT_UNMARK_SUPER] = superpage,
};

static enum status do_one(struct mmuext_context *c, vaddr_t from)
{
	struct mmuext_op op;

	if (guest_copy_in(c->v, &op, from, sizeof(op)) != OK)
		return E_FAULT;
	if (op.cmd >= ARRAY_COUNT(operation) || !operation[op.cmd])
		return E_NOSYS;
	return operation[op.cmd](c, &op);
}

long hypercall_mmuext_op(struct vcpu *v, struct hypercall *call)
{
	vaddr_t list = call->arg[0], done = call->arg[2];
	uint64_t count = (uint32_t)call->arg[1] & ~RESUMED, i;
	struct mmuext_context c = {.v = v};
	struct mmu_domains m;
	uint32_t before = 0;
	enum status s;

	if (done && call->arg[1] & RESUMED && guest_copy_in(v, &before, done, sizeof(before)) != OK)
		return E_FAULT;
	s = mmu_domains_find(v, call->arg[3] & 0xffff, &m);
	if (s != OK)
		return s;
	c.owner = m.frames;
	for (i = 0; i < count && s == OK; i += s == OK) {
		if (i && arch_preempt_due())
			s = E_RESTART;
		else
			s = do_one(&c, list + i * sizeof(struct mmuext_op));
	}
	mmu_domains_put(v, &m);
	before += (uint32_t)i;
	if (done && guest_copy_out(v, done, &before, sizeof(before)) != OK)
		return E_FAULT;
	if (s == E_RESTART) {
		call->arg[0] = list + i * sizeof(struct mmuext_op);
		call->arg[1] = (count - i) | RESUMED;
	}
	return s;
}
