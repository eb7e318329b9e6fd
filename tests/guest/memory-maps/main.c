/*
 * What: machine_memory_map, machphys_mapping and machphys_mfn_list.
 * Why: domain 0's kernel reads the machine's memory from the first and the M2P's place from the second.
 * How: reads them, checks order and bounds, passes short and bad buffers.
 * A failure means: domain 0 sees the wrong machine, or a short buffer is overrun.
 */
#include <guest.h>

struct e820 {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

static struct e820 entries[64];

static void machine_map(void)
{
	struct xen_memory_map memory_map = { .nr_entries = 64 };
	uint64_t ram = 0;

	set_xen_guest_handle(memory_map.buffer, (void *)entries);
	EXPECT_STATUS(hc_memory_op(XENMEM_machine_memory_map, &memory_map), 0);
	EXPECT_TRUE(memory_map.nr_entries > 1 && memory_map.nr_entries < 64);
	for (unsigned int i = 0; i < memory_map.nr_entries; i++) {
		ram += entries[i].type == 1 ? entries[i].size : 0;
		EXPECT_TRUE(entries[i].type >= 1 && entries[i].type <= 7);
		if (i)
			EXPECT_TRUE(entries[i].start >= entries[i - 1].start + entries[i - 1].size);
	}
	EXPECT_TRUE(ram > 180ul << 20 && ram <= 192ul << 20);
	/* Too short: what fits or nothing, but no more. */
	entries[1].type = 77;
	memory_map.nr_entries = 1;
	EXPECT_TRUE(hc_memory_op(XENMEM_machine_memory_map, &memory_map) <= 0);
	EXPECT_TRUE(memory_map.nr_entries <= 1);
	EXPECT_EQ(entries[1].type, 77);
	memory_map.nr_entries = 64;
	set_xen_guest_handle(memory_map.buffer, (void *)HYPERVISOR_VIRT_START);
	EXPECT_STATUS(hc_memory_op(XENMEM_machine_memory_map, &memory_map), -XEN_EFAULT);
}

static void machphys(void)
{
	struct xen_machphys_mapping mapping = {};
	static xen_pfn_t list[4];
	struct xen_machphys_mfn_list frames = { .max_extents = 4 };

	EXPECT_STATUS(hc_memory_op(XENMEM_machphys_mapping, &mapping), 0);
	EXPECT_EQ(mapping.v_start, MACH2PHYS_VIRT_START);
	EXPECT_EQ(mapping.v_end, MACH2PHYS_VIRT_END);
	EXPECT_TRUE(mapping.max_mfn >= 180 * 256 - 1);
	set_xen_guest_handle(frames.extent_start, list);
	EXPECT_STATUS(hc_memory_op(XENMEM_machphys_mfn_list, &frames), 0);
	EXPECT_TRUE(frames.nr_extents >= 1 && frames.nr_extents <= 4);
	/* The first extent is the table itself: mapped by DOMID_XEN, it reads the same. */
	uint64_t *page = page_alloc();
	struct mmu_update one = { .ptr = entry_machine(page, 1), .val = pte_make(list[0], PTE_RO_FLAGS) };

	EXPECT_STATUS(hc_mmu_update(&one, 1, NULL, DOMID_XEN), 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	EXPECT_EQ(page[0x123], mfn_to_pfn(0x123));
	one.val |= PTE_RW;
	EXPECT_REFUSED(hc_mmu_update(&one, 1, NULL, DOMID_XEN));
}

void test_main(void)
{
	machine_map();
	machphys();
}
