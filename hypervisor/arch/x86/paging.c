/*
 * The hypervisor's own page tables: everything in slots 256 and 258 to 271 of every address space.
 *
 *   P1  Those slots are the same in every L4; what is mapped later goes into tables that all of them share.
 *   P2  Code is never writable, data never executable, once paging_init is done.
 *   P3  While the machine starts memory is taken from what the loaded tables map: below 4 GiB by the loader's, anywhere by ours.
 *       Ours are loaded once they have the direct map, so that the tables of all frames, a two-hundredth of the machine's
 *       memory, may lie above.
 *   P4  The frame table and the M2P can be read for any frame number in their window: where there is no memory they
 *       are backed by shared pages of zeroes and of ones. The tables in front of those pages are shared too, and
 *       copied when something real is mapped there.
 *   P5  The screen's memory is in the direct map, where the loader's tables show it too: its console is older than our tables.
 *
 * Runs once, on the boot CPU, before anything else allocates; later only hyp_map_page, for CPUs that start, and mmio_map add
 * to it. The latter fails when there is no memory for a table: domain 0 may cause that.
 */
#include "paging.h"
#include "cpu.h"
#include "ops.h"
#include "panic.h"
#include "tlb.h"
#include <hyp/lock.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

struct page *const frame_table = (struct page *)FRAME_TABLE_START;
uint64_t frame_count;
mfn_t idle_root;

/* Of a VGA (P5). */
#define SCREEN_START UINT64_C(0xa0000)
#define SCREEN_END UINT64_C(0xc0000)

static uint64_t *root;
/* While the machine starts tables come from here; afterwards from the frame allocator. */
static struct memmap *boot_map;
static paddr_t boot_end = BIT(32); /* P3 */
static struct spinlock map_lock = SPINLOCK_INIT;

/* A page that stands for "nothing here", with the tables that repeat it 2^9 and 2^18 times. */
struct sparse {
	uint64_t *page, *l1, *l2;
};
static struct sparse zeroes, ones;

void *boot_alloc(struct memmap *map, uint64_t bytes, uint64_t align)
{
	paddr_t at;

	/* From the top: devices and the other CPUs' first steps need what is low. */
	if (memmap_find_ram(map, bytes, align, 0x100000, boot_end, true, &at) != OK)
		refuse_to_start("no %llu KiB of memory below %llu GiB for the hypervisor itself: give the machine more memory",
				(unsigned long long)(bytes >> 10), (unsigned long long)(boot_end >> 30));
	memmap_reserve(map, at, bytes, MEMMAP_RESERVED);
	return memset(paddr_map(at), 0, bytes);
}

/* Never NULL while the machine starts. */
static uint64_t *table_alloc(void)
{
	return boot_map ? boot_alloc(boot_map, PAGE_BYTES, PAGE_BYTES) : hv_page_alloc();
}

static paddr_t table_paddr(const uint64_t *table) { return (uint64_t)table - DIRECT_START; }

static bool is_shared(const uint64_t *table)
{
	return table == zeroes.l1 || table == zeroes.l2 || table == ones.l1 || table == ones.l2;
}

/* The table below `entry`, made or copied from a shared one if need be; NULL if there is no memory for that. User-accessible
   on the way: the leaf decides. */
static uint64_t *table_below(uint64_t *entry)
{
	const uint64_t *present = *entry & PTE_PRESENT ? paddr_map(*entry & PTE_ADDRESS) : NULL;
	uint64_t *below;

	if (present && !is_shared(present))
		return paddr_map(*entry & PTE_ADDRESS);
	below = table_alloc();
	if (!below)
		return NULL;
	if (present)
		(void)memcpy(below, present, PAGE_BYTES);
	write_once(*entry, table_paddr(below) | PTE_TABLE | PTE_USER);
	return below;
}

/* The entry of `va` in its table of `level`; NULL if there is no memory for the tables on the way. */
static uint64_t *walk(vaddr_t va, unsigned int level)
{
	uint64_t *table = root;

	for (unsigned int l = 4; l > level && table; l--)
		table = table_below(&table[pt_index(va, l)]);
	return table ? &table[pt_index(va, level)] : NULL;
}

/* What the entry of `va` in its table of `level` holds; 0 where there is no such table. */
static uint64_t entry_now(vaddr_t va, unsigned int level)
{
	uint64_t entry = read_once(root[pt_index(va, 4)]);

	for (unsigned int l = 3; l >= level && (entry & PTE_PRESENT); l--)
		entry = read_once(((uint64_t *)paddr_map(entry & PTE_ADDRESS))[pt_index(va, l)]);
	return entry & PTE_PRESENT ? entry : 0;
}

uint64_t paging_hyp_entry(mfn_t frame, uint64_t flags)
{
	return pte_make(frame, cpu_features.nx ? flags : flags & ~PTE_NO_EXECUTE);
}

uint64_t paging_zero_entry(void)
{
	return paging_hyp_entry(paddr_to_mfn(table_paddr(zeroes.page)), HYP_RO & ~PTE_GLOBAL);
}

static enum status map_page(vaddr_t va, mfn_t frame, uint64_t flags) REQUIRES(map_lock)
{
	uint64_t *entry = walk(va, 1);

	if (!entry)
		return E_NOMEM;
	write_once(*entry, paging_hyp_entry(frame, flags));
	return OK;
}

void hyp_map_page(vaddr_t va, mfn_t frame, uint64_t flags)
{
	enum status s;

	spin_lock(&map_lock);
	s = map_page(va, frame, flags);
	spin_unlock(&map_lock);
	if (s != OK)
		panic("no memory for the hypervisor's page tables");
}

static void map_large(vaddr_t va, paddr_t at, unsigned int level, uint64_t flags)
{
	*walk(va, level) = paging_hyp_entry(paddr_to_mfn(at), flags) | PTE_LARGE;
}

/* Maps machine memory [start, end) at `va` with the largest pages that fit. */
static void map_range(vaddr_t va, paddr_t start, paddr_t end, uint64_t flags)
{
	while (start < end) {
		uint64_t left = end - start;

		if (cpu_features.page_1gb && left >= BIT(30) && !(start & (BIT(30) - 1)) && !(va & (BIT(30) - 1))) {
			map_large(va, start, 3, flags);
			start += BIT(30), va += BIT(30);
		} else if (left >= BIT(21) && !(start & (BIT(21) - 1)) && !(va & (BIT(21) - 1))) {
			map_large(va, start, 2, flags);
			start += BIT(21), va += BIT(21);
		} else {
			hyp_map_page(va, paddr_to_mfn(start), flags);
			start += PAGE_BYTES, va += PAGE_BYTES;
		}
	}
}

static void map_image(void)
{
	struct {
		char *start, *end;
		uint64_t flags;
	} part[] = {
		{image_text_start, image_text_end, HYP_RX},
		{image_text_end, image_data_start, HYP_RO},
		{image_data_start, image_end, HYP_RW},
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(part); i++)
		for (char *p = part[i].start; p < part[i].end; p += PAGE_BYTES)
			hyp_map_page((vaddr_t)p, paddr_to_mfn(image_paddr(p)), part[i].flags);
}

static void map_direct(const struct memmap *all)
{
	map_range(DIRECT_START + SCREEN_START, SCREEN_START, SCREEN_END, HYP_UC);
	memmap_for_each(e, all)
	{
		paddr_t start = ROUND_UP(e->start, PAGE_BYTES);
		paddr_t end = MIN(ROUND_DOWN(e->start + e->bytes, PAGE_BYTES), (uint64_t)DIRECT_BYTES);

		if (e->type == MEMMAP_RAM && start < end)
			map_range(DIRECT_START + start, start, end, HYP_RW);
	}
	/* The slots exist even where no memory is, so that every L4 carries the same entries for good (P1). */
	for (unsigned int slot = DIRECT_SLOT; slot <= HYP_SLOT_LAST; slot++)
		(void)table_below(&root[slot]);
}

static void sparse_init(struct sparse *s, uint8_t fill, uint64_t leaf_flags)
{
	s->page = memset(table_alloc(), fill, PAGE_BYTES);
	s->l1 = table_alloc();
	s->l2 = table_alloc();
	for (unsigned int i = 0; i < PTES_PER_TABLE; i++) {
		s->l1[i] = paging_hyp_entry(paddr_to_mfn(table_paddr(s->page)), leaf_flags);
		s->l2[i] = table_paddr(s->l1) | PTE_TABLE | PTE_USER;
	}
}

/* Lets the gigabytes [va, va + bytes) show the sparse page everywhere. */
static void sparse_fill(const struct sparse *s, vaddr_t va, uint64_t bytes)
{
	for (vaddr_t end = va + bytes; va < end; va += BIT(30))
		*walk(va, 3) = table_paddr(s->l2) | PTE_TABLE | PTE_USER;
}

/* Real pages behind the part of the frame table that describes frames [first, last). */
static void back_frame_table(uint64_t first, uint64_t last)
{
	vaddr_t va = ROUND_DOWN((vaddr_t)&frame_table[first], PAGE_BYTES);
	vaddr_t end = ROUND_UP((vaddr_t)&frame_table[last], PAGE_BYTES);

	while (va < end) {
		uint64_t *entry = walk(va, 2);
		bool whole = !(va & (BIT(21) - 1)) && end - va >= BIT(21) &&
			     (*entry & PTE_ADDRESS) == table_paddr(zeroes.l1);

		if (whole) {
			void *block = boot_alloc(boot_map, BIT(21), BIT(21));

			map_large(va, (uint64_t)block - DIRECT_START, 2, HYP_RW);
			va += BIT(21);
		} else {
			entry = walk(va, 1);
			if ((*entry & PTE_ADDRESS) == table_paddr(zeroes.page))
				hyp_map_page(va, paddr_to_mfn(table_paddr(table_alloc())), HYP_RW);
			va += PAGE_BYTES;
		}
	}
}

/* Real memory behind the part of the M2P that describes frames [first, last), in pieces of 2 MiB of it. */
static void back_m2p(uint64_t first, uint64_t last)
{
	for (uint64_t part = first >> 18; part <= (last - 1) >> 18; part++) {
		uint64_t *entry = walk(M2P_START + part * BIT(21), 2);
		void *block;

		if (*entry & PTE_PRESENT)
			continue;
		block = memset(boot_alloc(boot_map, BIT(21), BIT(21)), 0xff, BIT(21));
		map_large(M2P_START + part * BIT(21), (uint64_t)block - DIRECT_START, 2, HYP_RW);
		map_large(M2P_RO_START + part * BIT(21), (uint64_t)block - DIRECT_START, 2, HYP_RO | PTE_USER);
	}
}

static void map_tables_of_frames(const struct memmap *all)
{
	sparse_init(&zeroes, 0, HYP_RO);
	sparse_init(&ones, 0xff, HYP_RO | PTE_USER);
	sparse_fill(&ones, M2P_RO_START, M2P_RO_BYTES);
	frame_count = MIN(memmap_max_paddr(all), (uint64_t)DIRECT_BYTES) >> PAGE_SHIFT;
	sparse_fill(&zeroes, FRAME_TABLE_START, ROUND_UP(frame_count * sizeof(struct page), BIT(30)));
	memmap_for_each(e, all)
	{
		uint64_t first = DIV_UP(e->start, PAGE_BYTES), last = MIN((e->start + e->bytes) >> PAGE_SHIFT, frame_count);

		if (e->type != MEMMAP_RAM || first >= last)
			continue;
		back_frame_table(first, last);
		back_m2p(first, last);
	}
}

/* Guests may look at the M2P (DOMID_XEN's frames), never write it. */
static void publish_m2p(void)
{
	for (uint64_t part = 0; part <= (frame_count - 1) >> 18; part++) {
		mfn_t m = arch_m2p_frame(part);

		for (unsigned int i = 0; m.v && i < PTES_PER_TABLE; i++) {
			struct page *p = mfn_to_page(mfn(m.v + i));

			p->count = 1 | PAGE_COUNT_ALLOCATED | PAGE_COUNT_SHARED;
			p->owner = DOMID_XEN;
		}
	}
}

void paging_init(struct memmap *map, const struct memmap *all)
{
	boot_map = map;
	root = table_alloc();
	idle_root = paddr_to_mfn(table_paddr(root));
	map_image();
	map_direct(all);
	if (cpu_features.nx)
		msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NX);
	paging_load_idle();
	boot_end = DIRECT_BYTES;
	map_tables_of_frames(all);
	/* The pages of zeroes and ones may have been seen where something real is now. */
	paging_load_idle();
	publish_m2p();
	boot_map = NULL;
}

void paging_identity_map(paddr_t page, bool on)
{
	if (on) {
		hyp_map_page(page, paddr_to_mfn(page), HYP_RX & ~PTE_GLOBAL);
		return;
	}
	root[0] = 0;
	tlb_flush_local();
}

void paging_load_idle(void)
{
	cr3_write(mfn_to_paddr(idle_root));
}

mfn_t arch_m2p_frame(uint64_t index)
{
	uint64_t entry;

	if (index > (frame_count - 1) >> 18)
		return MFN_INVALID;
	entry = entry_now(M2P_START + index * BIT(21), 2);
	return entry & PTE_PRESENT ? pte_mfn(entry) : mfn(0);
}

void hyp_slots_install(uint64_t *l4, const struct domain *d)
{
	for (unsigned int i = HYP_SLOT_FIRST; i <= HYP_SLOT_LAST; i++)
		l4[i] = root[i];
	l4[PERDOMAIN_SLOT] = table_paddr(d->arch.perdomain_l3) | PTE_TABLE;
}

void hyp_slots_clear(uint64_t *l4)
{
	memset(&l4[HYP_SLOT_FIRST], 0, (HYP_SLOT_LAST - HYP_SLOT_FIRST + 1) * sizeof(*l4));
}

/* Addresses that were given out once, also to an attempt that found no memory for its tables, are never used again: TLBs may
   hold what was mapped. */
void *mmio_map(paddr_t start, uint64_t bytes)
{
	static vaddr_t next = MMIO_START;
	paddr_t first = ROUND_DOWN(start, PAGE_BYTES), end = ROUND_UP(start + bytes, PAGE_BYTES);
	enum status s = OK;
	vaddr_t va;

	if (start >= SCREEN_START && start < SCREEN_END && bytes <= SCREEN_END - start)
		return paddr_map(start);
	spin_lock(&map_lock);
	va = next;
	if (end - first > MMIO_START + MMIO_BYTES - va)
		s = E_NOSPC;
	else
		next += end - first;
	for (paddr_t p = first; p < end && s == OK; p += PAGE_BYTES)
		s = map_page(va + (p - first), paddr_to_mfn(p), HYP_UC);
	spin_unlock(&map_lock);
	return s == OK ? (void *)(va + (start - first)) : NULL;
}

void *arch_frame_map(mfn_t m) { return paddr_map(mfn_to_paddr(m)); }

mfn_t arch_virt_to_mfn(const void *address) { return paddr_to_mfn((uint64_t)address - DIRECT_START); }

void arch_m2p_set(mfn_t m, uint64_t pfn)
{
	if (mfn_has_page(m))
		write_once(((uint64_t *)M2P_START)[m.v], pfn);
}

uint64_t arch_m2p_get(mfn_t m)
{
	uint64_t pfn;

	if (!mfn_has_page(m))
		return M2P_INVALID;
	guest_access_begin();
	pfn = read_once(((uint64_t *)M2P_RO_START)[m.v]);
	guest_access_end();
	return pfn;
}
