/*
 * The machine's memory: what the firmware's map says, what is taken already, and what is left for the allocator.
 */
#include "init.h"
#include "../arch/x86/paging.h"
#include "../arch/x86/panic.h"
#include "../arch/x86/pv/pv.h"
#include <hyp/heap.h>
#include <hyp/log.h>
#include <hyp/mm.h>

#define LOW_MEMORY UINT64_C(0x100000)

struct startup startup;

/* Kept for domain 0, which asks for the machine's map. */
static struct memmap machine_map;

bool arch_machine_memory_map(uint32_t index, struct memory_map_entry *entry)
{
	const struct memmap_entry *e;

	if (index >= machine_map.count)
		return false;
	e = &machine_map.entry[index];
	*entry = (struct memory_map_entry){e->start, e->bytes, e->type};
	return true;
}

/* A frame that is RAM only in part is the firmware's, as is the whole first megabyte: nobody gets it, and domain 0 may map
   it like a device. */
bool machine_frame_is_ram(mfn_t frame)
{
	return mfn_to_paddr(frame) >= LOW_MEMORY && memmap_is_ram(&machine_map, mfn_to_paddr(frame), PAGE_BYTES);
}

void startup_memory_plan(void)
{
	const struct boot_info *info = &startup.info;
	paddr_t image = image_paddr(image_start);

	machine_map = info->map;
	/* RAM above is left alone, and is nobody's. */
	if (startup.options.mem)
		memmap_limit_ram(&machine_map, startup.options.mem);
	startup.free = machine_map;
	/* The first megabyte stays for firmware tables, devices, and the other CPUs' first page. */
	startup.trampoline = boot_info_find_trampoline(info);
	memmap_reserve(&startup.free, 0, LOW_MEMORY, MEMMAP_RESERVED);
	memmap_reserve(&startup.free, image, image_paddr(image_end) - image, MEMMAP_RESERVED);
	for (unsigned int i = 0; i < info->module_count; i++) {
		const struct boot_module *m = &info->module[i];

		if (!memmap_is_ram(&machine_map, m->start, m->bytes))
			refuse_to_start("boot module %u (%llu KiB at %#llx) does not lie in memory: "
					"is it larger than the machine's?",
			      i + 1, (unsigned long long)(m->bytes >> 10), (unsigned long long)m->start);
		memmap_reserve(&startup.free, ROUND_DOWN(m->start, PAGE_BYTES),
			       ROUND_UP(m->start + m->bytes, PAGE_BYTES) - ROUND_DOWN(m->start, PAGE_BYTES), MEMMAP_RESERVED);
	}
	if (info->map.truncated)
		log_warning("the memory map has more than %u entries: some memory is not used", MEMMAP_MAX);
}

static void frames_give(paddr_t start, paddr_t end)
{
	start = MAX(ROUND_UP(start, PAGE_BYTES), LOW_MEMORY);
	end = MIN(ROUND_DOWN(end, PAGE_BYTES), frame_count << PAGE_SHIFT);
	if (start < end)
		frames_add(paddr_to_mfn(start), paddr_to_mfn(end));
}

/* Firmware's memory is memory. */
static paddr_t machine_end(void)
{
	const struct memmap_entry *last = &machine_map.entry[machine_map.count - 1];

	return machine_map.count ? last->start + last->bytes : 0;
}

void startup_memory(void)
{
	const struct boot_l1tf *l1tf = &startup.options.pv_l1tf;
	uint64_t kept;

	paging_init(&startup.free, &machine_map);
	pt_entry_absent_init(machine_end(), l1tf->dom0, l1tf->domu);
	tlb_clock_init();
	frames_init();
	memmap_for_each(e, &startup.free)
		if (e->type == MEMMAP_RAM)
			frames_give(e->start, e->start + e->bytes);
	heap_init();
	kept = memmap_ram_bytes(&machine_map) - (frames_free_count() << PAGE_SHIFT);
	for (unsigned int i = 0; i < startup.info.module_count; i++)
		kept -= MIN(kept, ROUND_UP(startup.info.module[i].bytes, PAGE_BYTES));
	log_info("memory: %llu MiB, of which the hypervisor and low memory take %llu KiB",
		 (unsigned long long)(memmap_ram_bytes(&machine_map) >> 20), (unsigned long long)(kept >> 10));
}

void startup_memory_release_modules(void)
{
	for (unsigned int i = 0; i < startup.info.module_count; i++) {
		const struct boot_module *m = &startup.info.module[i];

		frames_give(ROUND_DOWN(m->start, PAGE_BYTES), ROUND_UP(m->start + m->bytes, PAGE_BYTES));
	}
}
