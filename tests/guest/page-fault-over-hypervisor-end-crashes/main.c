/*
 * What: a page fault of kernel code with its stack so close above the hypervisor's range that the frame would reach into
 *       it kills the domain.
 * Why: XSA-215 again, for the frame that assembly writes without C.
 * How: maps a page at the first address behind the range, and faults with rsp 32 bytes above it.
 * A failure means: a guest writes into the hypervisor.
 */
#include <guest.h>

void test_main(void)
{
	uint64_t *level3 = page_alloc(), *level2 = page_alloc(), *level1 = page_alloc(), *page = page_alloc();

	/* With a user's table the kernel's faults take the short way. */
	user_init();
	level1[0] = pte_make(mfn_of(page), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level1), 0);
	level2[0] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level2), 0);
	level3[0] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level3), 0);
	EXPECT_STATUS(update(entry_machine((void *)HYPERVISOR_VIRT_END, 4), pte_make(mfn_of(level3), PTE_RW_FLAGS)),
		      0);
	EXPECT_TRUE(try_write((void *)HYPERVISOR_VIRT_END, 1));
	EXPECT_CRASH("the frame would reach into the hypervisor");
	asm volatile("mov %0, %%rsp; mov 0x10000000000, %%rax" : : "r"(HYPERVISOR_VIRT_END + 32));
	EXPECT_TRUE(false);
}
