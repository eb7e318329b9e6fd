/*
 * Grants of this domain to itself: what a backend does with each request.
 */
#include "measure.h"

#define REF 8
#define REF_SECOND 9
#define BATCH 32

static struct grant_entry_v1 *table;
static void *from, *to, *view;

static void setup(void)
{
	static xen_pfn_t frames[1];
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };

	set_xen_guest_handle(op.frame_list, frames);
	REQUIRE(hc_grant_table_op(GNTTABOP_setup_table, &op, 1) == 0 && op.status == 0);
	table = alias_alloc(frames[0], PTE_RW_FLAGS);
	from = page_alloc();
	to = page_alloc();
	view = page_alloc();
	REQUIRE(map(view, 0) == 0);
	table[REF] = (struct grant_entry_v1){ .flags = GTF_permit_access, .frame = (uint32_t)mfn_of(from) };
	table[REF_SECOND] = (struct grant_entry_v1){ .flags = GTF_permit_access, .frame = (uint32_t)mfn_of(to) };
}

/* Mapping and unmapping alternate: each is measured by itself. */
static void map_rows(void)
{
	static uint64_t unmaps[SAMPLES_SHORT];

	for (unsigned int i = 0; i < SAMPLES_SHORT; i++) {
		struct gnttab_map_grant_ref in = { .host_addr = (uintptr_t)view, .flags = GNTMAP_host_map, .ref = REF };
		uint64_t before = read_tsc();

		hc_grant_table_op(GNTTABOP_map_grant_ref, &in, 1);
		samples[i] = read_tsc() - before;
		REQUIRE(in.status == GNTST_okay);

		struct gnttab_unmap_grant_ref out = { .host_addr = (uintptr_t)view, .handle = in.handle };

		before = read_tsc();
		hc_grant_table_op(GNTTABOP_unmap_grant_ref, &out, 1);
		unmaps[i] = read_tsc() - before;
		REQUIRE(out.status == GNTST_okay);
	}
	row_print("grant map", SAMPLES_SHORT, 1);
	samples_take(unmaps, SAMPLES_SHORT);
	row_print("grant unmap", SAMPLES_SHORT, 1);
}

static struct gnttab_copy copy_make(uint16_t length, bool by_reference)
{
	struct gnttab_copy op = { .len = length };

	op.source.domid = op.dest.domid = DOMID_SELF;
	op.source.u.gmfn = mfn_of(from);
	op.dest.u.gmfn = mfn_of(to);
	if (by_reference) {
		op.flags = GNTCOPY_source_gref;
		op.source.domid = 0;
		op.source.u.gmfn = 0;
		op.source.u.ref = REF;
	}
	return op;
}

static void copy_rows(void)
{
	static struct gnttab_copy ops[BATCH];
	struct gnttab_copy one = copy_make(64, true);

	MEASURE("grant copy, 64 bytes", hc_grant_table_op(GNTTABOP_copy, &one, 1));
	REQUIRE(one.status == GNTST_okay);
	one = copy_make(4096, true);
	MEASURE("grant copy, 4096 bytes", hc_grant_table_op(GNTTABOP_copy, &one, 1));
	for (unsigned int i = 0; i < BATCH; i++)
		ops[i] = copy_make(64, true);
	MEASURE_MANY("grant copy, 64 bytes, each of 32", SAMPLES_LONG, BATCH,
		     hc_grant_table_op(GNTTABOP_copy, ops, BATCH));
	REQUIRE(ops[BATCH - 1].status == GNTST_okay);
}

void grants_measure(void)
{
	setup();
	map_rows();
	copy_rows();
}
