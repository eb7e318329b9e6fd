#pragma once
/*
 * The page-type machine against a reference: three domains do random things with their frames; after each step all
 * counts are worked out anew from the contents of the tables, and compared.
 *
 * The reference knows nothing of how the machine works: it adds up, for every frame, who refers to it (entries of tables
 * in use, finished entries of partial tables, pins, roots, writers, the owner, work in progress). What must hold besides:
 * a table in use is never mapped writable, and no TLB that could have loaded a writable translation still has it.
 */
#include <stdlib.h>
#include <string.h>

#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/fake_memory.h>
#include <hyp/arch_pt.h>
#include <hyp/log.h>
#include <hyp/mm.h>

#define PT_DOMAINS 3u
#define PT_FRAMES 14u /* of each domain */
#define PT_CPUS 2u

/* What the test itself holds. */
struct pt_frame_model {
	mfn_t frame;
	bool released;
	unsigned int writers; /* writable references that the test took */
	bool segment;	      /* a descriptor reference that the test took */
};

struct pt_domain_model {
	struct domain d;
	struct pt_frame_model frame[PT_FRAMES];
	struct vcpu vcpu, *vcpus[1];
};

struct pt_model {
	struct pt_domain_model dom[PT_DOMAINS];
	const uint8_t *bytes;
	size_t left;
};

static inline unsigned int pt_take(struct pt_model *m, unsigned int limit)
{
	if (!m->left)
		return 0;
	m->left--;
	return *m->bytes++ % limit;
}

static inline void pt_model_start(struct pt_model *m)
{
	memset(m, 0, sizeof(*m));
	fake_memory_init_empty(64);
	frames_add(mfn(FAKE_MAIN_START), mfn(FAKE_MAIN_START + 64));
	fake_cpus_reset(PT_CPUS);
	for (unsigned int i = 0; i < PT_DOMAINS; i++) {
		struct domain *d = &m->dom[i].d;

		d->id = (domid_t)i;
		d->privileged = i == 0;
		d->references = 1;
		d->pages_max = PT_FRAMES;
		d->vcpu_max = 1;
		m->dom[i].vcpus[0] = &m->dom[i].vcpu;
		d->vcpu = m->dom[i].vcpus;
		d->vcpu[0]->roots = (struct vcpu_roots){MFN_INVALID, MFN_INVALID, false};
		for (unsigned int f = 0; f < PT_FRAMES; f++)
			CHECK(domain_frames_alloc(d, 0, 0, &m->dom[i].frame[f].frame) == OK);
	}
}

static inline struct page *pt_page(struct pt_domain_model *o, unsigned int f) { return mfn_to_page(o->frame[f].frame); }

static inline uint64_t *pt_contents(struct page *p) { return arch_frame_map(page_to_mfn(p)); }

static inline bool pt_is_table(const struct page *p)
{
	return page_type_level(p->type) && p->type & PAGE_TYPE_COUNT_MASK;
}

/* The reference -------------------------------------------------------------------------------------------------- */

struct pt_expected {
	unsigned int general, tables, writable, segment;
	bool mapped_writable;
};

static inline struct pt_expected *pt_expected_of(struct pt_model *m, struct pt_expected *all, uint64_t frame)
{
	for (unsigned int i = 0; i < PT_DOMAINS; i++)
		for (unsigned int f = 0; f < PT_FRAMES; f++)
			if (m->dom[i].frame[f].frame.v == frame && !m->dom[i].frame[f].released)
				return &all[i * PT_FRAMES + f];
	return NULL;
}

static inline void pt_count_entries(struct pt_model *m, struct pt_expected *all, struct page *p)
{
	unsigned int level = page_type_level(p->type);
	unsigned int end = p->type & PAGE_TYPE_PARTIAL ? p->progress : pt_is_table(p) ? FAKE_PT_ENTRIES : 0;

	for (unsigned int i = 0; i < end; i++) {
		uint64_t raw = pt_contents(p)[i];
		struct pt_expected *e;

		if (!(raw & FAKE_PTE_PRESENT) || !arch_pt_slot_is_guests(level, i))
			continue;
		CHECK(raw & FAKE_PTE_FORCED);
		e = pt_expected_of(m, all, (uint32_t)raw);
		CHECK(e);
		e->general++;
		if (level > 1)
			e->tables++;
		else if (raw & FAKE_PTE_WRITABLE) {
			e->writable++;
			e->mapped_writable = true;
		}
	}
}

static inline void pt_count_roots(const struct vcpu_roots *roots, struct pt_expected *e, const struct page *p)
{
	unsigned int uses = mfn_equal(roots->kernel, page_to_mfn(p)) + mfn_equal(roots->user, page_to_mfn(p));

	/* The CPU may walk it. */
	CHECK(!uses || (page_type_level(p->type) == PAGE_LEVELS && p->type & PAGE_TYPE_COUNT_MASK));
	if (roots->by_pin) {
		CHECK(!uses || p->type & PAGE_TYPE_PINNED);
		return;
	}
	e->general += uses;
	e->tables += uses;
}

static inline void pt_expect(struct pt_model *m, struct pt_expected *all)
{
	for (unsigned int i = 0; i < PT_DOMAINS; i++) {
		struct pt_domain_model *o = &m->dom[i];

		for (unsigned int f = 0; f < PT_FRAMES; f++) {
			struct pt_expected *e = &all[i * PT_FRAMES + f];
			struct page *p = pt_page(o, f);

			if (o->frame[f].released)
				continue;
			e->general += 1 + o->frame[f].writers + o->frame[f].segment;
			e->writable += o->frame[f].writers;
			e->segment += o->frame[f].segment;
			if (p->type & PAGE_TYPE_PINNED) {
				e->general++;
				e->tables++;
			}
			e->general += !!(p->type & PAGE_TYPE_PARTIAL);
			pt_count_roots(&o->vcpu.roots, e, p);
			for (unsigned int level = 1; level <= PAGE_LEVELS; level++)
				e->general += o->d.undo.table[level] == p;
			pt_count_entries(m, all, p);
		}
	}
}

static inline void page_type_invariants_hold(struct pt_model *m)
{
	struct pt_expected all[PT_DOMAINS * PT_FRAMES];

	memset(all, 0, sizeof(all));
	pt_expect(m, all);
	for (unsigned int i = 0; i < PT_DOMAINS * PT_FRAMES; i++) {
		const struct pt_frame_model *f = &m->dom[i / PT_FRAMES].frame[i % PT_FRAMES];
		const struct page *p = mfn_to_page(f->frame);
		unsigned int count = p->type & PAGE_TYPE_COUNT_MASK;

		if (f->released)
			continue;
		CHECK((p->count & PAGE_COUNT_MASK) == all[i].general);
		CHECK(count == all[i].tables + all[i].writable + all[i].segment);
		/* One type at a time (T1). */
		CHECK(!!all[i].tables + !!all[i].writable + !!all[i].segment <= 1);
		CHECK(!all[i].tables || page_type_level(p->type));
		CHECK(!all[i].writable || (p->type & PAGE_TYPE_MASK) == PAGE_TYPE_WRITABLE);
		CHECK(!(p->type & PAGE_TYPE_CHANGING));
		CHECK(!(p->type & PAGE_TYPE_PARTIAL) || !count);
		/* What the CPU may walk cannot be written: not by an entry, and not by a TLB's memory of one (T5). */
		if (page_type_level(p->type) && count) {
			CHECK(!all[i].mapped_writable);
			for (unsigned int c = 0; c < PT_CPUS; c++)
				CHECK(!fake_tlb_has(c, f->frame));
		}
		/* The CPU uses writable entries whenever it likes. */
		if (all[i].mapped_writable)
			fake_tlb_load(i % PT_CPUS, f->frame);
	}
}

/* What domains do ------------------------------------------------------------------------------------------------ */

/* A raw entry for a table of `level`: mostly sensible, sometimes foreign or forbidden. */
static inline uint64_t pt_some_entry(struct pt_model *m, unsigned int who)
{
	unsigned int kind = pt_take(m, 16);
	struct pt_domain_model *o = &m->dom[kind == 15 ? pt_take(m, PT_DOMAINS) : who];
	uint64_t flags = (kind & 1 ? FAKE_PTE_WRITABLE : 0) | (kind == 14 ? FAKE_PTE_FORBIDDEN : 0) |
			 (kind == 13 ? FAKE_PTE_WEAK : 0);

	if (kind == 12)
		return 0;
	if (kind == 11)
		return fake_pte(mfn(FAKE_MAIN_END + 5), flags);
	return fake_pte(o->frame[pt_take(m, PT_FRAMES)].frame, flags);
}

static inline bool pt_start(struct domain *d)
{
	return page_table_undo(d) == OK;
}

/* A frame that is no table and no descriptor page is the domain's to fill as it likes. */
static inline void pt_fill(struct pt_model *m, struct pt_domain_model *o, unsigned int who)
{
	unsigned int f = pt_take(m, PT_FRAMES), slot = pt_take(m, FAKE_PT_ENTRIES);
	uint64_t raw = pt_some_entry(m, who);
	struct page *p = pt_page(o, f);

	if (o->frame[f].released || page_get_with_writable(p, &o->d) != OK)
		return;
	pt_contents(p)[slot] = raw;
	page_put_with_writable(p);
}

static inline void pt_write(struct pt_model *m, struct pt_domain_model *o, unsigned int who)
{
	unsigned int f = pt_take(m, PT_FRAMES), slot = pt_take(m, FAKE_PT_ENTRIES), owner = pt_take(m, PT_DOMAINS);
	struct pt_write w = {
		.owner = who == 0 ? &m->dom[owner].d : &o->d,
		.raw = pt_some_entry(m, who == 0 ? owner : who),
		.keep_hardware_bits = slot & 1,
	};
	struct page *p = pt_page(o, f);
	uint64_t before;
	enum status s;

	if (o->frame[f].released || !pt_start(&o->d) || !pt_is_table(p))
		return;
	before = pt_contents(p)[slot];
	/* What kernels do most: the same frame, with more or fewer rights. */
	if (before & FAKE_PTE_PRESENT && pt_take(m, 3) == 0)
		w.raw = before ^ FAKE_PTE_WRITABLE;
	w.only_if = slot & 2;
	w.expected = slot & 4 ? before : before ^ 1;
	s = page_table_write(&o->d, p, slot, &w);
	if (s != OK)
		CHECK(pt_contents(p)[slot] == before);
}

/* By the short way, in any frame of anybody's, whatever d has to undo. */
static inline void pt_update_leaf(struct pt_model *m, struct pt_domain_model *o, unsigned int who)
{
	struct pt_domain_model *where = pt_take(m, 4) ? o : &m->dom[pt_take(m, PT_DOMAINS)];
	unsigned int f = pt_take(m, PT_FRAMES);
	struct page *p = pt_page(where, f);
	uint64_t *slot = &pt_contents(p)[pt_take(m, FAKE_PT_ENTRIES)], before = *slot;
	bool may = where == o && !where->frame[f].released && pt_is_table(p) && page_type_level(p->type) == 1 &&
		   !page_table_has_undo(&o->d);

	if (!page_table_update_leaf(&o->d, page_to_mfn(p), slot, pt_some_entry(m, who)))
		CHECK(*slot == before);
	else
		CHECK(may);
}

static inline void pt_pin(struct pt_model *m, struct pt_domain_model *o)
{
	unsigned int f = pt_take(m, PT_FRAMES), level = 1 + pt_take(m, PAGE_LEVELS);
	bool may_stop = fake_preempt_in;
	struct page *p = pt_page(o, f);
	enum status s;

	if (o->frame[f].released || !pt_start(&o->d) || page_get(p, &o->d) != OK)
		return;
	s = page_table_pin(&o->d, p, level);
	/* Nothing interrupts it: then each new beginning comes after the undoing of another table (V4, V6). */
	for (unsigned int again = 0; s == E_RESTART && !may_stop && again < PT_FRAMES; again++)
		s = pt_start(&o->d) ? page_table_pin(&o->d, p, level) : E_RESTART;
	CHECK(s != E_RESTART || may_stop);
	if (s != OK)
		page_put(p);
}

/* Now and then a root that the vCPU uses. */
static inline void pt_unpin(struct pt_model *m, struct pt_domain_model *o)
{
	bool is_root = pt_take(m, 3) == 0 && !mfn_is_invalid(o->vcpu.roots.user);
	struct page *p = is_root ? mfn_to_page(o->vcpu.roots.user) : pt_page(o, pt_take(m, PT_FRAMES));

	if (p->owner != o->d.id || !(p->count & PAGE_COUNT_MASK) || !pt_start(&o->d))
		return;
	if (page_table_unpin(&o->d, p) != OK)
		CHECK(!(p->type & PAGE_TYPE_PINNED));
}

static inline void pt_root(struct pt_model *m, struct pt_domain_model *o)
{
	mfn_t *slot = pt_take(m, 2) ? &o->vcpu.roots.user : &o->vcpu.roots.kernel, old = *slot;
	unsigned int f = pt_take(m, PT_FRAMES + 1);
	struct page *p = f < PT_FRAMES ? pt_page(o, f) : NULL;

	if (!pt_start(&o->d) || vcpu_roots_hold(&o->d, &o->vcpu.roots) != OK)
		return;
	if (p) {
		if (o->frame[f].released || page_get(p, &o->d) != OK)
			return;
		if (page_table_get(&o->d, p, PAGE_LEVELS) != OK) {
			page_put(p);
			return;
		}
	}
	*slot = p ? page_to_mfn(p) : MFN_INVALID;
	if (!mfn_is_invalid(old))
		page_table_put(&o->d, mfn_to_page(old));
}

static inline bool pt_is_pinned_root(const struct page *p, const struct domain *d)
{
	return p->owner == d->id && p->type & PAGE_TYPE_PINNED && page_type_level(p->type) == PAGE_LEVELS;
}

/* A pinned root, if there is one or one can be made of what is there. */
static inline struct page *pt_some_root(struct pt_model *m, struct pt_domain_model *o)
{
	unsigned int first = pt_take(m, PT_FRAMES);

	for (unsigned int i = 0; i < PT_FRAMES; i++) {
		struct page *p = pt_page(o, (first + i) % PT_FRAMES);

		if (pt_is_pinned_root(p, &o->d))
			return p;
		if (o->frame[(first + i) % PT_FRAMES].released || page_table_undo(&o->d) != OK || page_get(p, &o->d) != OK)
			continue;
		if (page_table_pin(&o->d, p, PAGE_LEVELS) == OK)
			return p;
		page_put(p);
	}
	return pt_page(o, first);
}

/* What a kernel does at each change of processes. */
static inline void pt_switch(struct pt_model *m, struct pt_domain_model *o)
{
	struct vcpu_roots *roots = &o->vcpu.roots, before = *roots;
	struct page *kernel = pt_some_root(m, o), *user = pt_some_root(m, o);
	bool done = vcpu_roots_switch(&o->d, roots, page_to_mfn(kernel), page_to_mfn(user));

	CHECK(!done || (pt_is_pinned_root(kernel, &o->d) && pt_is_pinned_root(user, &o->d) && roots->by_pin));
	CHECK(done || (mfn_equal(roots->kernel, before.kernel) && mfn_equal(roots->user, before.user)));
	CHECK(done || !before.by_pin || !pt_is_pinned_root(kernel, &o->d) || !pt_is_pinned_root(user, &o->d));
}

/* Somebody outside, as a grant: without the domain's lock. */
static inline void pt_writer(struct pt_model *m, struct pt_domain_model *o)
{
	struct pt_frame_model *f = &o->frame[pt_take(m, PT_FRAMES)];
	struct page *p = mfn_to_page(f->frame);

	if (f->released)
		return;
	if (f->writers && pt_take(m, 2)) {
		f->writers--;
		page_put_with_writable(p);
	} else if (f->writers < 3 && page_get_with_writable(p, &o->d) == OK) {
		f->writers++;
	}
}

static inline void pt_segment(struct pt_model *m, struct pt_domain_model *o)
{
	struct pt_frame_model *f = &o->frame[pt_take(m, PT_FRAMES)];
	struct page *p = mfn_to_page(f->frame);

	if (f->released)
		return;
	if (f->segment) {
		f->segment = false;
		page_segment_put(p);
		page_put(p);
	} else if (page_get(p, &o->d) == OK) {
		if (page_segment_get(p) == OK)
			f->segment = true;
		else
			page_put(p);
	}
}

static inline void pt_release(struct pt_model *m, struct pt_domain_model *o)
{
	struct pt_frame_model *f = &o->frame[pt_take(m, PT_FRAMES)];

	if (f->released || !pt_start(&o->d))
		return;
	if (domain_frame_release(&o->d, f->frame) == OK)
		f->released = true;
}

static inline void pt_step(struct pt_model *m)
{
	unsigned int op = pt_take(m, 32), who = pt_take(m, PT_DOMAINS);
	struct pt_domain_model *o = &m->dom[who];

	/* Often enough the work is interrupted in the middle. */
	fake_preempt_in = op & 1 ? 1 + pt_take(m, 6) : 0;
	switch (op >> 1) {
	case 0 ... 4:
		pt_fill(m, o, who);
		break;
	case 5 ... 6:
		pt_write(m, o, who);
		break;
	case 7:
		pt_update_leaf(m, o, who);
		break;
	case 8 ... 9:
		pt_pin(m, o);
		break;
	case 10:
		pt_unpin(m, o);
		break;
	case 11:
		pt_root(m, o);
		break;
	case 12:
		pt_switch(m, o);
		break;
	case 13:
		pt_writer(m, o);
		break;
	case 14:
		pt_segment(m, o);
		break;
	default:
		if (who == 2)
			pt_release(m, o);
		else
			fake_tlb_flush_own(pt_take(m, PT_CPUS));
		break;
	}
}

static inline void pt_root_drop(struct domain *d, mfn_t *slot)
{
	if (!mfn_is_invalid(*slot))
		page_table_put(d, mfn_to_page(*slot));
	*slot = MFN_INVALID;
	CHECK(page_table_undo(d) == OK);
}

/* Everything is let go of; nothing may be left that is typed, referenced or in progress. */
static inline void pt_model_end(struct pt_model *m)
{
	fake_preempt_in = 0;
	for (unsigned int i = 0; i < PT_DOMAINS; i++) {
		struct pt_domain_model *o = &m->dom[i];

		CHECK(page_table_undo(&o->d) == OK);
		CHECK(vcpu_roots_hold(&o->d, &o->vcpu.roots) == OK);
		pt_root_drop(&o->d, &o->vcpu.roots.kernel);
		pt_root_drop(&o->d, &o->vcpu.roots.user);
		for (unsigned int f = 0; f < PT_FRAMES; f++) {
			struct page *p = pt_page(o, f);

			if (o->frame[f].released)
				continue;
			for (; o->frame[f].writers; o->frame[f].writers--)
				page_put_with_writable(p);
			if (o->frame[f].segment) {
				page_segment_put(p);
				page_put(p);
			}
			while (page_type_drop_all(p) == E_RESTART)
				;
		}
	}
	for (unsigned int i = 0; i < PT_DOMAINS; i++)
		for (unsigned int f = 0; f < PT_FRAMES; f++) {
			const struct page *p = pt_page(&m->dom[i], f);

			if (m->dom[i].frame[f].released)
				continue;
			CHECK((p->count & PAGE_COUNT_MASK) == 1);
			CHECK(!(p->type & (PAGE_TYPE_COUNT_MASK | PAGE_TYPE_PINNED | PAGE_TYPE_PARTIAL)));
		}
}

/* The entry point that the fuzzer shares. */
static inline int page_table_model_run(const uint8_t *bytes, size_t count)
{
	static struct pt_model m;

	pt_model_start(&m);
	m.bytes = bytes;
	m.left = count;
	while (m.left) {
		pt_step(&m);
		page_type_invariants_hold(&m);
	}
	pt_model_end(&m);
	return 0;
}
