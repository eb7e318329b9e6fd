/*
 * What: CLEAR_PAGE and COPY_PAGE work on own writable frames and refuse page tables and frames of others.
 * Why: they write by frame number, past every mapping.
 * How: clears and copies pages; names a page table, a hypervisor frame and a frame beyond the machine.
 * A failure means: a page table or the hypervisor can be overwritten.
 */
#include <guest.h>

void test_main(void)
{
	uint8_t *from = page_alloc(), *to = page_alloc();
	unsigned long table = mfn_of((void *)start_info->pt_base);

	bytes_fill(from, 0x5a, PAGE_BYTES);
	from[4095] = 0x33;
	EXPECT_STATUS(mmuext(MMUEXT_COPY_PAGE, mfn_of(to), mfn_of(from)), 0);
	EXPECT_EQ(bytes_compare(from, to, PAGE_BYTES), 0);
	EXPECT_STATUS(mmuext(MMUEXT_CLEAR_PAGE, mfn_of(to), 0), 0);
	EXPECT_EQ(to[0] | to[2000] | to[4095], 0);
	/* Reading a page table is allowed, writing one is not. */
	EXPECT_STATUS(mmuext(MMUEXT_COPY_PAGE, mfn_of(to), table), 0);
	EXPECT_EQ(bytes_compare(to, (void *)start_info->pt_base, 2048), 0);
	EXPECT_REFUSED(mmuext(MMUEXT_COPY_PAGE, table, mfn_of(from)));
	EXPECT_REFUSED(mmuext(MMUEXT_CLEAR_PAGE, table, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_CLEAR_PAGE, 0xffffffffful, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_CLEAR_PAGE, 0xb8, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_COPY_PAGE, mfn_of(to), 0xffffffffful));
}
