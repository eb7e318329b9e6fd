/*
 * What: a kernel with an INIT_P2M note finds its P2M list at that address, in frames of its own that start_info names.
 * Why: Linux asks for it, to keep the list out of the kernel's mapping.
 * How: this kernel's note says 0x8000000000 (file `flags`); the whole list is read there and compared, and written.
 * A failure means: Linux finds no list and dies before it can print.
 */
#include <guest.h>

void test_main(void)
{
	volatile unsigned long *list = (unsigned long *)GUEST_INIT_P2M;
	unsigned long bytes = start_info->nr_pages * 8, wrong = 0;

	EXPECT_EQ(start_info->mfn_list, GUEST_INIT_P2M);
	EXPECT_TRUE(start_info->nr_p2m_frames * PAGE_BYTES >= bytes);
	EXPECT_TRUE(start_info->first_p2m_pfn > 0);
	EXPECT_TRUE(start_info->first_p2m_pfn + start_info->nr_p2m_frames <= start_info->nr_pages);
	/* Behind everything that the initial mapping holds. */
	EXPECT_TRUE(start_info->first_p2m_pfn >= (boot_registers[BOOT_RSP] - VIRT_BASE) / PAGE_BYTES);
	for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++)
		wrong += mfn_to_pfn(list[pfn]) != pfn;
	EXPECT_EQ(wrong, 0);
	list[0] = list[0];
	EXPECT_EQ(*entry_of((void *)GUEST_INIT_P2M, 4) & (PTE_P | PTE_RW), PTE_P | PTE_RW);
}
