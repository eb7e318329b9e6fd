/*
 * What: frames that are not the domain's cannot be mapped as its own: the hypervisor's, free ones, ones beyond the
 *       machine; machine addresses that are no RAM may be mapped by domain 0, the hypervisor's devices not.
 * Why: one such mapping is the whole machine.
 * How: sweeps all machine frames for those whose M2P entry is not ours and asks for each, read-only and writable.
 * A failure means: a guest reads or writes memory of others.
 */
#include <guest.h>

static void sweep(void)
{
	uint8_t *page = page_alloc();
	uint64_t entry = pte_of(page);
	unsigned long frames = 192 * 256, ours = 0, refused = 0, mapped = 0;

	for (unsigned long mfn = 0x100; mfn < frames; mfn++) {
		unsigned long pfn = mfn_to_pfn(mfn);

		if (pfn < start_info->nr_pages && pfn_to_mfn(pfn) == mfn) {
			ours++;
			continue;
		}
		if (mfn == start_info->shared_info >> 12)
			continue;
		if (map_page(page, mfn, PTE_RW_FLAGS) == 0)
			mapped++;
		else
			refused++;
	}
	print("%lu frames ours, %lu refused, %lu mapped\n", ours, refused, mapped);
	/* What firmware keeps of the last MiB is no RAM: domain 0 may map it. */
	EXPECT_TRUE(mapped <= 256);
	EXPECT_TRUE(ours >= start_info->nr_pages * 9 / 10);
	EXPECT_TRUE(refused > 0);
	EXPECT_STATUS(map(page, entry), 0);
}

static void devices(void)
{
	uint8_t *page = page_alloc();

	/* VGA memory and the firmware's last page are domain 0's to map. */
	EXPECT_STATUS(map_page(page, 0xb8, PTE_RW_FLAGS), 0);
	EXPECT_STATUS(map_page(page, 0xf0, PTE_RO_FLAGS), 0);
	/* The local APIC and the I/O APIC are the hypervisor's. */
	EXPECT_REFUSED(map_page(page, 0xfee00, PTE_RW_FLAGS));
	/* The second may be given read-only instead of refused. */
	if (map_page(page, 0xfec00, PTE_RW_FLAGS) == 0)
		EXPECT_EQ(pte_of(page) & PTE_RW, 0);
}

static void as_another_s(void)
{
	uint8_t *page = page_alloc();
	struct mmu_update one = { .ptr = entry_machine(page, 1), .val = pte_of(page_alloc()) };

	/* Our frame is not DOMID_IO's or DOMID_XEN's, and there is no domain 1. */
	EXPECT_REFUSED(hc_mmu_update(&one, 1, NULL, DOMID_IO));
	EXPECT_REFUSED(hc_mmu_update(&one, 1, NULL, DOMID_XEN));
	EXPECT_STATUS(hc_mmu_update(&one, 1, NULL, 1), -XEN_ESRCH);
	EXPECT_REFUSED(hc_mmu_update(&one, 1, NULL, 0x7fff));
	/* The page-table owner in the high half. */
	EXPECT_STATUS(hc_mmu_update(&one, 1, NULL, 2u << 16 | DOMID_SELF), -XEN_ESRCH);
	EXPECT_STATUS(hc_mmu_update(&one, 1, NULL, DOMID_SELF), 0);
}

static void hypervisor_text_through_m2p_domain(void)
{
	uint8_t *page = page_alloc();
	struct mmu_update one = { .ptr = entry_machine(page, 1) };
	unsigned int writable = 0;

	/* DOMID_XEN gives the frames that the hypervisor shares, read-only ones never writable. */
	for (unsigned long mfn = 0x100; mfn < 192 * 256; mfn++) {
		one.val = pte_make(mfn, PTE_RW_FLAGS);
		writable += hc_mmu_update(&one, 1, NULL, DOMID_XEN) == 0 && mfn != start_info->shared_info >> 12;
	}
	EXPECT_TRUE(writable < 16);
	one.val = 0;
	EXPECT_STATUS(hc_mmu_update(&one, 1, NULL, DOMID_SELF), 0);
}

void test_main(void)
{
	sweep();
	devices();
	as_another_s();
	hypervisor_text_through_m2p_domain();
}
