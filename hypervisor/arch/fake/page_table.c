/*
 * The fake machine's page tables: unlike x86's on purpose, so that nothing of that format leaks into core/.
 *
 * A table has eight entries in use. An entry: bit 63 present, bit 62 writable, bit 61 weak caching, bit 60 must be zero,
 * bits 50 and 51 set by the CPU, bits 0 to 31 the frame. Bit 59 is forced on. The last two slots of a root (level 4) are
 * the hypervisor's own.
 */
#include <hyp/fake_page_table.h>
#include <hyp/mm.h>

unsigned int fake_iomem_first = UINT32_MAX; /* frames from here on are devices that privileged domains may map */

unsigned int arch_pt_entries(unsigned int level)
{
	(void)level;
	return FAKE_PT_ENTRIES;
}

bool arch_pt_slot_is_guests(unsigned int level, unsigned int index)
{
	return level != PAGE_LEVELS || index < FAKE_PT_ROOT_SLOTS;
}

enum status arch_pt_decode(const struct domain *d, unsigned int level, uint64_t raw, struct pt_entry *out)
{
	(void)d;
	*out = (struct pt_entry){.kind = PT_EMPTY};
	if (!(raw & FAKE_PTE_PRESENT))
		return OK;
	if (raw & FAKE_PTE_FORBIDDEN)
		return E_INVAL;
	out->frame = mfn((uint32_t)raw);
	out->kind = level == 1 ? PT_LEAF : PT_TABLE;
	out->writable = level == 1 && raw & FAKE_PTE_WRITABLE;
	out->weak_caching = level == 1 && raw & FAKE_PTE_WEAK;
	return OK;
}

uint64_t arch_pt_adjust(unsigned int level, uint64_t raw)
{
	(void)level;
	return raw & FAKE_PTE_PRESENT ? raw | FAKE_PTE_FORCED : raw;
}

uint64_t arch_pt_read_only(uint64_t raw) { return raw & ~FAKE_PTE_WRITABLE; }

uint64_t arch_pt_hardware_bits(void) { return FAKE_PTE_HARDWARE; }

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
	(void)writable;
	return d->privileged && frame.v >= fake_iomem_first;
}

/* A descriptor page must not hold the word "bad". */
enum status arch_segment_page_check(uint64_t *page)
{
	for (unsigned int i = 0; i < PAGE_BYTES / 8; i++)
		if (page[i] == FAKE_SEGMENT_BAD)
			return E_INVAL;
	return OK;
}
