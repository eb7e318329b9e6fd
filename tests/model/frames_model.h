#pragma once
/*
 * Frames against a reference that remembers everything: for each frame whose it is and how often it is referred to, and
 * which CPU loaded a translation of it that it has not flushed since.
 *
 * Bytes become operations of the hypervisor and of three domains on a small machine. After each of them every frame is
 * accounted for exactly once, blocks are as large as can be, counts are the sums they say they are, what is given out
 * holds zeroes and is in no TLB, and what is refused had to be refused. Guests write through stale translations
 * whenever they can.
 */
#include <stdio.h>
#include <stdlib.h>

#include <hyp/domain.h>
#include <hyp/fake.h>
#include <hyp/fake_memory.h>
#include <hyp/heap.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define MODEL_DOMAINS 3u
#define MODEL_CPUS 4u
#define MODEL_RANGE 64u /* frames of each of the three ranges */
#define MODEL_FRAMES (3u * MODEL_RANGE)

#define model_expect(cond)                                                                                             \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "model: %s, line %d, step %u\n", #cond, __LINE__, model.step);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

enum model_state { MODEL_FREE, MODEL_HYPERVISOR, MODEL_OWNED, MODEL_INTERNAL };

struct model_frame {
	enum model_state state;
	unsigned int owner;	 /* index of the domain */
	unsigned int references; /* held by the model, besides the owner's */
	bool allocated;		 /* the owner's reference is there */
	bool loaded[MODEL_CPUS]; /* in this CPU's TLB */
};

static struct {
	const uint8_t *bytes;
	size_t left;
	unsigned int step;
	struct model_frame frame[MODEL_FRAMES];
	struct domain domain[MODEL_DOMAINS];
} model;

static unsigned int model_byte(void)
{
	if (!model.left)
		return 0;
	model.left--;
	return *model.bytes++;
}

static mfn_t model_mfn(unsigned int i)
{
	static const uint64_t start[] = {FAKE_LOW_START, FAKE_MAIN_START, FAKE_HIGH_START};

	return mfn(start[i / MODEL_RANGE] + i % MODEL_RANGE);
}

static struct page *model_page(unsigned int i) { return mfn_to_page(model_mfn(i)); }

static unsigned int model_index(mfn_t m)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i += MODEL_RANGE)
		if (m.v >= model_mfn(i).v && m.v < model_mfn(i).v + MODEL_RANGE)
			return i + (unsigned int)(m.v - model_mfn(i).v);
	abort();
}

static uint64_t model_count(enum model_state state)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		count += model.frame[i].state == state;
	return count;
}

/* The TLBs of reference follow those of the fake machine, which the code under test flushes. */
static void model_tlbs_follow(void)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		for (unsigned int cpu = 0; cpu < MODEL_CPUS; cpu++)
			if (model.frame[i].loaded[cpu] && !fake_tlb_has(cpu, model_mfn(i)))
				model.frame[i].loaded[cpu] = false;
}

static bool model_is_loaded(unsigned int i)
{
	for (unsigned int cpu = 0; cpu < MODEL_CPUS; cpu++)
		if (model.frame[i].loaded[cpu])
			return true;
	return false;
}

static bool model_is_zero(unsigned int i, size_t from)
{
	static const uint8_t zeroes[PAGE_BYTES];

	return !memcmp((uint8_t *)arch_frame_map(model_mfn(i)) + from, zeroes, PAGE_BYTES - from);
}

/* Guests scribble over all that they own or still have a translation of. */
static void model_scribble(void)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		if (model.frame[i].state == MODEL_OWNED || model_is_loaded(i))
			memset(arch_frame_map(model_mfn(i)), 0xbb, 64);
}

/* The code under test has given out these frames. */
static void model_given(mfn_t first, unsigned int order, enum model_state state, unsigned int owner, bool as_found)
{
	model_tlbs_follow();
	model_expect(!(first.v & (BIT(order) - 1)));
	for (uint64_t j = 0; j < BIT(order); j++) {
		unsigned int i = model_index(mfn(first.v + j));

		model_expect(model.frame[i].state == MODEL_FREE);
		model_expect(!model_is_loaded(i));
		model_expect(as_found || model_is_zero(i, 0));
		model.frame[i] = (struct model_frame){.state = state, .owner = owner,
						      .allocated = state == MODEL_OWNED};
	}
}

/* Is there an aligned free block below 2^bits? */
static bool model_has_block(unsigned int order, unsigned int bits)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
		mfn_t m = model_mfn(i);
		uint64_t run = 0;

		if (m.v & (BIT(order) - 1) || i % MODEL_RANGE + BIT(order) > MODEL_RANGE)
			continue;
		if (bits && (bits < PAGE_SHIFT || (m.v + BIT(order) - 1) >> (bits - PAGE_SHIFT)))
			continue;
		while (run < BIT(order) && model.frame[i + run].state == MODEL_FREE)
			run++;
		if (run == BIT(order))
			return true;
	}
	return false;
}

static unsigned int model_bits(unsigned int choice)
{
	static const unsigned int bits[] = {0, 0, 0, 17, 20, 21, 32, 33};

	return bits[choice % ARRAY_COUNT(bits)];
}

static void model_alloc(void)
{
	unsigned int order = model_byte() % 5, bits = model_bits(model_byte());
	bool possible = model_has_block(order, bits) && frames_free_count() - frames_claimed_count() >= BIT(order);
	struct page *p = frames_alloc(order, bits);

	model_expect(!!p == possible);
	if (p) {
		model_given(page_to_mfn(p), order, MODEL_HYPERVISOR, 0, false);
		model_expect(!bits || (page_to_mfn(p).v + BIT(order) - 1) >> (bits - PAGE_SHIFT) == 0);
	}
}

static void model_free(void)
{
	unsigned int i = model_byte() % MODEL_FRAMES;
	bool dirty = model_byte() & 1;

	if (model.frame[i].state != MODEL_HYPERVISOR)
		return;
	if (dirty)
		memset(arch_frame_map(model_mfn(i)), 0xaa, 100);
	frames_free(model_page(i), 0, dirty);
	model.frame[i].state = MODEL_FREE;
}

/* Who is being built may have it all. */
static uint64_t model_reserve(const struct domain *d) { return d->control.has_run ? frames_total_count() / 128 : 0; }

static void model_domain_alloc(void)
{
	unsigned int owner = model_byte() % MODEL_DOMAINS, order = model_byte() % 4, bits = model_bits(model_byte());
	struct domain *d = &model.domain[owner];
	uint64_t pages = d->pages, kept = frames_claimed_count() + model_reserve(d);
	bool within_limit = pages + BIT(order) <= d->pages_max;
	/* Marks need up to two frames more, which are the hypervisor's and leave d's own claim alone, too. */
	bool certain = model_has_block(order, bits) && frames_free_count() >= kept + BIT(order) + 2;
	bool as_found = !bits && model_byte() & 1;
	mfn_t first;
	enum status status = as_found ? domain_frames_alloc_as_found(d, order, &first) :
					domain_frames_alloc(d, order, bits, &first);

	if (status == OK) {
		model_expect(within_limit);
		model_given(first, order, MODEL_OWNED, owner, as_found);
	} else {
		model_expect(status == (within_limit ? E_NOMEM : E_NOSPC));
		model_expect(!within_limit || !certain);
		model_expect(d->pages == pages);
	}
}

/* The last reference to i has gone. */
static void model_gone(unsigned int i)
{
	if (model.frame[i].references || model.frame[i].allocated)
		return;
	model.frame[i].state = MODEL_FREE;
}

static void model_get(void)
{
	unsigned int who = model_byte() % MODEL_DOMAINS, i = model_byte() % MODEL_FRAMES;
	struct model_frame *f = &model.frame[i];
	enum status status = page_get(model_page(i), &model.domain[who]);

	model_expect((status == OK) == (f->state == MODEL_OWNED && f->owner == who));
	if (status == OK)
		f->references++;
}

static void model_put(void)
{
	unsigned int i = model_byte() % MODEL_FRAMES;
	struct model_frame *f = &model.frame[i];

	if (f->state != MODEL_OWNED || !f->references)
		return;
	page_put(model_page(i));
	f->references--;
	model_gone(i);
}

static void model_release(void)
{
	unsigned int who = model_byte() % MODEL_DOMAINS, i = model_byte() % MODEL_FRAMES;
	struct model_frame *f = &model.frame[i];
	enum status status = domain_frame_release(&model.domain[who], model_mfn(i));

	if (f->state != MODEL_OWNED || f->owner != who) {
		model_expect(status == E_INVAL);
		return;
	}
	model_expect(status == (f->references || !f->allocated ? E_BUSY : OK));
	if (status == OK) {
		f->allocated = false;
		model_gone(i);
	}
}

/* A guest whose page tables have the frame uses it. */
static void model_load(void)
{
	unsigned int i = model_byte() % MODEL_FRAMES, cpu = model_byte() % MODEL_CPUS;

	if (model.frame[i].state != MODEL_OWNED)
		return;
	fake_tlb_load(cpu, model_mfn(i));
	model.frame[i].loaded[cpu] = true;
}

static void model_flush(void) { fake_tlb_flush_own(model_byte() % MODEL_CPUS); }

static void model_scrub(void)
{
	/* What waits for a flush is left alone. */
	if (!frames_scrub_some())
		model_expect(frames_dirty_count() <= 256);
}

static void model_claim(void)
{
	struct domain *d = &model.domain[model_byte() % MODEL_DOMAINS];
	uint64_t pages = model_byte() % 80, kept = frames_claimed_count() + model_reserve(d), had = d->pages_claimed;
	uint64_t available = frames_free_count() > kept ? frames_free_count() - kept : 0;
	enum status status = frames_claim(d, pages);

	if (!pages)
		model_expect(status == OK && !d->pages_claimed);
	else if (had || pages <= d->pages || pages > d->pages_max)
		model_expect(status == E_INVAL && d->pages_claimed == had);
	else
		model_expect(status == (pages - d->pages <= available ? OK : E_NOMEM));
}

/* All memory of a domain goes, step by step, but for what others refer to; then a new domain of that id lives. It keeps
   the account of what the old one left, which on the machine keeps the id from being used again. */
static void model_kill(void)
{
	unsigned int who = model_byte() % MODEL_DOMAINS;
	struct domain *d = &model.domain[who];
	enum status status;

	d->state = DOMAIN_DYING;
	do {
		fake_preempt_in = 1 + model_byte() % 3;
		status = domain_frames_release_all(d);
		model_expect(status == OK || status == E_RESTART);
	} while (status);
	fake_preempt_in = 0;
	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		if (model.frame[i].state == MODEL_OWNED && model.frame[i].owner == who) {
			model.frame[i].allocated = false;
			model_gone(i);
		}
	model_expect(!d->pages_claimed);
	d->state = DOMAIN_ALIVE;
	d->release_cursor = 0;
}

static void model_give(void)
{
	unsigned int who = model_byte() % MODEL_DOMAINS, order = model_byte() % 3;
	struct page *p = frames_alloc(order, 0);
	mfn_t first;

	if (!p)
		return;
	first = page_to_mfn(p);
	if (domain_frames_give(&model.domain[who], p, order) == OK)
		model_given(first, order, MODEL_OWNED, who, false);
}

/* The heap takes and gives back frames under the allocator's users' feet: what no one else accounts for is its. */
static void model_heap_follow(void)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
		struct model_frame *f = &model.frame[i];
		bool is_internal = model_page(i)->owner == DOMID_XEN && f->state != MODEL_HYPERVISOR;

		if (is_internal && f->state == MODEL_FREE) {
			model_expect(!model_is_loaded(i));
			f->state = MODEL_INTERNAL;
		} else if (!is_internal && f->state == MODEL_INTERNAL) {
			f->state = MODEL_FREE;
		}
	}
}

static void model_check_frame(unsigned int i)
{
	const struct model_frame *f = &model.frame[i];
	const struct page *p = model_page(i);

	switch (f->state) {
	case MODEL_FREE:
		model_expect(p->owner == DOMID_INVALID && !(p->count & PAGE_COUNT_MASK));
		if (!(p->count & PAGE_COUNT_DIRTY))
			model_expect(model_is_zero(i, p->count & PAGE_COUNT_FREE_HEAD ? 32 : 0));
		break;
	case MODEL_HYPERVISOR:
	case MODEL_INTERNAL:
		model_expect(p->owner == DOMID_XEN && !p->count);
		break;
	case MODEL_OWNED:
		model_expect(p->owner == model.domain[f->owner].id);
		model_expect(p->count == (f->references + f->allocated) + (f->allocated ? PAGE_COUNT_ALLOCATED : 0));
		break;
	}
}

/* Blocks hold free frames only, none twice, none in a TLB, and no two of them should be one. */
static void model_check_blocks(void)
{
	bool seen[MODEL_FRAMES] = {false};

	for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
		const struct page *p = model_page(i);
		uint64_t size = BIT(p->type & 31), buddy = model_mfn(i).v ^ size;

		if (!(p->count & PAGE_COUNT_FREE_HEAD))
			continue;
		model_expect(p->type <= PAGE_ORDER_MAX && i % MODEL_RANGE + size <= MODEL_RANGE);
		model_expect(!(frame_table[buddy].count & PAGE_COUNT_FREE_HEAD) || frame_table[buddy].type != p->type);
		for (uint64_t j = i; j < i + size; j++) {
			model_expect(model.frame[j].state == MODEL_FREE && !seen[j] && !model_is_loaded((unsigned int)j));
			seen[j] = true;
		}
	}
}

static void model_check(void)
{
	uint64_t dirty = 0, pages[MODEL_DOMAINS] = {0}, claimed = 0;

	for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
		model_check_frame(i);
		dirty += !!(model_page(i)->count & PAGE_COUNT_DIRTY);
		if (model.frame[i].state == MODEL_OWNED)
			pages[model.frame[i].owner]++;
	}
	model_check_blocks();
	model_expect(frames_free_count() == model_count(MODEL_FREE));
	model_expect(frames_dirty_count() == dirty);
	for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
		model_expect(model.domain[i].pages == pages[i]);
		model_expect(model.domain[i].references == 1 + (pages[i] > 0));
		claimed += model.domain[i].pages_claimed;
	}
	model_expect(frames_claimed_count() == claimed && claimed <= frames_free_count());
}

static void model_init(const uint8_t *bytes, size_t count)
{
	memset(&model, 0, sizeof(model));
	model.bytes = bytes;
	model.left = count;
	fake_cpus_reset(MODEL_CPUS);
	fake_memory_init_empty(MODEL_RANGE);
	for (unsigned int i = 0; i < MODEL_FRAMES; i += MODEL_RANGE)
		frames_add(model_mfn(i), mfn(model_mfn(i).v + MODEL_RANGE));
	for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
		model.domain[i].id = (domid_t)(i * 100);
		model.domain[i].references = 1;
		model.domain[i].pages_max = 60;
		model.domain[i].control.has_run = i > 0;
	}
}

static void model_fini(void)
{
	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		while (model.frame[i].state == MODEL_OWNED && model.frame[i].references--)
			page_put(model_page(i));
	for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
		model.domain[i].state = DOMAIN_DYING;
		model_expect(domain_frames_release_all(&model.domain[i]) == OK);
		model_expect(!model.domain[i].pages && model.domain[i].references == 1);
	}
	for (unsigned int i = 0; i < MODEL_FRAMES; i++)
		if (model.frame[i].state == MODEL_HYPERVISOR)
			frames_free(model_page(i), 0, true);
	model_expect(frames_free_count() == MODEL_FRAMES);
}

/* Returns 0; aborts if something does not hold. */
static int frames_model_run(const uint8_t *bytes, size_t count)
{
	static void (*const operations[])(void) = {
		model_alloc, model_free, model_domain_alloc, model_get, model_put, model_release, model_load, model_flush,
		model_scrub, model_claim, model_kill, model_give, model_domain_alloc, model_release, model_load, model_free,
	};

	model_init(bytes, count);
	while (model.left) {
		model.step++;
		model_scribble();
		operations[model_byte() % ARRAY_COUNT(operations)]();
		model_tlbs_follow();
		model_heap_follow();
		model_check();
	}
	model_fini();
	return 0;
}
