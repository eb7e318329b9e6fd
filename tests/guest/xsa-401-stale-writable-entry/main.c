/*
 * What: when a page becomes a page table, no TLB entry of the guest that can write it is left, though the guest asked
 *       for no flush.
 * Why: XSA-401, XSA-408, XSA-212's cousins: through a stale entry the guest writes its validated tables.
 * How: loads the TLB by a write, removes the mapping without a flush, pins the page, writes again: that must fault. For
 *      each level, and for a descriptor page.
 * A failure means: the guest writes its own page tables or descriptors.
 */
#include <guest.h>

static void as_a_table(unsigned int level)
{
	uint64_t *page = level == 4 ? top_table_alloc() : page_alloc();
	unsigned long mfn = mfn_of(page);
	volatile uint64_t *view = page_alloc();

	if (level == 4)
		EXPECT_STATUS(table_unseal(page), 0);
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(mfn, PTE_RW_FLAGS), UVMF_TLB_FLUSH), 0);
	EXPECT_STATUS(map(page, 0), 0);
	view[6] = 0;
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, 0, UVMF_NONE), 0);
	EXPECT_STATUS(mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn, 0), 0);
	EXPECT_TRUE(!try_write((void *)&view[6], 0xbad));
	EXPECT_FAULT(VECTOR_PF, PF_W);
	EXPECT_STATUS(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
	/* Read-only instead of removed. */
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(mfn, PTE_RW_FLAGS), UVMF_TLB_FLUSH), 0);
	view[6] = 0;
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(mfn, PTE_RO_FLAGS), UVMF_NONE), 0);
	EXPECT_STATUS(mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn, 0), 0);
	if (level > 1) {
		EXPECT_TRUE(!try_write((void *)&view[6], 0xbad));
		EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
	}
	EXPECT_EQ(view[6], 0);
}

static void as_descriptors(void)
{
	uint64_t *page = page_alloc();
	unsigned long mfn = mfn_of(page);

	page[1] = 0;
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)page, pte_make(mfn, PTE_RO_FLAGS), UVMF_NONE), 0);
	EXPECT_STATUS(hc_set_gdt(&mfn, 16), 0);
	EXPECT_TRUE(!try_write(&page[1], 0x0000890000000067ull));
	EXPECT_EQ(page[1], 0);
}

void test_main(void)
{
	for (unsigned int level = 1; level <= 4; level++)
		as_a_table(level);
	as_descriptors();
}
