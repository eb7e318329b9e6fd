/*
 * What: mmu_update with PT_UPDATE_PRESERVE_AD keeps the Accessed and Dirty bits of the old entry.
 * Why: kernels change protection without losing what the processor recorded; they look for the feature bit.
 * How: dirties a page, updates its entry with and without the command.
 * A failure means: dirty pages are dropped as clean: data loss in the guest.
 */
#include <guest.h>

void test_main(void)
{
	volatile uint64_t *page = page_alloc();
	unsigned long mfn = mfn_of(page);
	uint64_t machine = entry_machine(page, 1);

	EXPECT_STATUS(map_page((void *)page, mfn, PTE_P | PTE_US | PTE_RW), 0);
	EXPECT_EQ(pte_of(page) & (PTE_A | PTE_D), 0);
	page[0] = 1;
	EXPECT_EQ(pte_of(page) & (PTE_A | PTE_D), PTE_A | PTE_D);

	EXPECT_STATUS(update(machine | MMU_PT_UPDATE_PRESERVE_AD, pte_make(mfn, PTE_P | PTE_US)), 0);
	EXPECT_EQ(pte_of(page) & (PTE_P | PTE_RW | PTE_A | PTE_D), PTE_P | PTE_A | PTE_D);
	EXPECT_STATUS(update(machine, pte_make(mfn, PTE_P | PTE_US)), 0);
	EXPECT_EQ(pte_of(page) & (PTE_A | PTE_D), 0);
	EXPECT_STATUS(update(machine | 3, pte_make(mfn, PTE_P | PTE_US | PTE_RW)), 0);
	EXPECT_EQ(pte_of(page) & (PTE_P | PTE_RW), PTE_P | PTE_RW);
}
