/*
 * Domain 0: its memory, its kernel in it, its first page tables, its first registers.
 *
 * Pseudo-physical frames are numbered 0 to n - 1 without holes; the kernel lies where its program headers say. From the
 * kernel's virtual base everything is mapped at virtual = base + pseudo-physical: kernel, start_info, page tables (read
 * only), boot stack, and some room. The P2M list is mapped where the kernel's INIT_P2M note says (with tables of its
 * own), else behind the kernel. The initial ramdisk is not mapped if the kernel takes it by frame number.
 *
 * The tables are written as plain memory and then validated like any guest's, by the same code.
 */
#include "dom0_build.h"
#include "hypercall_page.h"
#include "pv.h"
#include "../ops.h"
#include "../paging.h"
#include "../pte.h"
#include "../panic.h"
#include <hyp/boot/elf.h>
#include <hyp/boot/xen_notes.h>
#include <hyp/heap.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#define CHUNK_BYTES 65536u
#define GUEST_ENTRY (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define MAPPING_ALIGN UINT64_C(0x400000)
#define MAPPING_ROOM UINT64_C(0x80000)

/* A run of pseudo-physical frames that is contiguous in the machine. */
struct chunk {
	uint64_t pfn, count;
	mfn_t first;
};

/* Everything about the domain that is being built. Page counts and frame numbers are pseudo-physical. */
struct build {
	struct domain *d;
	const struct dom0_image *image;
	struct elf_image elf;
	struct xen_notes notes;
	struct xen_kernel_layout layout;
	struct chunk *chunk;
	unsigned int chunk_count;
	uint64_t pages;

	uint64_t kernel_end_pfn;
	uint64_t start_info_pfn;
	uint64_t tables_pfn, tables_count; /* of the main mapping */
	uint64_t stack_pfn;
	uint64_t mapped_pages; /* [0, mapped_pages) is mapped at the base */
	uint64_t p2m_pfn, p2m_pages, p2m_tables;
	uint64_t ramdisk_pfn, ramdisk_pages;
	uint64_t built_pages; /* [0, built_pages) is laid out here, the rest is memory like any other */
	uint64_t table_next, table_limit; /* the allocator of page-table frames */
	mfn_t root;
};

static mfn_t frame_of(const struct build *b, uint64_t pfn)
{
	unsigned int low = 0, high = b->chunk_count;

	while (high - low > 1) {
		unsigned int middle = (low + high) / 2;

		if (b->chunk[middle].pfn <= pfn)
			low = middle;
		else
			high = middle;
	}
	return mfn(b->chunk[low].first.v + (pfn - b->chunk[low].pfn));
}

static void *page_of(const struct build *b, uint64_t pfn) { return arch_frame_map(frame_of(b, pfn)); }

static vaddr_t address_of(const struct build *b, uint64_t pfn) { return b->notes.virt_base + pfn * PAGE_BYTES; }

/* Copies into pseudo-physical memory. */
static void copy_to(const struct build *b, uint64_t paddr, const void *from, uint64_t bytes)
{
	while (bytes) {
		uint64_t offset = paddr % PAGE_BYTES, part = MIN(bytes, PAGE_BYTES - offset);

		memcpy((char *)page_of(b, paddr >> PAGE_SHIFT) + offset, from, part);
		paddr += part;
		from = (const char *)from + part;
		bytes -= part;
	}
}

/* Memory ------------------------------------------------------------------------------------------------------- */

static uint64_t size_pages(const struct boot_size *size, uint64_t available, uint64_t otherwise)
{
	uint64_t pages = size->bytes >> PAGE_SHIFT;

	if (!size->given)
		return otherwise;
	return size->negative ? (pages < available ? available - pages : 0) : pages;
}

/* Its limit: what dom0_mem=max: says; and 2^32 - 1 where it says nothing, as its kernel and tools know it. */
static uint64_t pages_most(const struct boot_options *options)
{
	return MIN(size_pages(&options->dom0_mem.max, frames_available_count(), UINT64_MAX), (uint64_t)UINT32_MAX);
}

/* How much it gets: what dom0_mem says, within its bounds; otherwise all but a sixteenth, at most 128 MiB, for others. */
static uint64_t pages_wanted(const struct boot_options *options)
{
	uint64_t available = frames_available_count();
	uint64_t spare = MIN(available / 16, UINT64_C(128) << (20 - PAGE_SHIFT));
	uint64_t pages = size_pages(&options->dom0_mem.size, available, available - spare);
	uint64_t least = size_pages(&options->dom0_mem.min, available, 0);

	if (options->dom0_mem.size.given && !options->dom0_mem.size.negative && pages > available)
		refuse_to_start("dom0_mem=%lluM is more than the %lluM that are free; give less, or the machine more",
		      (unsigned long long)(pages >> 8), (unsigned long long)(available >> 8));
	return MIN(MAX(pages, MIN(least, available)), pages_most(options));
}

static bool chunk_add(struct build *b, mfn_t first, uint64_t count)
{
	struct chunk *last = b->chunk_count ? &b->chunk[b->chunk_count - 1] : NULL;

	if (last && last->first.v + last->count == first.v) {
		last->count += count;
	} else {
		if (b->chunk_count == CHUNK_BYTES / sizeof(*b->chunk))
			return false;
		b->chunk[b->chunk_count++] = (struct chunk){b->pages, count, first};
	}
	for (uint64_t i = 0; i < count; i++)
		arch_m2p_set(mfn(first.v + i), b->pages + i);
	b->pages += count;
	return true;
}

static void memory_get(struct build *b, uint64_t wanted)
{
	unsigned int order = PAGE_ORDER_MAX;

	b->chunk = heap_alloc(CHUNK_BYTES);
	if (!b->chunk)
		panic("no memory to build domain 0");
	while (b->pages < wanted) {
		mfn_t first;

		if (BIT(order) > wanted - b->pages ||
		    domain_frames_alloc_as_found(b->d, order, &first) != OK) {
			if (!order--)
				break;
			continue;
		}
		if (!chunk_add(b, first, BIT(order)))
			break;
	}
}

/* Layout ------------------------------------------------------------------------------------------------------- */

static uint64_t tables_for(vaddr_t start, vaddr_t end, unsigned int level)
{
	unsigned int shift = PAGE_SHIFT + 9 * level;

	return ((end - 1) >> shift) - (start >> shift) + 1;
}

/* Tables of all levels below the root for [start, end). */
static uint64_t tables_below_root(vaddr_t start, vaddr_t end)
{
	return tables_for(start, end, 1) + tables_for(start, end, 2) + tables_for(start, end, 3);
}

/* The page tables are in the mapping that they make: their number grows with it until it fits. */
static void layout_main(struct build *b)
{
	uint64_t list_pages = b->notes.has_init_p2m ? 0 : b->p2m_pages;
	uint64_t after = b->kernel_end_pfn;

	if (b->image->ramdisk && !b->notes.mod_start_pfn) {
		b->ramdisk_pfn = after;
		after += b->ramdisk_pages;
	}
	if (list_pages)
		b->p2m_pfn = after;
	b->start_info_pfn = after + list_pages;
	b->tables_pfn = b->start_info_pfn + 1;
	for (b->tables_count = 4;; b->tables_count++) {
		uint64_t end;

		b->stack_pfn = b->tables_pfn + b->tables_count;
		end = ROUND_UP((b->stack_pfn + 1) * PAGE_BYTES + MAPPING_ROOM, MAPPING_ALIGN);
		b->mapped_pages = end >> PAGE_SHIFT;
		if (1 + tables_below_root(b->notes.virt_base, b->notes.virt_base + end) <= b->tables_count)
			return;
	}
}

static void layout_make(struct build *b)
{
	uint64_t next;

	b->kernel_end_pfn = DIV_UP(b->layout.end - b->notes.virt_base, PAGE_BYTES);
	b->p2m_pages = DIV_UP(b->pages * sizeof(uint64_t), PAGE_BYTES);
	b->ramdisk_pages = DIV_UP(b->image->ramdisk_bytes, PAGE_BYTES);
	layout_main(b);
	next = b->mapped_pages;
	if (b->notes.has_init_p2m) {
		vaddr_t start = b->notes.init_p2m;

		b->p2m_tables = tables_below_root(start, start + b->p2m_pages * PAGE_BYTES);
		b->p2m_pfn = next;
		next += b->p2m_pages + b->p2m_tables;
	}
	if (b->image->ramdisk && b->notes.mod_start_pfn) {
		b->ramdisk_pfn = next;
		next += b->ramdisk_pages;
	}
	b->built_pages = next;
	if (next > b->pages)
		refuse_to_start("domain 0 has %llu MiB, and its kernel and initial ramdisk need %llu: raise dom0_mem",
		      (unsigned long long)(b->pages >> 8), (unsigned long long)((next >> 8) + 1));
}

/* Page tables -------------------------------------------------------------------------------------------------- */

static mfn_t table_take(struct build *b)
{
	CHECK(b->table_next < b->table_limit);
	return frame_of(b, b->table_next++);
}

/* Writes the level-1 entry of `va`, making tables on the way. */
static void map_page(struct build *b, vaddr_t va, uint64_t entry)
{
	mfn_t at = b->root;

	for (unsigned int level = 4; level > 1; level--) {
		uint64_t *slot = &((uint64_t *)arch_frame_map(at))[pt_index(va, level)];

		if (!(*slot & PTE_PRESENT))
			*slot = pte_make(table_take(b), GUEST_ENTRY);
		at = pte_mfn(*slot);
	}
	((uint64_t *)arch_frame_map(at))[pt_index(va, 1)] = entry;
}

static bool pfn_is_table(const struct build *b, uint64_t pfn)
{
	return pfn - b->tables_pfn < b->tables_count;
}

static void tables_make(struct build *b)
{
	b->table_next = b->tables_pfn;
	b->table_limit = b->tables_pfn + b->tables_count;
	b->root = table_take(b);
	for (uint64_t pfn = 0; pfn < b->mapped_pages; pfn++)
		map_page(b, address_of(b, pfn),
			 pte_make(frame_of(b, pfn), pfn_is_table(b, pfn) ? GUEST_ENTRY & ~PTE_WRITE : GUEST_ENTRY));
	if (!b->notes.has_init_p2m)
		return;
	/* Its tables come right behind the list, and are not mapped. */
	b->table_next = b->p2m_pfn + b->p2m_pages;
	b->table_limit = b->table_next + b->p2m_tables;
	for (uint64_t i = 0; i < b->p2m_pages; i++)
		map_page(b, b->notes.init_p2m + i * PAGE_BYTES, pte_make(frame_of(b, b->p2m_pfn + i), GUEST_ENTRY));
}

static void root_take(struct build *b)
{
	struct vcpu *v = b->d->vcpu[0];
	struct page *p = mfn_to_page(b->root);
	enum status s;

	s = pv_root_set(v, b->root, false);
	if (s != OK)
		panic("domain 0's first page tables are not valid (error %d)", s);
	/* Pinned as well: the kernel unpins it when it has its own. */
	if (page_get(p, b->d) != OK)
		panic("domain 0's root is not its own");
	spin_lock(&b->d->mm_lock);
	s = page_table_pin(b->d, p, PAGE_LEVELS);
	spin_unlock(&b->d->mm_lock);
	if (s != OK)
		panic("domain 0's root cannot be pinned (error %d)", s);
}

/* Contents ----------------------------------------------------------------------------------------------------- */

/* What the kernel may expect to be zero: all that is built here where nothing else is written. The rest is as it was found. */
static void contents_clear(struct build *b)
{
	for (uint64_t pfn = 0; pfn < b->built_pages; pfn++)
		memset(page_of(b, pfn), 0, PAGE_BYTES);
}

static void kernel_load(struct build *b)
{
	for (unsigned int i = 0; i < b->elf.segment_count; i++) {
		const struct elf_segment *s = &b->elf.segment[i];

		/* What follows the file's bytes stays zero. */
		copy_to(b, s->paddr - b->notes.paddr_offset, (const char *)b->image->kernel + s->offset, s->file_bytes);
	}
	if (b->notes.has_hypercall_page)
		hypercall_page_fill(page_of(b, (b->notes.hypercall_page - b->notes.virt_base) >> PAGE_SHIFT));
}

static void p2m_fill(struct build *b)
{
	uint64_t *list = page_of(b, b->p2m_pfn);

	for (unsigned int c = 0; c < b->chunk_count; c++) {
		for (uint64_t i = 0; i < b->chunk[c].count; i++) {
			uint64_t pfn = b->chunk[c].pfn + i;

			if (pfn % 512 == 0)
				list = page_of(b, b->p2m_pfn + pfn / 512);
			list[pfn % 512] = b->chunk[c].first.v + i;
		}
	}
}

/* What the screen shows now, right behind start_info, as domain 0's kernel looks for it. */
static void screen_tell(const struct build *b, struct start_info *si)
{
	struct dom0_vga_console_info *info = (struct dom0_vga_console_info *)(si + 1);
	const struct boot_screen *s = b->image->screen;

	static_assert(sizeof(*si) + sizeof(*info) <= PAGE_BYTES);
	if (s->kind == BOOT_SCREEN_NONE)
		return;
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(*info);
	if (s->kind == BOOT_SCREEN_TEXT) {
		info->video_type = XEN_VGATYPE_TEXT_MODE_3;
		info->u.text_mode_3.font_height = 16;
		info->u.text_mode_3.columns = (uint16_t)s->width;
		info->u.text_mode_3.rows = (uint16_t)s->height;
		return;
	}
	info->video_type = b->image->efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
	info->u.vesa_lfb.width = (uint16_t)s->width;
	info->u.vesa_lfb.height = (uint16_t)s->height;
	info->u.vesa_lfb.bytes_per_line = (uint16_t)s->bytes_per_line;
	info->u.vesa_lfb.bits_per_pixel = s->bits_per_pixel;
	info->u.vesa_lfb.lfb_base = (uint32_t)s->start;
	info->u.vesa_lfb.ext_lfb_base = (uint32_t)(s->start >> 32);
	/* In units of 64 KiB. */
	info->u.vesa_lfb.lfb_size = (uint32_t)DIV_UP((uint64_t)s->bytes_per_line * s->height, 65536);
	info->u.vesa_lfb.red_pos = s->red.position, info->u.vesa_lfb.red_size = s->red.bits;
	info->u.vesa_lfb.green_pos = s->green.position, info->u.vesa_lfb.green_size = s->green.bits;
	info->u.vesa_lfb.blue_pos = s->blue.position, info->u.vesa_lfb.blue_size = s->blue.bits;
	info->u.vesa_lfb.rsvd_pos = s->reserved.position, info->u.vesa_lfb.rsvd_size = s->reserved.bits;
	info->u.vesa_lfb.gbl_caps = s->has_vbe ? s->vbe_capabilities : 0;
	info->u.vesa_lfb.mode_attrs = s->has_vbe ? s->vbe_mode_attributes : 0;
}

static void start_info_fill(struct build *b)
{
	struct start_info *si = page_of(b, b->start_info_pfn);

	static_assert(sizeof(*si) <= PAGE_BYTES);
	(void)string_copy(si->magic, "xen-3.0-x86_64p", sizeof(si->magic));
	si->nr_pages = b->pages;
	si->shared_info = mfn_to_paddr(arch_virt_to_mfn(b->d->shared_info));
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = address_of(b, b->tables_pfn);
	si->nr_pt_frames = b->tables_count;
	si->mfn_list = b->notes.has_init_p2m ? b->notes.init_p2m : address_of(b, b->p2m_pfn);
	if (b->notes.has_init_p2m) {
		si->first_p2m_pfn = b->p2m_pfn;
		si->nr_p2m_frames = b->p2m_pages + b->p2m_tables;
	}
	if (b->image->ramdisk) {
		si->mod_len = b->image->ramdisk_bytes;
		si->mod_start = b->notes.mod_start_pfn ? b->ramdisk_pfn : address_of(b, b->ramdisk_pfn);
		si->flags |= b->notes.mod_start_pfn ? SIF_MOD_START_PFN : 0;
	}
	screen_tell(b, si);
	if (!text_copy((char *)si->cmd_line, sizeof(si->cmd_line), b->image->command_line))
		log_warning("domain 0's command line is cut off after %u characters", (unsigned int)sizeof(si->cmd_line) - 1);
}

static void registers_set(struct build *b)
{
	struct vcpu *v = b->d->vcpu[0];
	struct cpu_user_regs *r = &v->arch.regs;

	r->rip = b->layout.entry;
	r->rsp = address_of(b, b->stack_pfn + 1);
	r->rsi = address_of(b, b->start_info_pfn);
	r->cs = FLAT_RING3_CS64;
	r->ss = FLAT_RING3_SS64;
	r->rflags = RFLAGS_IF | 2;
	v->arch.kernel_stack.ss = FLAT_RING3_SS64;
	v->arch.kernel_stack.sp = r->rsp;
	v->initialised = true;
}

/* The whole ---------------------------------------------------------------------------------------------------- */

static void kernel_check(struct build *b)
{
	const char *why = "unknown";

	if (elf_check(b->image->kernel, b->image->kernel_bytes, &b->elf, &why) != OK ||
	    xen_notes_parse(&b->elf, &b->notes, &why) != OK || xen_notes_check_dom0(&b->notes, &why) != OK ||
	    xen_kernel_layout(&b->elf, &b->notes, &b->layout, &why) != OK)
		refuse_to_start("boot module 1 cannot be started as domain 0's kernel: %s", why);
}

static unsigned int vcpu_count(const struct boot_options *options)
{
	unsigned int count = cpuset_count(&cpus_online);

	if (options->dom0_max_vcpus.given)
		count = MAX(MIN(MAX(count, options->dom0_max_vcpus.min), options->dom0_max_vcpus.max), 1u);
	return MIN(count, VCPUS_MAX);
}

static void domain_make(struct build *b, const struct boot_options *options)
{
	struct domain_config config = {
		.id = 0,
		.privileged = true,
		.vcpu_max = vcpu_count(options),
		.evtchn_port_max = EVTCHN_PORTS_MAX - 1,
		.grant_frames_max = GRANT_FRAMES_DEFAULT,
		.maptrack_frames_max = GRANT_MAPTRACK_FRAMES_DEFAULT,
	};

	if (domain_create(&config, &b->d) != OK)
		panic("domain 0 cannot be created");
	for (unsigned int id = 0; id < config.vcpu_max; id++) {
		struct vcpu *v;

		if (vcpu_create(b->d, id, &v) != OK)
			panic("domain 0's vCPU %u cannot be created", id);
	}
	if (options->dom0_vcpus_pin)
		sched_set_affinity_in_turn(b->d);
}

void dom0_build(const struct dom0_image *image, const struct boot_options *options)
{
	static struct build build;
	struct build *b = &build;

	b->image = image;
	kernel_check(b);
	domain_make(b, options);
	b->d->pages_max = pages_most(options);
	memory_get(b, pages_wanted(options));
	layout_make(b);
	contents_clear(b);
	kernel_load(b);
	if (image->ramdisk)
		copy_to(b, b->ramdisk_pfn * PAGE_BYTES, image->ramdisk, image->ramdisk_bytes);
	p2m_fill(b);
	tables_make(b);
	start_info_fill(b);
	root_take(b);
	registers_set(b);
	pv_time_publish(b->d->vcpu[0]);
	log_info("domain 0: %llu MiB, %u vCPU%s, kernel %#llx-%#llx, entry %#llx", (unsigned long long)(b->pages >> 8),
		 b->d->vcpu_max, b->d->vcpu_max == 1 ? "" : "s", (unsigned long long)b->layout.start,
		 (unsigned long long)b->layout.end, (unsigned long long)b->layout.entry);
	heap_free(b->chunk, CHUNK_BYTES);
}
