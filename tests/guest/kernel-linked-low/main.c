/*
 * What: a kernel that is linked where it is loaded, at 1 MiB, and does not note where that is: it starts at the entry of its ELF
 *       header, finds its pages, tables and start_info in the low half, and takes page 0 away.
 * Why: small kernels and test suites are built so; VIRT_BASE and PADDR_OFFSET are 0 then, ENTRY is the header's.
 * How: is booted; looks where it is; unmaps address 0 and reads there.
 * A failure means: domain 0 does not start with such a kernel, though a guest does.
 */
#include <guest.h>

void test_main(void)
{
	uint64_t word;

	EXPECT_EQ(VIRT_BASE, 0);
	EXPECT_TRUE((uintptr_t)test_main >= 0x100000 && (uintptr_t)test_main < 0x400000);
	EXPECT_EQ(mfn_to_pfn(mfn_of((void *)test_main)), (uintptr_t)test_main >> 12);
	EXPECT_TRUE((uintptr_t)start_info < 0x1000000 && start_info->pt_base < 0x1000000);
	EXPECT_TRUE(try_read((void *)8, &word));
	EXPECT_STATUS(hc_update_va_mapping(0, 0, UVMF_INVLPG), 0);
	EXPECT_TRUE(!try_read((void *)8, &word));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.cr2, 8);
}
