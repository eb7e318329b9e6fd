/*
 * The frame allocator: a buddy system over all memory of the machine.
 *
 * A free block is 2^order frames that start at a multiple of 2^order. Blocks lie on lists, one per zone and order and
 * for "holds frames that are not scrubbed yet" or not. The zone of a block is the width in bits of its last frame's
 * number, so that "below 2^n" is exactly the zones up to n - 12. Allocation takes the highest zone that will do and
 * keeps low memory, which some devices need, for last.
 *
 * What is known about a free block stands in its first frame: in struct page the flag and the order, and in the memory
 * of the frame itself (struct free_block) the list link. Thus the price of a frame is its twelve bytes.
 *
 * That memory must be ours alone. A guest may have taken its mapping away and not flushed, and go on writing through
 * the TLB of another virtual CPU: over our links, or over what has just been scrubbed. So frames that come back wait,
 * chained through struct page with their contents left alone, until they are flushed for, many at once.
 *
 *   F1  A frame is free (owner DOMID_INVALID; waiting or in a block), given out (any other owner) or no memory.
 *   F2  A free block is as large as it can be: its buddy of the same order is not a free block.
 *   F3  A frame in a block without PAGE_COUNT_DIRTY holds zeroes, but for struct free_block at the start of the block.
 *       Within a block no frame before `first_dirty` is dirty.
 *   F4  No TLB holds a translation of a frame in a block, but the hypervisor's own. So scrubbing, which only happens to
 *       these, comes after the flush, and before the next owner.
 *   F5  The first of the waiting frames has the latest stamp: to flush for it is to flush for all.
 *   F6  claimed is the sum of what domains claimed. The hypervisor's own allocations leave it alone, too.
 *
 * One lock, with only the heap's above it: what is called with it held is the clock and the flush. Who takes a block scrubs it
 * without the lock, when it is on no list; an idle CPU scrubs frames of blocks on their lists with it.
 */
#include <hyp/domain.h>
#include <hyp/list.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define ORDERS (PAGE_ORDER_MAX + 1)
#define ZONES 33u /* frame numbers have up to 32 bits */

/* An idle CPU scrubs one frame at a time, and looks at so many for it: an interrupt that comes meanwhile, and whoever wants the
   lock, wait for that, less than a microsecond. */
#define SCRUB_LOOKS_MAX 64u

/* How many frames wait for a flush at most: that long an allocation may have to go on when it needs them. */
#define WAITING_MAX 256u

/* What domains that run may not take, so that the hypervisor can still do what they ask it for. Who builds one was told that
   it is free, and decides himself. */
#define RESERVE_SHIFT 7u
#define RESERVE_MAX UINT64_C(4096)

enum { CLEAN, DIRTY, KINDS };

struct free_block {
	struct list link;
	uint64_t first_dirty; /* index in the block; its size if it is clean */
};

static struct {
	struct spinlock lock;
	uint64_t free, total, claimed;
	uint32_t waiting; /* the first frame that waits for a flush, 0: none; `type` of each is the next */
	uint32_t waiting_count;
	uint64_t dirty; /* [a] frames with PAGE_COUNT_DIRTY */
	uint32_t orders[ZONES][KINDS]; /* bit n: the list of order n is not empty */
	struct list blocks[ZONES][KINDS][ORDERS];
} frames;

void frames_init(void)
{
	memset(&frames, 0, sizeof(frames));
	for (unsigned int zone = 0; zone < ZONES; zone++)
		for (unsigned int order = 0; order < ORDERS; order++) {
			list_init(&frames.blocks[zone][CLEAN][order]);
			list_init(&frames.blocks[zone][DIRTY][order]);
		}
}

static uint64_t block_size(unsigned int order) { return BIT(order); }

static unsigned int block_zone(uint64_t first, unsigned int order)
{
	/* Frame 0 is never free, so the last frame's number is not 0. */
	return 64 - (unsigned int)__builtin_clzll(first + block_size(order) - 1);
}

static struct free_block *block_at(uint64_t first) { return arch_frame_map(mfn(first)); }

static bool block_is_free(uint64_t first, unsigned int order)
{
	const struct page *p = &frame_table[first];

	return first + block_size(order) <= frame_count && (p->count & PAGE_COUNT_FREE_HEAD) && p->type == order;
}

/* Puts a block on its list. It has no free buddy, or is about to get one with the caller's next step. */
static void block_insert(uint64_t first, unsigned int order, uint64_t first_dirty)
{
	unsigned int kind = first_dirty < block_size(order) ? DIRTY : CLEAN;
	unsigned int zone = block_zone(first, order);
	struct page *p = &frame_table[first];
	struct free_block *block = block_at(first);

	p->count |= PAGE_COUNT_FREE_HEAD;
	p->type = order;
	block->first_dirty = first_dirty;
	list_push_front(&frames.blocks[zone][kind][order], &block->link);
	frames.orders[zone][kind] |= 1u << order;
}

/* Takes a block off its list and leaves no trace of it in its first frame (F3). Returns where it may be dirty. */
static uint64_t block_remove(uint64_t first, unsigned int order)
{
	struct free_block *block = block_at(first);
	uint64_t first_dirty = block->first_dirty;
	unsigned int kind = first_dirty < block_size(order) ? DIRTY : CLEAN;
	unsigned int zone = block_zone(first, order);
	struct page *p = &frame_table[first];

	list_remove(&block->link);
	if (list_is_empty(&frames.blocks[zone][kind][order]))
		frames.orders[zone][kind] &= ~(1u << order);
	memset(block, 0, sizeof(*block));
	p->count &= ~PAGE_COUNT_FREE_HEAD;
	p->type = 0;
	return first_dirty;
}

/* Gives a block back and merges it with its free buddies (F2). */
static void block_free(uint64_t first, unsigned int order, uint64_t first_dirty)
{
	while (order < PAGE_ORDER_MAX) {
		uint64_t size = block_size(order), buddy = first ^ size, low = MIN(first, buddy);
		uint64_t buddy_dirty, low_dirty, high_dirty;

		if (!block_is_free(buddy, order))
			break;
		buddy_dirty = block_remove(buddy, order);
		low_dirty = low == first ? first_dirty : buddy_dirty;
		high_dirty = low == first ? buddy_dirty : first_dirty;
		first_dirty = low_dirty < size ? low_dirty : size + high_dirty;
		first = low;
		order++;
	}
	block_insert(first, order, first_dirty);
}

/* Takes the free block that starts at `first` and cuts it down to that one of its parts of `order` that holds frame
   `wanted`; the other parts stay free. Returns the first frame; *first_dirty is of the part. */
static uint64_t block_cut(uint64_t first, unsigned int from, unsigned int order, uint64_t wanted, uint64_t *first_dirty)
{
	uint64_t dirty = block_remove(first, from);

	while (from > order) {
		uint64_t half = block_size(--from);
		uint64_t low_dirty = MIN(dirty, half);
		/* If the lower half has the first dirty frame, nothing is known about the upper half. */
		uint64_t high_dirty = dirty < half ? 0 : dirty - half;

		if (wanted < first + half) {
			block_insert(first + half, from, high_dirty);
			dirty = low_dirty;
		} else {
			block_insert(first, from, low_dirty);
			first += half;
			dirty = high_dirty;
		}
	}
	*first_dirty = dirty;
	return first;
}

/* The best block of at least `order` in the zones below `zones`; false if there is none. */
static bool block_find(unsigned int zones, unsigned int order, uint64_t *first, unsigned int *found)
{
	uint32_t fitting = ~((1u << order) - 1);

	for (unsigned int zone = zones; zone-- > 0;) {
		uint32_t clean = frames.orders[zone][CLEAN] & fitting, dirty = frames.orders[zone][DIRTY] & fitting;

		if (!(clean | dirty))
			continue;
		*found = (unsigned int)__builtin_ctz(clean | dirty);
		*first = arch_virt_to_mfn(list_first(&frames.blocks[zone][clean >> *found & 1 ? CLEAN : DIRTY][*found],
						     struct free_block, link))
				 .v;
		return true;
	}
	return false;
}

/* A block that is on no list has no dirty frame afterwards: they are scrubbed, or somebody takes them `as_found`. */
static void block_settle(struct page *first, uint64_t count, bool as_found)
{
	uint64_t settled = 0;

	for (uint64_t i = 0; i < count; i++) {
		if (!(first[i].count & PAGE_COUNT_DIRTY))
			continue;
		if (!as_found)
			memset(arch_frame_map(page_to_mfn(&first[i])), 0, PAGE_BYTES);
		first[i].count &= ~PAGE_COUNT_DIRTY;
		settled++;
	}
	__atomic_fetch_sub(&frames.dirty, settled, __ATOMIC_RELAXED);
}

static uint64_t reserve(void) { return MIN(frames.total >> RESERVE_SHIFT, RESERVE_MAX); }

/* May `d` (NULL: the hypervisor itself) take `count` of what is free? Claims of others are respected by both. */
static bool may_take(const struct domain *d, uint64_t count)
{
	uint64_t own = d ? d->pages_claimed : 0, kept = frames.claimed - own;

	/* What was claimed can be had, whatever has become of the rest. */
	if (d && read_once(d->control.has_run) && count > own)
		kept += reserve();
	return frames.free >= kept && frames.free - kept >= count;
}

static void claim_use(struct domain *d, uint64_t count)
{
	uint64_t used = MIN(d->pages_claimed, count);

	d->pages_claimed -= used;
	frames.claimed -= used;
}

/* Flushes for the frames that wait and puts them into blocks; false if there are none. */
static bool waiting_release(void)
{
	uint32_t next = frames.waiting;

	if (!next)
		return false;
	tlb_clock_flush_stale(&cpus_online, frame_table[next].stamp);
	while (next) {
		uint32_t first = next;

		next = frame_table[first].type;
		frame_table[first].type = 0;
		block_free(first, 0, 0);
	}
	frames.waiting = 0;
	frames.waiting_count = 0;
	return true;
}

static void waiting_add(struct page *p)
{
	/* The lock was taken after the last use of the frame, as the clock wants it. */
	p->stamp = tlb_clock_now();
	p->type = frames.waiting;
	frames.waiting = (uint32_t)page_to_mfn(p).v;
	if (++frames.waiting_count >= WAITING_MAX)
		(void)waiting_release();
}

static struct page *block_take(struct domain *d, unsigned int order, unsigned int zones)
{
	uint64_t first, first_dirty;
	unsigned int found;
	bool ok;

	spin_lock(&frames.lock);
	ok = may_take(d, block_size(order)) &&
	     (block_find(zones, order, &first, &found) ||
	      (waiting_release() && block_find(zones, order, &first, &found)));
	if (ok) {
		first = block_cut(first, found, order, first, &first_dirty);
		frames.free -= block_size(order);
		if (d)
			claim_use(d, block_size(order));
	}
	spin_unlock(&frames.lock);
	return ok ? &frame_table[first] : NULL;
}

static struct page *take(struct domain *d, unsigned int order, unsigned int address_bits, bool as_found)
{
	unsigned int zones = ZONES;
	struct page *p;

	if (order > PAGE_ORDER_MAX)
		return NULL;
	if (address_bits)
		zones = address_bits < PAGE_SHIFT ? 0 : MIN(address_bits - PAGE_SHIFT + 1, ZONES);
	p = block_take(d, order, zones);
	if (!p)
		return NULL;

	block_settle(p, block_size(order), as_found);
	for (uint64_t i = 0; i < block_size(order); i++)
		p[i].owner = DOMID_XEN;
	return p;
}

struct page *frames_alloc(unsigned int order, unsigned int address_bits) { return take(NULL, order, address_bits, false); }

struct page *frames_alloc_for(struct domain *d, unsigned int order, unsigned int address_bits)
{
	return take(d, order, address_bits, false);
}

struct page *frames_alloc_as_found(struct domain *d, unsigned int order) { return take(d, order, 0, true); }

/* Frames that are on no list become free ones in the eyes of all, but are not yet in a block. */
static void frames_mark_free(struct page *first, uint64_t count, bool dirty)
{
	for (uint64_t i = 0; i < count; i++) {
		first[i].owner = DOMID_INVALID;
		first[i].type = 0;
		first[i].count = dirty ? PAGE_COUNT_DIRTY : 0;
	}
	if (dirty)
		__atomic_fetch_add(&frames.dirty, count, __ATOMIC_RELAXED);
}

void frames_free(struct page *first, unsigned int order, bool dirty)
{
	uint64_t count = block_size(order);

	for (uint64_t i = 0; i < count; i++)
		CHECK(first[i].owner == DOMID_XEN && !first[i].count);
	frames_mark_free(first, count, dirty);
	spin_lock(&frames.lock);
	frames.free += count;
	if (dirty && order == 0) {
		waiting_add(first);
	} else {
		if (dirty) /* seldom enough to flush at once */
			tlb_clock_flush_stale(&cpus_online, tlb_clock_now());
		block_free(page_to_mfn(first).v, order, dirty ? 0 : count);
	}
	spin_unlock(&frames.lock);
}

void frames_add(mfn_t start, mfn_t end)
{
	uint64_t at = MAX(start.v, 1);

	CHECK(end.v <= frame_count && end.v <= UINT32_MAX);
	while (at < end.v) {
		unsigned int order = MIN((unsigned int)__builtin_ctzll(at), PAGE_ORDER_MAX);

		while (at + block_size(order) > end.v)
			order--;
		frames_mark_free(&frame_table[at], block_size(order), true);
		spin_lock(&frames.lock);
		block_free(at, order, 0);
		frames.free += block_size(order);
		frames.total += block_size(order);
		spin_unlock(&frames.lock);
		at += block_size(order);
	}
}

static bool dirty_block_find(uint64_t *first, unsigned int *order)
{
	for (unsigned int zone = ZONES; zone-- > 0;) {
		if (!frames.orders[zone][DIRTY])
			continue;
		*order = (unsigned int)__builtin_ctz(frames.orders[zone][DIRTY]);
		*first = arch_virt_to_mfn(list_first(&frames.blocks[zone][DIRTY][*order], struct free_block, link)).v;
		return true;
	}
	return false;
}

/* One frame of a block on its list: all but what the block keeps in its first frame. */
static void frame_scrub(uint64_t first, uint64_t index)
{
	size_t kept = index ? 0 : sizeof(struct free_block);

	memset((uint8_t *)arch_frame_map(mfn(first + index)) + kept, 0, PAGE_BYTES - kept);
	frame_table[first + index].count &= ~PAGE_COUNT_DIRTY;
	__atomic_fetch_sub(&frames.dirty, 1, __ATOMIC_RELAXED);
}

/* Scrubs the next dirty frame of a block where it lies, if there is one near. */
static void block_scrub_some(uint64_t first, unsigned int order)
{
	uint64_t size = block_size(order), at = block_at(first)->first_dirty, end = MIN(at + SCRUB_LOOKS_MAX, size);

	while (at < end && !(frame_table[first + at].count & PAGE_COUNT_DIRTY))
		at++;
	if (at < end)
		frame_scrub(first, at++);
	if (at < size) {
		block_at(first)->first_dirty = at;
		return;
	}
	(void)block_remove(first, order);
	block_insert(first, order, size);
}

bool frames_scrub_some(void)
{
	unsigned int order;
	uint64_t first;
	bool found;

	/* An idle CPU that finds nothing to do does not touch the lock, nor makes those wait who have something to do. What
	   waits for a flush goes on waiting: to interrupt the others for it is dearer than to scrub it later. */
	if (__atomic_load_n(&frames.dirty, __ATOMIC_RELAXED) <= read_once(frames.waiting_count))
		return false;
	if (!spin_trylock(&frames.lock))
		return true;
	found = dirty_block_find(&first, &order);
	if (found)
		block_scrub_some(first, order);
	spin_unlock(&frames.lock);
	return found;
}

/* Each of these is one word, read as of now. */
uint64_t frames_free_count(void) { return read_once(frames.free); }
uint64_t frames_total_count(void) { return read_once(frames.total); }
uint64_t frames_dirty_count(void) { return read_once(frames.dirty); }
uint64_t frames_claimed_count(void) { return read_once(frames.claimed); }

uint64_t frames_available_count(void)
{
	uint64_t available, kept;

	spin_lock(&frames.lock);
	kept = frames.claimed + reserve();
	available = frames.free > kept ? frames.free - kept : 0;
	spin_unlock(&frames.lock);
	return available;
}

static enum status claim_check(const struct domain *d, uint64_t pages, uint64_t *claim)
{
	uint64_t owned = __atomic_load_n(&d->pages, __ATOMIC_RELAXED);

	/* Has it one already, or nothing left to claim? */
	if (d->pages_claimed || pages <= owned || pages > d->pages_max)
		return E_INVAL;
	*claim = pages - owned;
	/* Is that much there? */
	return may_take(d, *claim) ? OK : E_NOMEM;
}

enum status frames_claim(struct domain *d, uint64_t pages)
{
	enum status status = OK;
	uint64_t claim = 0;

	spin_lock(&frames.lock);
	if (pages)
		status = claim_check(d, pages, &claim);
	else
		claim_use(d, d->pages_claimed);
	if (!status) {
		d->pages_claimed += claim;
		frames.claimed += claim;
	}
	spin_unlock(&frames.lock);
	return status;
}
