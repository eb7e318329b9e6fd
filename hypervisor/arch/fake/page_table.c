/*
 * The fake machine's page tables: unlike x86's on purpose, so that nothing of that format leaks into core/.
 *
 * A table has eight entries in use. An entry: bit 63 present, bit 62 writable, bit 61 weak caching, bit 60 must be zero,
 * bits 50 and 51 set by the CPU, bits 0 to 31 the frame. Bit 59 is forced on. The last two slots of a root (level 4) are
 * the hypervisor's own.
 */
#include <hyp/arch_pt.h>
#include <hyp/mm.h>

unsigned int fake_iomem_first = UINT32_MAX; /* frames from here on are devices that every domain may map */

void arch_pt_root_install(struct domain *d, uint64_t *table)
{
	(void)d;
	for (unsigned int i = FAKE_PT_ROOT_SLOTS; i < FAKE_PT_ENTRIES; i++)
		table[i] = FAKE_PTE_PRESENT | FAKE_PTE_FORBIDDEN;
}

void arch_pt_root_clear(uint64_t *table)
{
	for (unsigned int i = FAKE_PT_ROOT_SLOTS; i < FAKE_PT_ENTRIES; i++)
		table[i] = 0;
}

bool arch_iomem_may_map(const struct domain *d, mfn_t frame, bool writable)
{
	(void)d;
	(void)writable;
	return frame.v >= fake_iomem_first;
}

/* A descriptor page must not hold the word "bad". */
enum status arch_segment_page_check(uint64_t *page)
{
	for (unsigned int i = 0; i < PAGE_BYTES / 8; i++)
		if (page[i] == FAKE_SEGMENT_BAD)
			return E_INVAL;
	return OK;
}
