/*
 * What: the rarer grant operations with numbers out of range: swap_grant_ref, cache_flush, set_version, get_version,
 *       status frames, dump, transfer, unmap_and_replace, device mappings unmapped apart.
 * Why: XSA-18, XSA-26, XSA-224, XSA-232, XSA-520: each took an index, a frame or a count unchecked.
 * How: calls each with first, last, next and huge numbers; what is left out must refuse.
 * A failure means: out-of-bounds access, or counts that no longer agree.
 */
#include <guest.h>

static struct grant_entry_v1 *table;

static void setup(void)
{
	static xen_pfn_t frames[1];
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };

	set_xen_guest_handle(op.frame_list, frames);
	REQUIRE(hc_grant_table_op(GNTTABOP_setup_table, &op, 1) == 0 && op.status == 0);
	table = alias_alloc(frames[0], PTE_RW_FLAGS);
}

static void swaps(void)
{
	static const uint32_t refs[] = { 0, 511, 512, 32767, 32768, 0x7fffffff, ~0u };

	for (unsigned int i = 0; i < 7; i++) {
		struct gnttab_swap_grant_ref op = { .ref_a = 8, .ref_b = refs[i] };
		long result = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);

		if (result == 0 && refs[i] >= 512)
			EXPECT_TRUE(op.status < 0);
		EXPECT_TRUE(result <= 0);
	}
}

static void flushes(void)
{
	static const uint64_t addresses[] = { 0, 0xb8000, 0x100000, 0xfee00000, 0xffffffffff000, ~0ul };

	for (unsigned int i = 0; i < 6; i++) {
		struct gnttab_cache_flush op = { .a.dev_bus_addr = addresses[i],
						 .length = 64,
						 .op = GNTTAB_CACHE_CLEAN };

		hc_grant_table_op(GNTTABOP_cache_flush, &op, 1);
		op.offset = 4095;
		op.length = 65535;
		EXPECT_TRUE(hc_grant_table_op(GNTTABOP_cache_flush, &op, 1) != 0);
	}
	/* No reference is leaked on an own page. */
	uint8_t *page = page_alloc();
	struct gnttab_cache_flush op = { .a.dev_bus_addr = machine_of(page), .length = 64, .op = GNTTAB_CACHE_CLEAN };

	for (unsigned int i = 0; i < 100; i++)
		EXPECT_TRUE(hc_grant_table_op(GNTTABOP_cache_flush, &op, 1) <= 0);
	EXPECT_STATUS(table_seal(page), 0);
	EXPECT_STATUS(table_pin(page, 1), 0);
}

static void versions(void)
{
	struct gnttab_set_version set = { .version = 3 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };

	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_set_version, &set, 1), -XEN_EINVAL);
	set.version = 1;
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_set_version, &set, 1), 0);
	EXPECT_EQ(set.version, 1);
	if (hc_grant_table_op(GNTTABOP_get_version, &get, 1) == 0)
		EXPECT_EQ(get.version, 1);
}

static void device_and_host_apart(void)
{
	uint64_t *page = page_alloc(), *view = page_alloc();
	struct gnttab_map_grant_ref map_op = {
		.host_addr = (uintptr_t)view, .flags = GNTMAP_host_map | GNTMAP_device_map, .ref = 20, .dom = 0
	};
	struct gnttab_unmap_grant_ref unmap = {};

	EXPECT_STATUS(map(view, 0), 0);
	table[20] =
		(struct grant_entry_v1){ .flags = GTF_permit_access, .domid = 0, .frame = (uint32_t)mfn_of(page) };
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_map_grant_ref, &map_op, 1), 0);
	if (map_op.status)
		return;
	unmap.handle = map_op.handle;
	unmap.dev_bus_addr = map_op.dev_bus_addr;
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1), 0);
	EXPECT_EQ(unmap.status, 0);
	EXPECT_TRUE(table[20].flags & GTF_writing);
	/* A second time the same half: refused, or nothing. The other half is still mapped. */
	hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	view[1] = 5;
	EXPECT_EQ(page[1], 5);
	unmap = (struct gnttab_unmap_grant_ref) { .handle = map_op.handle, .host_addr = (uintptr_t)view };
	hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	/* Nothing mapped any more, if the hypervisor said so: the page may be a table. */
	EXPECT_STATUS(map(view, 0), 0);
	EXPECT_STATUS(table_seal(page), 0);
	if (!(table[20].flags & GTF_writing))
		EXPECT_STATUS(table_pin(page, 1), 0);
}

static void huge_counts(void)
{
	struct gnttab_map_grant_ref op = {};

	for (unsigned int cmd = 0; cmd <= 12; cmd++) {
		hc_grant_table_op(cmd, &op, 0);
		EXPECT_TRUE(hc_grant_table_op(cmd, &op, 0x80000000u) != 0);
		EXPECT_TRUE(hc_grant_table_op(cmd, (void *)HYPERVISOR_VIRT_START, 1) != 0);
	}
}

void test_main(void)
{
	setup();
	swaps();
	flushes();
	versions();
	device_and_host_apart();
	huge_counts();
}
