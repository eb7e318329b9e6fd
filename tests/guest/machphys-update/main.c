/*
 * What: mmu_update with command MACHPHYS_UPDATE sets the M2P entry of an own frame, and of no other.
 * Why: domain 0 renumbers frames at boot; a foreign entry would mislead another domain (XSA-22, XSA-32, XSA-113).
 * How: sets, reads and restores entries; tries frames of others and beyond the table.
 * A failure means: the table lies, or is written out of bounds.
 */
#include <guest.h>

void test_main(void)
{
	unsigned long mfn = mfn_of(page_alloc());
	unsigned long pfn = mfn_to_pfn(mfn);

	EXPECT_STATUS(update((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, 0x12345), 0);
	EXPECT_EQ(mfn_to_pfn(mfn), 0x12345);
	EXPECT_STATUS(update((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, pfn), 0);
	EXPECT_EQ(mfn_to_pfn(mfn), pfn);

	EXPECT_REFUSED(update(0x100ul << 12 | MMU_MACHPHYS_UPDATE, 1));
	EXPECT_REFUSED(update(0xffffffffful << 12 | MMU_MACHPHYS_UPDATE, 1));
	EXPECT_REFUSED(update((~0ul << 12) | MMU_MACHPHYS_UPDATE, 1));
	EXPECT_REFUSED(update(0xb8ul << 12 | MMU_MACHPHYS_UPDATE, 1));
	for (unsigned int i = 0; i < 64; i++) {
		EXPECT_STATUS(update((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, i), 0);
		EXPECT_EQ(mfn_to_pfn(mfn), i);
	}
	EXPECT_STATUS(update((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, pfn), 0);
	/* No reference was leaked on the way: the page can still be given up. */
	uint8_t *page = pfn_to_va(pfn);
	xen_pfn_t frame = mfn;
	struct xen_memory_reservation reservation = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(reservation.extent_start, &frame);
	EXPECT_STATUS(map(page, 0), 0);
	EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 1);
}
