/*
 * Frames and mappings of the test kernel. Frames come in order of their number from the end of the boot stack, first
 * those that the builder's tables map, as page_alloc's, then the rest, as pfn_alloc's. Nothing is given back.
 */
#include "guest.h"

static unsigned long next_mapped_pfn;
static unsigned long mapped_end_pfn;
static unsigned long next_unmapped_pfn;

void page_init(void)
{
	unsigned long pfn = (boot_registers[BOOT_RSP] - VIRT_BASE) / PAGE_BYTES;

	next_mapped_pfn = pfn;
	while (pfn < start_info->nr_pages) {
		uint64_t *entry = entry_of(pfn_to_va(pfn), 1);

		if (!entry || !(*entry & PTE_RW))
			break;
		pfn++;
	}
	mapped_end_pfn = pfn;
	next_unmapped_pfn = pfn;
}

void *page_alloc(void)
{
	if (next_mapped_pfn >= mapped_end_pfn)
		FAIL("out of mapped pages");
	void *va = pfn_to_va(next_mapped_pfn++);

	bytes_fill(va, 0, PAGE_BYTES);
	return va;
}

unsigned long pfn_alloc(void)
{
	if (next_unmapped_pfn >= start_info->nr_pages)
		FAIL("out of pages");
	return next_unmapped_pfn++;
}

unsigned int page_left(void)
{
	return (unsigned int)(mapped_end_pfn - next_mapped_pfn);
}

unsigned long pfn_to_mfn(unsigned long pfn)
{
	return ((unsigned long *)start_info->mfn_list)[pfn];
}

unsigned long mfn_to_pfn(unsigned long mfn)
{
	return ((unsigned long *)MACH2PHYS_VIRT_START)[mfn];
}

void *pfn_to_va(unsigned long pfn)
{
	return (void *)(VIRT_BASE + pfn * PAGE_BYTES);
}

uint64_t *entry_of(const volatile void *va, unsigned int level)
{
	uint64_t *table = (uint64_t *)start_info->pt_base;

	for (unsigned int at = 4;; at--) {
		uint64_t *entry = &table[((unsigned long)va >> (12 + 9 * (at - 1))) & 511];

		if (at == level)
			return entry;
		if (!(*entry & PTE_P))
			return NULL;
		table = pfn_to_va(mfn_to_pfn((*entry & PTE_MFN) >> 12));
	}
}

uint64_t pte_of(const volatile void *va)
{
	uint64_t *entry = entry_of(va, 1);

	return entry ? *(volatile uint64_t *)entry : 0;
}

unsigned long mfn_of(const volatile void *va)
{
	uint64_t entry = pte_of(va);

	if (!(entry & PTE_P))
		FAIL("an address that should be mapped is not");
	return (entry & PTE_MFN) >> 12;
}

uint64_t machine_of(const volatile void *va)
{
	return (uint64_t)mfn_of(va) << 12 | ((unsigned long)va & (PAGE_BYTES - 1));
}

uint64_t entry_machine(const volatile void *va, unsigned int level)
{
	uint64_t *entry = entry_of(va, level);

	if (!entry)
		FAIL("an address that should have page tables has none");
	return machine_of(entry);
}

long map(void *va, uint64_t entry)
{
	return hc_update_va_mapping((unsigned long)va, entry, UVMF_INVLPG);
}

long map_page(void *va, unsigned long mfn, uint64_t flags)
{
	return map(va, pte_make(mfn, flags));
}

long page_protect(void *va, uint64_t flags)
{
	return map_page(va, mfn_of(va), flags);
}

long update(uint64_t machine_and_command, uint64_t value)
{
	struct mmu_update one = { .ptr = machine_and_command, .val = value };

	return hc_mmu_update(&one, 1, NULL, DOMID_SELF);
}

long mmuext(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.linear_addr = arg1, .arg2.nr_ents = (unsigned int)arg2 };

	if (cmd == MMUEXT_COPY_PAGE)
		op.arg2.src_mfn = arg2;
	if (cmd == MMUEXT_TLB_FLUSH_MULTI || cmd == MMUEXT_INVLPG_MULTI)
		op.arg2.vcpumask.p = (void *)arg2;
	return hc_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

long table_seal(void *table)
{
	return page_protect(table, PTE_RO_FLAGS);
}

long table_unseal(void *table)
{
	return page_protect(table, PTE_RW_FLAGS);
}

long table_pin(void *table, unsigned int level)
{
	return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_of(table), 0);
}

long table_unpin(void *table)
{
	return mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0);
}

void *alias_alloc(unsigned long mfn, uint64_t flags)
{
	void *va = page_alloc();

	if (map_page(va, mfn, flags))
		FAIL("an alias could not be mapped");
	return va;
}

uint64_t *top_table_alloc(void)
{
	const uint64_t *kernel = (const uint64_t *)start_info->pt_base;
	uint64_t *table = page_alloc();

	for (unsigned int slot = 0; slot < 512; slot++)
		if (slot < 256 || slot > 271)
			table[slot] = kernel[slot];
	if (table_seal(table))
		FAIL("a page could not be made read-only");
	return table;
}

void bytes_fill(void *to, int value, size_t count)
{
	asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

void bytes_copy(void *to, const void *from, size_t count)
{
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

int bytes_compare(const void *a, const void *b, size_t count)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < count; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
