/*
 * The roots of a vCPU's address spaces.
 *
 * A vCPU has a kernel root and, some time later, a user root; core/mm/vcpu_roots.c keeps them in use. The root that is loaded is
 * always one of them, so no table is freed while a CPU walks it.
 */
#include "pv.h"
#include "../paging.h"
#include "../switch.h"
#include "../tlb.h"
#include <hyp/mm.h>

static enum status root_get(struct domain *d, mfn_t root)
{
	struct page *p;
	enum status s;

	if (!mfn_has_page(root))
		return E_INVAL;
	p = mfn_to_page(root);
	if (page_get(p, d) != OK)
		return E_INVAL;
	s = page_table_get(d, p, PAGE_LEVELS);
	if (s != OK)
		page_put(p);
	return s;
}

/* What `slot` names is new, or its guest relies on the flush that comes with it. */
static void root_renew(struct vcpu *v, const mfn_t *slot)
{
	if (v != current_vcpu())
		return;
	if (v->arch.in_kernel == (slot == &v->roots.kernel))
		vcpu_load_root(this_cpu(), v);
	else
		tlb_flush_other_space();
}

/* Takes over the reference, lets the old one go. */
static void root_replace(struct vcpu *v, mfn_t *slot, mfn_t root)
{
	mfn_t old = *slot;

	*slot = root;
	fast_path_roots_changed(v);
	root_renew(v, slot);
	if (!mfn_is_invalid(old))
		page_table_put(v->domain, mfn_to_page(old));
}

enum status pv_root_set(struct vcpu *v, mfn_t root, bool user)
{
	struct domain *d = v->domain;
	mfn_t *slot = user ? &v->roots.user : &v->roots.kernel;
	enum status s;

	spin_lock(&d->mm_lock);
	s = page_table_undo(d);
	if (s == OK && mfn_equal(*slot, root)) {
		root_renew(v, slot);
	} else if (s == OK) {
		bool none = user && root.v == 0;

		s = vcpu_roots_hold(d, &v->roots);
		if (s == OK && !none)
			s = root_get(d, root);
		if (s == OK)
			root_replace(v, slot, none ? MFN_INVALID : root);
		/* What is left to undo of the old root is finished by the next call that changes page tables. */
	}
	spin_unlock(&d->mm_lock);
	return s;
}

bool pv_roots_switch(mfn_t kernel, mfn_t user)
{
	struct cpu *c = this_cpu();
	struct vcpu *v = c->current;
	struct domain *d = v->domain;
	bool done;

	spin_lock(&d->mm_lock);
	done = vcpu_roots_switch(d, &v->roots, kernel, user);
	if (done) {
		c->stub->kernel_cr3 = tlb_cr3(kernel, TLB_SPACE_KERNEL);
		c->stub->user_cr3 = tlb_cr3(user, TLB_SPACE_USER);
		root_load(c, c->stub->kernel_cr3);
	}
	spin_unlock(&d->mm_lock);
	return done;
}

void pv_roots_drop(struct vcpu *v)
{
	mfn_t kernel = v->roots.kernel, user = v->roots.user;

	if (v->roots.by_pin) {
		v->roots = (struct vcpu_roots){MFN_INVALID, MFN_INVALID, false};
		return;
	}
	/* One at a time: each may leave work that must be finished first. */
	if (!mfn_is_invalid(user)) {
		v->roots.user = MFN_INVALID;
		page_table_put(v->domain, mfn_to_page(user));
	} else if (!mfn_is_invalid(kernel)) {
		v->roots.kernel = MFN_INVALID;
		page_table_put(v->domain, mfn_to_page(kernel));
	}
}
