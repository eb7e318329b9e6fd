/*
 * What: update_va_mapping changes the entry of one page of the live tables, with each flush flag, and refuses what
 *       cannot be.
 * Why: the commonest page-table call of a kernel beside mmu_update.
 * How: remaps pages, reads through the new mappings, asks for impossible addresses and frames.
 * A failure means: kernels map the wrong frames, or the hypervisor accepts an address of its own.
 */
#include <guest.h>

static void remaps(void)
{
	uint8_t *first = page_alloc(), *second = page_alloc();
	unsigned long first_mfn = mfn_of(first), second_mfn = mfn_of(second);

	first[0] = 1;
	second[0] = 2;
	static const unsigned long flushes[] = { UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_INVLPG | UVMF_ALL,
						 UVMF_TLB_FLUSH | UVMF_ALL };

	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_STATUS(
			hc_update_va_mapping((uintptr_t)first, pte_make(second_mfn, PTE_RW_FLAGS), flushes[i]), 0);
		EXPECT_EQ(*(volatile uint8_t *)first, 2);
		EXPECT_STATUS(hc_update_va_mapping((uintptr_t)first, pte_make(first_mfn, PTE_RW_FLAGS), flushes[i]),
			      0);
		EXPECT_EQ(*(volatile uint8_t *)first, 1);
	}
	/* A mask of vCPUs in memory. */
	static unsigned long mask = 1;

	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)first, pte_make(second_mfn, PTE_RW_FLAGS),
					   UVMF_INVLPG | (uintptr_t)&mask),
		      0);
	EXPECT_EQ(*(volatile uint8_t *)first, 2);
}

static void entry_reads_back(void)
{
	uint8_t *page = page_alloc();
	unsigned long mfn = mfn_of(page);
	uint64_t flags = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_SOFT0 | PTE_SOFT1 | PTE_NX;

	EXPECT_STATUS(map_page(page, mfn, flags), 0);
	EXPECT_EQ(pte_of(page) & (PTE_MFN | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_SOFT0 | PTE_SOFT1 | PTE_NX),
		  pte_make(mfn, flags));
	/* A kernel's page may come without US; it stays usable for the kernel. */
	EXPECT_STATUS(map_page(page, mfn, PTE_P | PTE_RW | PTE_A | PTE_D), 0);
	EXPECT_TRUE(try_write(page, 5));
	/* Not present: any bits may be there, and they are kept. */
	EXPECT_STATUS(map(page, 0x00000000deadbe00ul), 0);
	EXPECT_EQ(pte_of(page) & 0xffffffff, 0xdeadbe00);
	EXPECT_TRUE(!try_write(page, 5));
}

static void refusals(void)
{
	uint8_t *page = page_alloc();
	uint64_t entry = pte_of(page);

	EXPECT_STATUS(hc_update_va_mapping(0x10000000000ul, entry, UVMF_INVLPG), -XEN_EINVAL);
	EXPECT_STATUS(hc_update_va_mapping(HYPERVISOR_VIRT_START, entry, UVMF_INVLPG), -XEN_EINVAL);
	EXPECT_STATUS(hc_update_va_mapping(HYPERVISOR_VIRT_END - 4096, entry, UVMF_INVLPG), -XEN_EINVAL);
	EXPECT_STATUS(hc_update_va_mapping(0x800000000000ul, entry, UVMF_INVLPG), -XEN_EINVAL);
	/* Frames that do not exist. */
	EXPECT_REFUSED(map(page, pte_make(0xffffffffful, PTE_RW_FLAGS)));
	EXPECT_REFUSED(map(page, entry | 1ul << 51));
	/* Still as it was. */
	EXPECT_EQ(pte_of(page), entry);
	EXPECT_TRUE(try_write(page, 1));
	EXPECT_REFUSED(hc_update_va_mapping((uintptr_t)page, entry, UVMF_INVLPG | (uintptr_t)HYPERVISOR_VIRT_START));
}

/* Addresses that are none, but that a walk by their middle bits would find in the hypervisor's own tables. */
static void beyond_the_lower_half(void)
{
	uint8_t *page = page_alloc();
	uint64_t entry = pte_of(page);

	for (unsigned long slot = 0; slot < 256; slot++)
		for (unsigned long offset = 0; offset < 1ul << 39; offset += 1ul << 37) {
			unsigned long address = 0x800000000000ul + (slot << 39) + offset;

			EXPECT_STATUS(hc_update_va_mapping(address, 0, UVMF_NONE), -XEN_EINVAL);
			EXPECT_STATUS(hc_update_va_mapping(address, entry, UVMF_NONE), -XEN_EINVAL);
		}
}

void test_main(void)
{
	remaps();
	entry_reads_back();
	refusals();
	beyond_the_lower_half();
}
