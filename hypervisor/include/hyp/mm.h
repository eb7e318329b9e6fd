#pragma once
/*
 * Frames: who owns each 4 KiB of memory, who refers to it, and as what.
 *
 * Twelve bytes a frame (struct page). `count` holds the general references; a frame with count 0 is free or not
 * memory. `type` holds what the frame is used as by its guest and how many uses there are:
 *
 *   T1  A frame has one type at a time; the type changes only while the type count is 0 and the frame is not partial.
 *   T2  A type reference is held together with a general reference to the same frame.
 *   T3  A page-table type with count > 0 is validated: each of its entries holds the references that it needs.
 *   T4  A partial frame is a page table with count 0 whose entries [0, progress) hold references; the state itself
 *       holds one general reference. It is the only trace of interrupted work; anybody may finish or undo it.
 *   T5  Between two types, every TLB that could still use the frame in its old type has been flushed.
 *
 * Locks: page tables change under the owner's mm_lock; count and type are atomic words, so that others (grants,
 * foreign maps) may take writable and general references without it.
 */
#include <hyp/abi.h>
#include <hyp/cpu.h>
#include <hyp/lock.h>
#include <hyp/types.h>

struct domain;

struct page {
	uint32_t count; /* [a] PAGE_COUNT_* */
	uint32_t type;	/* [a] PAGE_TYPE_* */
	uint16_t owner; /* domid; changes only while count is 0 or by the allocator's caller */
	union {
		uint16_t stamp;	   /* [a] TLB clock after the type count last fell to 0 */
		uint16_t progress; /* [m] of a partial page table: entries that hold references */
	};
};

#define PAGE_COUNT_MASK 0x0fffffffu
#define PAGE_COUNT_MAX (PAGE_COUNT_MASK - 15) /* what page_get gives out; see R2 of core/mm/page_ref.c */
#define PAGE_COUNT_ALLOCATED 0x10000000u /* the owner's own reference is still there */
#define PAGE_COUNT_SHARED 0x20000000u	 /* the hypervisor's own frame, shared with `owner`; not of its reservation */
#define PAGE_COUNT_DIRTY 0x40000000u	 /* free and not yet scrubbed */
#define PAGE_COUNT_FREE_HEAD 0x80000000u /* first frame of a free block; `type` is its order */

#define PAGE_TYPE_COUNT_MASK 0x00ffffffu
#define PAGE_TYPE_PINNED 0x01000000u
#define PAGE_TYPE_PARTIAL 0x02000000u
#define PAGE_TYPE_CHANGING 0x04000000u /* a CPU is between two types, or drops the last use; see core/mm/page_type.c */
#define PAGE_TYPE_SHIFT 29
#define PAGE_TYPE_MASK 0xe0000000u
#define PAGE_TYPE_NONE 0x00000000u
#define PAGE_TYPE_L1 0x20000000u
#define PAGE_TYPE_L2 0x40000000u
#define PAGE_TYPE_L3 0x60000000u
#define PAGE_TYPE_L4 0x80000000u
#define PAGE_TYPE_SEGMENT 0xa0000000u
#define PAGE_TYPE_WRITABLE 0xe0000000u

/* From the architecture: the frame table, mapped wherever there is memory, readable as zeroes elsewhere. */
extern struct page *const frame_table;
extern uint64_t frame_count; /* frames below this number have an entry */

static inline bool mfn_has_page(mfn_t m) { return m.v < frame_count; }
static inline struct page *mfn_to_page(mfn_t m) { return &frame_table[m.v]; }
static inline mfn_t page_to_mfn(const struct page *p) { return mfn((uint64_t)(p - frame_table)); }

/* The hypervisor's own mapping of memory (direct map on x86). */
void *arch_frame_map(mfn_t m);
mfn_t arch_virt_to_mfn(const void *address);

/* Allocator: blocks of 2^order frames, order 0..PAGE_ORDER_MAX, scrubbed. */
#define PAGE_ORDER_MAX 18u
/* Before everything else here. */
void frames_init(void);
/* Hands [start, end) to the allocator, not yet scrubbed, each frame once. While the machine starts. Frame 0 is left
   out: in several places of the ABI 0 means "no frame". */
void frames_add(mfn_t start, mfn_t end);
/* `address_bits`: the block lies below 2^bits (0: anywhere). NULL if there is none. The frames have count 0, owner
   DOMID_XEN, type none, and hold zeroes. */
struct page *frames_alloc(unsigned int order, unsigned int address_bits);
/* The same for memory of d: uses up d's claim, and leaves the hypervisor's reserve and what others claimed. */
struct page *frames_alloc_for(struct domain *d, unsigned int order, unsigned int address_bits);
/* The same, anywhere, but the frames hold what was in them: for domain 0's first memory, which nobody had before it, and which
   may see all memory anyway. */
struct page *frames_alloc_as_found(struct domain *d, unsigned int order);
/* The frames have count 0 and owner DOMID_XEN. `dirty` unless they hold zeroes and no guest ever had them mapped. Stale
   TLB entries are the allocator's business. */
void frames_free(struct page *first, unsigned int order, bool dirty);
uint64_t frames_free_count(void);
uint64_t frames_total_count(void);
/* Free but not yet scrubbed; claimed but not yet given; free for an unclaimed domain (no claims, no reserve). */
uint64_t frames_dirty_count(void);
uint64_t frames_claimed_count(void);
uint64_t frames_available_count(void);
/* Reserves free frames so that d can come to own `pages` in all; 0 drops the claim (XENMEM_claim_pages).
   E_INVAL: it has a claim, has that much or may not have it; E_NOMEM. d->lock is held. */
enum status frames_claim(struct domain *d, uint64_t pages);
/* Scrubs a little of what is free and dirty; false when nothing is left but what waits for a flush. For idle CPUs. */
bool frames_scrub_some(void);

/* A page for the hypervisor itself, or shared with `d` (readable and writable by it) : zeroed, mapped. */
void *hv_page_alloc(void);
void hv_page_free(void *page);
void *shared_page_alloc(struct domain *d);
/* Takes the domain's access away; the frame goes when its last reference does. */
void shared_page_release(void *page);

/* References. page_get: fails unless the frame belongs to `owner` and is in use. */
enum status page_get(struct page *p, const struct domain *owner);
/* The last reference gives the frame back. Any locks may be held but the allocator's and the heap's. */
void page_put(struct page *p);

/* Writable type. E_INVAL if it has another type. No lock needed; flushes what T5 asks. */
enum status page_get_writable(struct page *p);
void page_put_writable(struct page *p);
/* Both at once, for memory that the hypervisor or a grant uses for writing. */
enum status page_get_with_writable(struct page *p, const struct domain *owner);
void page_put_with_writable(struct page *p);

/* Teardown, from the page-type machine: unpins and undoes whatever page-table state p has. E_RESTART: call again.
   OK when p has no type of its own left (uses by tables that are still there may remain). The caller has a reference. */
enum status page_type_drop_all(struct page *p);

/* Gives 2^order frames to d as its memory (counted in its reservation). E_NOMEM: none free; E_NOSPC: over d's limit;
   E_SRCH: d is dying. Takes d->lock. The machine-to-physical entries are invalid until the caller sets them. */
enum status domain_frames_alloc(struct domain *d, unsigned int order, unsigned int address_bits, mfn_t *first);
/* The same of frames_alloc_as_found, for the builder of domain 0. */
enum status domain_frames_alloc_as_found(struct domain *d, unsigned int order, mfn_t *first);
/* Takes the owner's reference of a frame of d away (balloon). E_BUSY if anything else refers to it, and nothing happens. */
enum status domain_frame_release(struct domain *d, mfn_t m);
/* The same in two steps: the frame is out of everybody's reach, but still counted; then it comes back to d, or goes. */
enum status domain_frame_take(struct domain *d, mfn_t m);
void domain_frame_untake(mfn_t m);
void domain_frame_drop(mfn_t m);
/* Makes frames that frames_alloc gave memory of d, beyond its limit if need be: the caller takes as many. Frees them if
   it fails: E_NOMEM, E_SRCH. */
enum status domain_frames_give(struct domain *d, struct page *first, unsigned int order);
/* The domain that owns frames under this id. Not a reference: what the caller knows to be owned keeps it. */
struct domain *domain_frames_owner(domid_t id);
/* Teardown: takes all memory of a dying domain away, restartable. What others still refer to goes when they let go:
   as long as a domain owns a frame, that holds a reference to the domain. */
enum status domain_frames_release_all(struct domain *d);
/* The parts of the machine that may hold frames of d, in ascending order: for each, the number of the first of its
   DOMAIN_REGION_FRAMES frames. With d->lock held, or by the one who tears d down. */
#define DOMAIN_REGION_FRAMES UINT64_C(512)
uint64_t domain_frames_next_region(const struct domain *d, uint64_t from); /* UINT64_MAX: no more */
#define domain_frames_for_each_region(first, d)                                                                        \
	for (uint64_t first = domain_frames_next_region((d), 0); first != UINT64_MAX;                                  \
	     first = domain_frames_next_region((d), first + DOMAIN_REGION_FRAMES))

/* An entry of a memory map, as the BIOS call 0x15/0xe820 gives it and the ABI passes it on. */
struct memory_map_entry {
	uint64_t start, bytes;
	uint32_t type;
} __attribute__((packed));
#define MEMORY_MAP_RAM 1u
#define MEMORY_MAP_ENTRIES_MAX 128u
/* From the architecture: entry `index` of the machine's own map; false past its end. */
bool arch_machine_memory_map(uint32_t index, struct memory_map_entry *entry);

/* From the architecture: the machine-to-physical table. arch_m2p_frame: the first frame of its 2 MiB number `index`;
   frame 0 for a part that is not backed by memory of its own, MFN_INVALID past the end. */
mfn_t arch_m2p_frame(uint64_t index);
#define M2P_INVALID UINT64_MAX
void arch_m2p_set(mfn_t m, uint64_t pfn);
uint64_t arch_m2p_get(mfn_t m);

/* TLB clock (see core/mm/tlbclock.c). */
void tlb_clock_init(void);
/* The time to remember for what must not be in a TLB any more. Call it after the last change to page tables, behind an
   atomic read-modify-write (the drop of the last reference, the taking of a lock). */
uint16_t tlb_clock_now(void);
/* This CPU flushes everything that is not global at once: called by the flush itself, right *before* the instruction,
   with no access to guest memory in between. A CPU calls it once after it entered cpus_online. */
void tlb_clock_flushing(unsigned int cpu);
/* `cpu`, which calls, has loaded a root with no guest's memory; it will load a guest's. */
void tlb_clock_idle(unsigned int cpu);
void tlb_clock_busy(unsigned int cpu);
/* Of `cpus`, those that may hold translations from `stamp` or before. */
struct cpuset tlb_clock_filter(const struct cpuset *cpus, uint16_t stamp);
/* Flushes those of `cpus` that may hold translations from `stamp` or before. */
void tlb_clock_flush_stale(const struct cpuset *cpus, uint16_t stamp);
/* When the clock has come round: flushes everything and starts it anew. Each CPU on its way to a guest or to idle. */
void tlb_clock_service(void);
/* From the architecture: flushes the TLBs of `cpus` and returns when all have done it. Any locks may be held. */
void arch_tlb_flush(const struct cpuset *cpus);
