/*
 * What keeps the roots of a vCPU from being undone while a CPU may walk them. Kernels pin the roots of all their processes; so a
 * switch from one to another has nothing to count.
 *
 *   K1  Either each root has a general reference and one as a table for this vCPU, or both are pinned (by_pin).
 *   K2  A pin goes only when all vCPUs that are held by it have taken references instead.
 *   K3  A CPU loads the new root before it releases mm_lock; what is given back before that is never the last that holds a root.
 *
 * All under the owner's mm_lock. Nobody else changes the type count of a table meanwhile; and as long as that is not 0 a general
 * reference goes with it, so that the owner stays who he is and the general count is not 0 either.
 */
#include "vcpu_roots.h"
#include "page_ref.h"
#include "page_type.h"

static bool is_pinned(const struct domain *d, mfn_t m)
{
	const uint32_t mask = PAGE_TYPE_MASK | PAGE_TYPE_CHANGING | PAGE_TYPE_PINNED;
	const struct page *p = mfn_to_page(m);

	return mfn_has_page(m) && (read_once(p->type) & mask) == (PAGE_TYPE_L4 | PAGE_TYPE_PINNED) &&
	       read_once(p->owner) == d->id;
}

static bool reference_get(struct page *p)
{
	if ((p->type & PAGE_TYPE_COUNT_MASK) == PAGE_TYPE_COUNT_MASK || (read_once(p->count) & PAGE_COUNT_MASK) >= PAGE_COUNT_MAX)
		return false;
	page_get_more(p);
	page_type_end(p, p->type + 1);
	return true;
}

/* Not the last one. */
static void reference_put(struct page *p)
{
	page_type_end(p, p->type - 1);
	(void)__atomic_fetch_sub(&p->count, 1, __ATOMIC_SEQ_CST);
}

static bool is_shared(const struct page *p) { return (p->type & PAGE_TYPE_COUNT_MASK) > 1; }

/* Gives the references to both back, if others hold the tables. */
static bool references_put(const struct vcpu_roots *roots)
{
	struct page *kernel = mfn_to_page(roots->kernel), *user = mfn_to_page(roots->user);

	if (!mfn_has_page(roots->kernel) || !mfn_has_page(roots->user) || kernel == user || !is_shared(kernel) ||
	    !is_shared(user))
		return false;
	reference_put(kernel);
	reference_put(user);
	return true;
}

bool vcpu_roots_switch(const struct domain *d, struct vcpu_roots *roots, mfn_t kernel, mfn_t user)
{
	if (unlikely(!is_pinned(d, kernel) || !is_pinned(d, user)))
		return false;
	if (unlikely(!roots->by_pin) && !references_put(roots))
		return false;
	*roots = (struct vcpu_roots){kernel, user, true};
	return true;
}

enum status vcpu_roots_hold(const struct domain *d, struct vcpu_roots *roots)
{
	struct page *kernel = mfn_to_page(roots->kernel);

	if (!roots->by_pin)
		return OK;
	CHECK(is_pinned(d, roots->kernel) && is_pinned(d, roots->user));
	if (!reference_get(kernel))
		return E_BUSY;
	if (!reference_get(mfn_to_page(roots->user))) {
		reference_put(kernel);
		return E_BUSY;
	}
	roots->by_pin = false;
	return OK;
}

enum status vcpu_roots_unpin(const struct domain *d, const struct page *p)
{
	mfn_t root = page_to_mfn(p);

	for (unsigned int id = 0; id < d->vcpu_max; id++) {
		struct vcpu *v = read_once(d->vcpu[id]);

		if (v && v->roots.by_pin && (mfn_equal(v->roots.kernel, root) || mfn_equal(v->roots.user, root)) &&
		    vcpu_roots_hold(d, &v->roots) != OK)
			return E_BUSY;
	}
	return OK;
}
