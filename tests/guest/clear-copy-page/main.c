/*
 * What: CLEAR_PAGE and COPY_PAGE work on own writable frames and refuse page tables and frames of others.
 * Why: they write by frame number, past every mapping.
 * How: clears and copies pages; names a page table, a hypervisor frame, one that it shares with domain 0, and a frame beyond
 *      the machine.
 * A failure means: a page table or the hypervisor can be overwritten.
 */
#include <guest.h>

/* The table of frames is shown to domain 0, to be read. */
static void hypervisors_frames(void)
{
	struct xen_machphys_mfn_list list = {.max_extents = 1};
	struct mmuext_op op = {.cmd = MMUEXT_CLEAR_PAGE};
	xen_pfn_t frame = 0;

	set_xen_guest_handle(list.extent_start, &frame);
	EXPECT_STATUS(hc_memory_op(XENMEM_machphys_mfn_list, &list), 0);
	op.arg1.mfn = frame;
	EXPECT_REFUSED(hc_mmuext_op(&op, 1, NULL, DOMID_XEN));
	op.cmd = MMUEXT_COPY_PAGE;
	op.arg2.src_mfn = frame;
	EXPECT_REFUSED(hc_mmuext_op(&op, 1, NULL, DOMID_XEN));
}

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
	hypervisors_frames();
}
