/*
 * The memory of a domain: which frames it owns, how many, and how it gets and loses them.
 *
 * There is no list of a domain's frames; struct page has no room for a link. Each domain remembers instead which parts
 * of the machine of 2 MiB may hold frames of it, a bit each, in leaves of 4 KiB that cover 64 GiB and come when they
 * are needed: a small guest on a machine of 8 TiB costs 1 KiB and a leaf or two. Bits are set and never cleared; who
 * walks looks at the owner of each frame of a marked part.
 *
 *   D1  Each frame with owner d and without PAGE_COUNT_SHARED lies in a part that d has marked.
 *   D2  d->pages is the number of frames with owner d and without PAGE_COUNT_SHARED, plus those that are just being
 *       allocated for it. It includes frames of a dead domain that others still refer to.
 *   D3  While d->pages is not 0, that holds one reference to d. So the id in a frame's owner field is not used for
 *       another domain before the frame has changed hands.
 *   D4  A domain that is not alive gets no frames: frames become d's with d->lock held, which the one who lets it die
 *       takes, too. So what release_all has walked over stays without frames of d.
 *   D5  What release_all has walked over has lost its pin and the owner's reference, also where a guest has taken all references
 *       that are given out (R2). Frames that stay d's are held by others, or by tables that the walk comes to.
 *
 * Lock order: d->lock, then those of the allocator and the heap. References are dropped with any locks held.
 */
#include <hyp/domain.h>
#include <hyp/heap.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/page_table.h>

#include "frames_owned.h"
#include "page_ref.h"

#define LEAF_REGIONS (PAGE_BYTES * 8)

struct domain_regions {
	uint64_t leaf_count;
	uint64_t *leaf[]; /* NULL: nothing there */
};

/* By id, the last domain that owned a frame. What an entry of a domain without frames points at is never looked at. */
static struct domain *owner_by_id[DOMAINS_MAX]; /* [a] */

void domain_frames_set_owner(struct domain *d)
{
	if (__atomic_load_n(&owner_by_id[d->id], __ATOMIC_RELAXED) != d)
		__atomic_store_n(&owner_by_id[d->id], d, __ATOMIC_RELEASE);
}

struct domain *domain_frames_owner(domid_t id)
{
	CHECK(id < DOMAINS_MAX);
	return __atomic_load_n(&owner_by_id[id], __ATOMIC_ACQUIRE);
}

/* Counts first, so that two that allocate at once cannot both pass the limit (D2, D3). */
static enum status pages_add(struct domain *d, uint64_t count, uint64_t max)
{
	uint64_t pages = __atomic_load_n(&d->pages, __ATOMIC_RELAXED);

	do {
		if (pages > max || max - pages < count)
			return E_NOSPC;
	} while (!__atomic_compare_exchange_n(&d->pages, &pages, pages + count, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	/* The caller has a reference: a put by a CPU that takes the count back to 0 meanwhile cannot be the last. */
	if (!pages)
		domain_get(d);
	return OK;
}

static void pages_sub(struct domain *d, uint64_t count)
{
	uint64_t pages = __atomic_fetch_sub(&d->pages, count, __ATOMIC_SEQ_CST);

	CHECK(pages >= count);
	if (pages == count)
		domain_put(d);
}

void domain_frames_forget(const struct page *p) { pages_sub(domain_frames_owner(p->owner), 1); }

static size_t regions_bytes(uint64_t leaf_count)
{
	return sizeof(struct domain_regions) + leaf_count * sizeof(uint64_t *);
}

/* Makes room for the marks of up to 1 GiB from `first` on: a block lies in one leaf. d->lock is held. */
static enum status regions_prepare(struct domain *d, uint64_t first)
{
	uint64_t leaf_count = DIV_UP(frame_count, DOMAIN_REGION_FRAMES * LEAF_REGIONS);
	uint64_t **leaf;

	if (!d->regions) {
		d->regions = heap_alloc(regions_bytes(leaf_count));
		if (!d->regions)
			return E_NOMEM;
		d->regions->leaf_count = leaf_count;
	}
	leaf = &d->regions->leaf[first / DOMAIN_REGION_FRAMES / LEAF_REGIONS];
	if (!*leaf)
		*leaf = heap_alloc(PAGE_BYTES);
	return *leaf ? OK : E_NOMEM;
}
static_assert(BIT(PAGE_ORDER_MAX) <= DOMAIN_REGION_FRAMES * LEAF_REGIONS);

static void regions_mark(struct domain_regions *regions, uint64_t first, uint64_t count)
{
	for (uint64_t region = first / DOMAIN_REGION_FRAMES; region * DOMAIN_REGION_FRAMES < first + count; region++)
		bit_set(regions->leaf[region / LEAF_REGIONS], (unsigned int)(region % LEAF_REGIONS));
}

static void regions_free(struct domain *d)
{
	if (!d->regions)
		return;
	for (uint64_t i = 0; i < d->regions->leaf_count; i++)
		heap_free(d->regions->leaf[i], PAGE_BYTES);
	heap_free(d->regions, regions_bytes(d->regions->leaf_count));
	d->regions = NULL;
}

uint64_t domain_frames_next_region(const struct domain *d, uint64_t from)
{
	const struct domain_regions *regions = d->regions;
	uint64_t region = DIV_UP(from, DOMAIN_REGION_FRAMES);

	for (uint64_t i = region / LEAF_REGIONS; regions && i < regions->leaf_count; i++) {
		unsigned int start = i == region / LEAF_REGIONS ? (unsigned int)(region % LEAF_REGIONS) : 0;
		const uint64_t *leaf = regions->leaf[i];
		unsigned int found = leaf ? bit_find_set(leaf, LEAF_REGIONS, start) : LEAF_REGIONS;

		if (found < LEAF_REGIONS)
			return (i * LEAF_REGIONS + found) * DOMAIN_REGION_FRAMES;
	}
	return UINT64_MAX;
}

/* The frames become d's, and others can refer to them. d->lock is held. */
static enum status frames_give(struct domain *d, struct page *first, uint64_t count)
{
	enum status status;

	if (d->state != DOMAIN_ALIVE)
		return E_SRCH;
	status = regions_prepare(d, page_to_mfn(first).v);
	if (status)
		return status;
	regions_mark(d->regions, page_to_mfn(first).v, count);
	for (uint64_t i = 0; i < count; i++) {
		first[i].owner = d->id;
		__atomic_store_n(&first[i].count, 1 | PAGE_COUNT_ALLOCATED, __ATOMIC_RELEASE);
	}
	return OK;
}

/* Frees the frames if it fails, `dirty` ones as such. */
static enum status frames_give_or_free(struct domain *d, struct page *first, unsigned int order, bool dirty)
{
	enum status status;

	domain_frames_set_owner(d);
	spin_lock(&d->lock);
	status = frames_give(d, first, BIT(order));
	spin_unlock(&d->lock);
	if (status) {
		frames_free(first, order, dirty);
		pages_sub(d, BIT(order));
	}
	return status;
}

static enum status frames_alloc_counted(struct domain *d, unsigned int order, unsigned int address_bits, bool as_found,
					mfn_t *first)
{
	enum status status;
	struct page *p;

	if (order > PAGE_ORDER_MAX)
		return E_NOMEM;
	status = pages_add(d, BIT(order), read_once(d->pages_max));
	if (status)
		return status;
	p = as_found ? frames_alloc_as_found(d, order) : frames_alloc_for(d, order, address_bits);
	if (!p) {
		pages_sub(d, BIT(order));
		return E_NOMEM;
	}
	status = frames_give_or_free(d, p, order, as_found);
	if (!status)
		*first = page_to_mfn(p);
	return status;
}

enum status domain_frames_alloc(struct domain *d, unsigned int order, unsigned int address_bits, mfn_t *first)
{
	return frames_alloc_counted(d, order, address_bits, false, first);
}

enum status domain_frames_alloc_as_found(struct domain *d, unsigned int order, mfn_t *first)
{
	return frames_alloc_counted(d, order, 0, true, first);
}

enum status domain_frames_give(struct domain *d, struct page *first, unsigned int order)
{
	enum status status = pages_add(d, BIT(order), UINT64_MAX);

	if (status) {
		frames_free(first, order, false);
		return status;
	}
	return frames_give_or_free(d, first, order, false);
}

enum status domain_frame_take(struct domain *d, mfn_t m)
{
	uint32_t only_owner_and_us = PAGE_COUNT_ALLOCATED | 2;
	struct page *p;
	enum status status;

	if (!mfn_has_page(m))
		return E_INVAL;
	p = mfn_to_page(m);
	/* With a reference of our own the frame stays d's while we look. */
	status = page_get(p, d);
	if (status)
		return status;

	/* Both are implied by a count of 2 (T2, T4); a type that appears now needs a reference: the swap fails. */
	if (!(read_once(p->type) & (PAGE_TYPE_COUNT_MASK | PAGE_TYPE_PINNED | PAGE_TYPE_PARTIAL)) &&
	    __atomic_compare_exchange_n(&p->count, &only_owner_and_us, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return OK;
	page_put(p);
	return E_BUSY;
}

void domain_frame_untake(mfn_t m)
{
	__atomic_store_n(&mfn_to_page(m)->count, 1 | PAGE_COUNT_ALLOCATED, __ATOMIC_RELEASE);
}

void domain_frame_drop(mfn_t m) { page_free(mfn_to_page(m), 0); }

enum status domain_frame_release(struct domain *d, mfn_t m)
{
	enum status status = domain_frame_take(d, m);

	if (!status)
		domain_frame_drop(m);
	return status;
}

/* Takes one frame away from the dying d, if it is d's memory at all. */
static enum status frame_release_forced(struct domain *d, struct page *p)
{
	enum status status;
	uint32_t count;

	status = page_ref_get_spare(p, d->id);
	if (status) {
		CHECK(status != E_BUSY); /* D5 */
		return OK;
	}
	if (read_once(p->count) & PAGE_COUNT_SHARED) {
		page_put(p);
		return OK;
	}
	status = page_type_drop_all(p);
	if (!status) {
		count = __atomic_fetch_and(&p->count, ~PAGE_COUNT_ALLOCATED, __ATOMIC_SEQ_CST);
		if (count & PAGE_COUNT_ALLOCATED)
			page_put(p);
	}
	page_put(p);
	return status;
}

/* How many frames are looked at before the clock is: most are not d's, or go at once. A table of level 1 may hold 512. */
#define STEP_FRAMES UINT64_C(64)

static enum status region_release(struct domain *d, uint64_t end)
{
	enum status status;

	while (d->release_cursor < end) {
		struct page *p = mfn_to_page(mfn(d->release_cursor));
		bool was_table = page_type_level(read_once(p->type));

		status = frame_release_forced(d, p);
		if (status)
			return status;
		d->release_cursor++;
		if ((was_table || d->release_cursor % STEP_FRAMES == 0) && arch_preempt_due())
			return E_RESTART;
	}
	return OK;
}

static void leftovers_free(struct domain *d)
{
	regions_free(d);
	heap_free_array(d->memory_map, d->memory_map_count);
	d->memory_map = NULL;
	d->memory_map_count = 0;
}

enum status domain_frames_release_all(struct domain *d)
{
	enum status status;
	uint64_t first;

	CHECK(d->state != DOMAIN_ALIVE);
	spin_lock(&d->lock);
	status = frames_claim(d, 0);
	spin_unlock(&d->lock);

	while (!status) {
		first = domain_frames_next_region(d, ROUND_DOWN(d->release_cursor, DOMAIN_REGION_FRAMES));
		if (first == UINT64_MAX)
			break;
		d->release_cursor = MAX(d->release_cursor, first);
		status = region_release(d, MIN(first + DOMAIN_REGION_FRAMES, frame_count));
		/* The last part of the machine may be cut short; count it as whole. */
		if (!status)
			d->release_cursor = first + DOMAIN_REGION_FRAMES;
	}
	if (status)
		return status;
	spin_lock(&d->lock);
	leftovers_free(d);
	spin_unlock(&d->lock);
	return OK;
}
