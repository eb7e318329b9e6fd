/*
 * What: two vCPUs map, unmap and copy through the same grants at once: in the end nothing is mapped or in use.
 * Why: XSA-228, XSA-218, XSA-230: tracking entries and use counts were lost in races.
 * How: both work for a fixed number of rounds on two references; then flags and types must be clean.
 * A failure means: a granted page stays in use for ever, or is freed while mapped.
 * Machine: cpus=2
 */
#include <guest.h>

#define ROUNDS 400

static struct grant_entry_v1 *table;
static void *views[2];
static volatile unsigned int maps[2];

static void work(void *argument)
{
	unsigned int who = (unsigned int)(uintptr_t)argument;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct gnttab_map_grant_ref op = { .host_addr = (uintptr_t)views[who],
						   .ref = 8 + (round + who) % 2,
						   .flags = GNTMAP_host_map | (round % 3 ? 0 : GNTMAP_readonly),
						   .dom = 0 };

		if (hc_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) || op.status)
			continue;
		maps[who]++;
		struct gnttab_copy copy = { .source = { .u.ref = 8, .domid = 0 },
					    .dest = { .u.ref = 9, .domid = 0 },
					    .len = 64,
					    .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref };

		hc_grant_table_op(GNTTABOP_copy, &copy, 1);
		/* Both try to unmap each other's handle too. */
		struct gnttab_unmap_grant_ref unmap = { .host_addr = (uintptr_t)views[who], .handle = op.handle };

		hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
		unmap.handle = op.handle ^ 1;
		unmap.status = 0;
		hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	}
}

void test_main(void)
{
	static xen_pfn_t frames[1];
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };
	uint64_t *pages[2] = { page_alloc(), page_alloc() };

	set_xen_guest_handle(op.frame_list, frames);
	REQUIRE(hc_grant_table_op(GNTTABOP_setup_table, &op, 1) == 0 && op.status == 0);
	table = alias_alloc(frames[0], PTE_RW_FLAGS);
	for (unsigned int i = 0; i < 2; i++) {
		views[i] = page_alloc();
		EXPECT_STATUS(map(views[i], 0), 0);
		table[8 + i] = (struct grant_entry_v1){ .flags = GTF_permit_access,
							.domid = 0,
							.frame = (uint32_t)mfn_of(pages[i]) };
	}
	vcpu_start(1, work, (void *)1);
	work((void *)0);
	EXPECT_TRUE(vcpu_join(1));
	print("%u and %u mappings\n", maps[0], maps[1]);
	EXPECT_EQ(maps[0], ROUNDS);
	EXPECT_EQ(maps[1], ROUNDS);
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_EQ(table[8 + i].flags, GTF_permit_access);
		EXPECT_STATUS(table_seal(pages[i]), 0);
		EXPECT_STATUS(table_pin(pages[i], 1), 0);
	}
}
