/*
 * What: start_info holds what the ABI promises, and the P2M and M2P agree for every frame.
 * Why: a kernel believes these words before it can check anything; a wrong frame number here corrupts memory later.
 * How: reads each field; walks the P2M list of the whole domain against the M2P; looks at the shared page and at the
 *      command line that the runner gave.
 * A failure means: the builder of domain 0 wrote a field wrongly, or numbered frames in two ways.
 * Machine: words=first-word,second-word
 */
#include <guest.h>

static void fields_are_right(void)
{
	static const char magic[] = "xen-3.0-x86_64";

	EXPECT_EQ(bytes_compare(start_info->magic, magic, sizeof(magic) - 1), 0);
	EXPECT_EQ(boot_registers[BOOT_RSI], start_info);
	EXPECT_EQ((uintptr_t)start_info % PAGE_BYTES, 0);
	EXPECT_TRUE(start_info->flags & SIF_PRIVILEGED);
	EXPECT_TRUE(start_info->flags & SIF_INITDOMAIN);
	EXPECT_TRUE(!(start_info->flags & SIF_MOD_START_PFN));
	EXPECT_EQ(start_info->store_mfn, 0);
	EXPECT_EQ(start_info->store_evtchn, 0);
	EXPECT_EQ(start_info->mod_start, 0);
	EXPECT_EQ(start_info->mod_len, 0);
	EXPECT_EQ(start_info->shared_info % PAGE_BYTES, 0);
	/* dom0_mem=64M, less what the machine's tables cost at most. */
	EXPECT_TRUE(start_info->nr_pages > 60 * 256 / 4 * 3 && start_info->nr_pages <= 64 * 256);
	EXPECT_TRUE(option_is("first-word second-word"));
}

static void layout_is_in_order(void)
{
	extern char image_end[];

	EXPECT_TRUE(start_info->mfn_list >= (unsigned long)image_end);
	EXPECT_TRUE((unsigned long)start_info > start_info->mfn_list);
	EXPECT_TRUE(start_info->pt_base > (unsigned long)start_info);
	EXPECT_EQ(start_info->pt_base % PAGE_BYTES, 0);
	EXPECT_TRUE(boot_registers[BOOT_RSP] > start_info->pt_base + (start_info->nr_pt_frames - 1) * PAGE_BYTES);
}

static void p2m_and_m2p_agree(void)
{
	unsigned long wrong = 0;

	for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++)
		wrong += mfn_to_pfn(pfn_to_mfn(pfn)) != pfn;
	EXPECT_EQ(wrong, 0);
	/* The shared page belongs to no pseudo-physical frame of ours. */
	unsigned long pfn = mfn_to_pfn(start_info->shared_info >> 12);

	EXPECT_TRUE(pfn >= start_info->nr_pages);
}

static void mappings_follow_the_list(void)
{
	unsigned long wrong = 0;

	for (unsigned long va = VIRT_BASE + 0x100000; va < boot_registers[BOOT_RSP]; va += PAGE_BYTES)
		if ((void *)va != (void *)shared)
			wrong += mfn_of((void *)va) != pfn_to_mfn((va - VIRT_BASE) / PAGE_BYTES);
	EXPECT_EQ(wrong, 0);
}

void test_main(void)
{
	fields_are_right();
	layout_is_in_order();
	p2m_and_m2p_agree();
	mappings_follow_the_list();
}
