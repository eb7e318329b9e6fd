/*
 * What: where memory below 4 GiB has no room for them, the tables of all frames lie above.
 * Why: they grow with the machine's memory, a two-hundredth of it, and low memory does not.
 * How: a machine with 24 MiB below 4 GiB and 6 GiB in all; reads where the M2P lies and compares it with the P2M.
 * A failure means: a machine of several hundred GiB does not start, or has a wrong M2P.
 * Machine: memory=6144 low=24
 */
#include <guest.h>

#define FRAMES_BELOW_4G 0x100000

static void m2p_lies_above(void)
{
	static xen_pfn_t list[16];
	struct xen_machphys_mfn_list frames = { .max_extents = 16 };
	unsigned int above = 0;

	set_xen_guest_handle(frames.extent_start, list);
	EXPECT_STATUS(hc_memory_op(XENMEM_machphys_mfn_list, &frames), 0);
	for (unsigned int i = 0; i < frames.nr_extents; i++)
		above += list[i] >= FRAMES_BELOW_4G;
	EXPECT_TRUE(above > 0);
}

static void p2m_and_m2p_agree(void)
{
	unsigned long wrong = 0, above = 0;

	for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++) {
		wrong += mfn_to_pfn(pfn_to_mfn(pfn)) != pfn;
		above += pfn_to_mfn(pfn) >= FRAMES_BELOW_4G;
	}
	EXPECT_EQ(wrong, 0);
	EXPECT_TRUE(above > 0);
}

void test_main(void)
{
	m2p_lies_above();
	p2m_and_m2p_agree();
}
