/*
 * What: GNTTABOP_copy between frames and grants of ourselves, with every limit of offset and length.
 * Why: network packets; the newest and worst advisories are here (XSA-523: arbitrary read and write by copy).
 * How: copies by frame and by reference in all four combinations, compares byte by byte, checks that bytes beside stay;
 *      crosses page ends, uses read-only and revoked grants, foreign frames, page tables as destination.
 * A failure means: a domain reads or writes memory that it was not given.
 */
#include <guest.h>

static struct grant_entry_v1 *table;
static uint8_t *from, *to;

static int copy(struct gnttab_copy op)
{
	op.status = 99;
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_copy, &op, 1), 0);
	return op.status;
}

static struct gnttab_copy by_frame(unsigned int from_offset, unsigned int to_offset, unsigned int length)
{
	struct gnttab_copy op = {
		.source = { .u.gmfn = mfn_of(from), .domid = DOMID_SELF, .offset = (uint16_t)from_offset },
		.dest = { .u.gmfn = mfn_of(to), .domid = DOMID_SELF, .offset = (uint16_t)to_offset },
		.len = (uint16_t)length,
	};

	return op;
}

static void setup(void)
{
	static xen_pfn_t frames[1];
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };

	set_xen_guest_handle(op.frame_list, frames);
	REQUIRE(hc_grant_table_op(GNTTABOP_setup_table, &op, 1) == 0 && op.status == 0);
	table = alias_alloc(frames[0], PTE_RW_FLAGS);
	from = page_alloc();
	to = page_alloc();
	for (unsigned int i = 0; i < PAGE_BYTES; i++)
		from[i] = (uint8_t)(i * 7 + 3);
	table[8] = (struct grant_entry_v1){ .flags = GTF_permit_access | GTF_readonly,
					    .domid = 0,
					    .frame = (uint32_t)mfn_of(from) };
	table[9] = (struct grant_entry_v1) { .flags = GTF_permit_access, .domid = 0, .frame = (uint32_t)mfn_of(to) };
}

static void copied(struct gnttab_copy op)
{
	bytes_fill(to, 0xee, PAGE_BYTES);
	EXPECT_EQ(copy(op), GNTST_okay);
	EXPECT_EQ(bytes_compare(to + op.dest.offset, from + op.source.offset, op.len), 0);
	if (op.dest.offset)
		EXPECT_EQ(to[op.dest.offset - 1], 0xee);
	if (op.dest.offset + op.len < PAGE_BYTES)
		EXPECT_EQ(to[op.dest.offset + op.len], 0xee);
}

static void four_ways(void)
{
	static const uint16_t shapes[][3] = { { 0, 0, 4096 },  { 1, 2, 3 },	{ 4095, 0, 1 }, { 0, 4095, 1 },
					      { 100, 200, 0 }, { 7, 4000, 96 }, { 4000, 9, 96 } };

	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (unsigned int way = 0; way < 4; way++) {
			struct gnttab_copy op = by_frame(shapes[i][0], shapes[i][1], shapes[i][2]);

			op.flags = (uint16_t)way;
			if (way & GNTCOPY_source_gref) {
				op.source.u.gmfn = 0;
				op.source.u.ref = 8;
				op.source.domid = 0;
			}
			if (way & GNTCOPY_dest_gref) {
				op.dest.u.gmfn = 0;
				op.dest.u.ref = 9;
				op.dest.domid = 0;
			}
			copied(op);
		}
	/* Nothing stays in use. */
	EXPECT_EQ(table[8].flags, GTF_permit_access | GTF_readonly);
	EXPECT_EQ(table[9].flags, GTF_permit_access);
}

static void bounds(void)
{
	EXPECT_EQ(copy(by_frame(1, 0, 4096)), GNTST_bad_copy_arg);
	EXPECT_EQ(copy(by_frame(0, 1, 4096)), GNTST_bad_copy_arg);
	EXPECT_EQ(copy(by_frame(4096, 0, 1)), GNTST_bad_copy_arg);
	EXPECT_EQ(copy(by_frame(0, 65535, 1)), GNTST_bad_copy_arg);
	EXPECT_EQ(copy(by_frame(0, 65535, 65535)), GNTST_bad_copy_arg);
	EXPECT_EQ(copy(by_frame(0, 0, 4097)), GNTST_bad_copy_arg);
}

static void rights(void)
{
	struct gnttab_copy op = by_frame(0, 0, 16);

	/* Into a read-only grant; from a revoked one; with a wrong reference. */
	op.flags = GNTCOPY_dest_gref;
	op.dest.u.ref = 8;
	op.dest.domid = 0;
	EXPECT_TRUE(copy(op) < 0);
	op.dest.u.ref = 10;
	EXPECT_TRUE(copy(op) < 0);
	op.dest.u.ref = ~0u;
	EXPECT_TRUE(copy(op) < 0);
	/* A page table, a frame beyond the machine, the hypervisor's, another domain's without a reference. */
	op = by_frame(0, 0, 16);
	op.dest.u.gmfn = mfn_of((void *)start_info->pt_base);
	EXPECT_TRUE(copy(op) < 0);
	op.dest.u.gmfn = 0xffffffffful;
	EXPECT_TRUE(copy(op) < 0);
	op = by_frame(0, 0, 16);
	op.source.u.gmfn = 0xffffffffful;
	EXPECT_TRUE(copy(op) < 0);
	op = by_frame(0, 0, 16);
	op.source.domid = 7;
	EXPECT_TRUE(copy(op) < 0);
	op = by_frame(0, 0, 16);
	op.flags = 0xfffc;
	EXPECT_TRUE(copy(op) <= 0);
	/* A grant of a page table lets nobody write it. */
	table[11] = (struct grant_entry_v1){ .flags = GTF_permit_access,
					     .domid = 0,
					     .frame = (uint32_t)mfn_of((void *)start_info->pt_base) };
	op = by_frame(0, 0, 16);
	op.flags = GNTCOPY_dest_gref;
	op.dest.u.ref = 11;
	op.dest.domid = 0;
	EXPECT_TRUE(copy(op) < 0);
}

static void batches(void)
{
	static struct gnttab_copy ops[128];

	for (unsigned int i = 0; i < 128; i++) {
		ops[i] = by_frame(i, i * 2, 2);
		ops[i].status = 99;
	}
	ops[64].len = 5000;
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_copy, ops, 128), 0);
	/* One bad element does not stop the others. */
	EXPECT_EQ(ops[63].status, GNTST_okay);
	EXPECT_EQ(ops[64].status, GNTST_bad_copy_arg);
	EXPECT_EQ(ops[127].status, GNTST_okay);
	EXPECT_EQ(to[254], from[127]);
}

void test_main(void)
{
	setup();
	four_ways();
	bounds();
	rights();
	batches();
}
