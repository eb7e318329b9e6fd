/*
 * What: grants to ourselves: table set-up, mapping read-only and read-write by address and by entry, use flags,
 *       unmapping, refusals.
 * Why: every disk and network ring between domains; the rules are the same when both ends are one domain.
 * How: grants a page, maps it elsewhere, writes through, unmaps, and asks for everything that must be refused.
 * A failure means: drivers do not connect, or a domain maps what was not granted.
 */
#include <guest.h>

static struct grant_entry_v1 *table;

static void setup(void)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };
	static xen_pfn_t frames[1];

	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_query_size, &size, 1), 0);
	EXPECT_EQ(size.status, GNTST_okay);
	EXPECT_TRUE(size.max_nr_frames >= 1 && size.nr_frames <= size.max_nr_frames);
	set_xen_guest_handle(op.frame_list, frames);
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_setup_table, &op, 1), 0);
	EXPECT_EQ(op.status, GNTST_okay);
	table = alias_alloc(frames[0], PTE_RW_FLAGS);
	op.nr_frames = size.max_nr_frames + 1;
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_setup_table, &op, 1), 0);
	EXPECT_TRUE(op.status < 0);
	op.dom = 7;
	op.nr_frames = 1;
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_setup_table, &op, 1), 0);
	EXPECT_EQ(op.status, GNTST_bad_domain);
}

static void grant(unsigned int ref, void *page, uint16_t flags)
{
	table[ref].domid = 0;
	table[ref].frame = (uint32_t)mfn_of(page);
	__atomic_store_n(&table[ref].flags, GTF_permit_access | flags, __ATOMIC_SEQ_CST);
}

static struct gnttab_map_grant_ref map_grant(uint64_t address, uint32_t flags, unsigned int ref)
{
	struct gnttab_map_grant_ref op = { .host_addr = address, .flags = flags, .ref = ref, .dom = 0 };

	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
	return op;
}

static int unmap_grant(uint64_t address, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = address, .handle = handle };

	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
	return op.status;
}

static void read_write(void)
{
	uint64_t *page = page_alloc(), *view = page_alloc();

	EXPECT_STATUS(map(view, 0), 0);
	grant(8, page, 0);
	struct gnttab_map_grant_ref op = map_grant((uintptr_t)view, GNTMAP_host_map, 8);

	EXPECT_EQ(op.status, GNTST_okay);
	EXPECT_EQ(op.dev_bus_addr, machine_of(page));
	EXPECT_EQ(table[8].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	view[5] = 0x55;
	EXPECT_EQ(page[5], 0x55);
	/* A second mapping, read-only, keeps the flags until both are gone. */
	uint64_t *second = page_alloc();

	EXPECT_STATUS(map(second, 0), 0);
	struct gnttab_map_grant_ref other = map_grant((uintptr_t)second, GNTMAP_host_map | GNTMAP_readonly, 8);

	EXPECT_EQ(other.status, GNTST_okay);
	EXPECT_EQ(second[5], 0x55);
	EXPECT_TRUE(!try_write(second, 1));
	EXPECT_EQ(unmap_grant((uintptr_t)view, op.handle), GNTST_okay);
	EXPECT_EQ(table[8].flags & (GTF_reading | GTF_writing), GTF_reading);
	EXPECT_TRUE(!try_write(view, 1));
	EXPECT_EQ(unmap_grant((uintptr_t)second, other.handle), GNTST_okay);
	EXPECT_EQ(table[8].flags & (GTF_reading | GTF_writing), 0);
	EXPECT_EQ(unmap_grant((uintptr_t)second, other.handle), GNTST_bad_handle);
}

static void read_only(void)
{
	uint64_t *page = page_alloc(), *view = page_alloc();

	/* Mapping replaces an entry without a flush: what was there before must be gone from the TLB. */
	EXPECT_STATUS(map(view, 0), 0);
	grant(9, page, GTF_readonly);
	EXPECT_TRUE(map_grant((uintptr_t)view, GNTMAP_host_map, 9).status < 0);
	struct gnttab_map_grant_ref op = map_grant((uintptr_t)view, GNTMAP_host_map | GNTMAP_readonly, 9);

	EXPECT_EQ(op.status, GNTST_okay);
	EXPECT_TRUE(!try_write(view, 1));
	EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
	EXPECT_EQ(unmap_grant((uintptr_t)view, op.handle), GNTST_okay);
}

static void by_entry(void)
{
	uint64_t *page = page_alloc(), *view = page_alloc();
	uint64_t machine = entry_machine(view, 1);

	page[1] = 0x99;
	grant(10, page, 0);
	struct gnttab_map_grant_ref op =
		map_grant(machine, GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_application_map, 10);

	EXPECT_EQ(op.status, GNTST_okay);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	EXPECT_EQ(view[1], 0x99);
	EXPECT_EQ(unmap_grant(machine, op.handle), GNTST_okay);
	uint64_t value;

	EXPECT_TRUE(!try_read(view, &value));
	/* An entry's address that is not one (XSA-227), or no table at all. */
	EXPECT_TRUE(map_grant(machine + 4, GNTMAP_host_map | GNTMAP_contains_pte, 10).status < 0);
	EXPECT_TRUE(map_grant(machine_of(page_alloc()), GNTMAP_host_map | GNTMAP_contains_pte, 10).status < 0);
	EXPECT_TRUE(map_grant(entry_machine(view, 2), GNTMAP_host_map | GNTMAP_contains_pte, 10).status < 0);
}

static void refusals(void)
{
	uint64_t *page = page_alloc(), *view = page_alloc();

	/* Never granted. */
	EXPECT_TRUE(map_grant((uintptr_t)view, GNTMAP_host_map, 11).status < 0);
	EXPECT_EQ(map_grant((uintptr_t)view, GNTMAP_host_map, 0x7fffffff).status, GNTST_bad_gntref);
	EXPECT_EQ(map_grant((uintptr_t)view, GNTMAP_host_map, ~0u).status, GNTST_bad_gntref);
	grant(12, page, 0);
	EXPECT_TRUE(map_grant((uintptr_t)view, 0, 12).status < 0);
	EXPECT_TRUE(map_grant(HYPERVISOR_VIRT_START, GNTMAP_host_map, 12).status < 0);
	EXPECT_TRUE(map_grant(0x10000000000ul, GNTMAP_host_map, 12).status < 0);
	table[12].domid = 5;
	EXPECT_TRUE(map_grant((uintptr_t)view, GNTMAP_host_map, 12).status < 0);
	table[12].domid = 0;
	/* Revoked. */
	table[12].flags = 0;
	EXPECT_TRUE(map_grant((uintptr_t)view, GNTMAP_host_map, 12).status < 0);
	/* A page table, a frame of nobody, the hypervisor's. */
	grant(13, (void *)start_info->pt_base, 0);
	EXPECT_TRUE(map_grant((uintptr_t)view, GNTMAP_host_map, 13).status < 0);
	table[13].frame = 0x7fffffff;
	EXPECT_TRUE(map_grant((uintptr_t)view, GNTMAP_host_map, 13).status < 0);
	struct gnttab_map_grant_ref op = {
		.host_addr = (uintptr_t)view, .flags = GNTMAP_host_map, .ref = 12, .dom = 7
	};

	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
	EXPECT_EQ(op.status, GNTST_bad_domain);
	EXPECT_EQ(unmap_grant((uintptr_t)view, ~0u), GNTST_bad_handle);
	EXPECT_EQ(unmap_grant((uintptr_t)view, 12345), GNTST_bad_handle);
	EXPECT_STATUS(hc_grant_table_op(GNTTABOP_map_grant_ref, (void *)HYPERVISOR_VIRT_START, 1), -XEN_EFAULT);
	EXPECT_ONE_OF(hc_grant_table_op(99, &op, 1), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
}

/* What the holder of a mapping does to its own entry must not lose the count (XSA-234). */
static void entry_taken_away(void)
{
	uint64_t *page = page_alloc(), *view = page_alloc();

	grant(14, page, 0);
	struct gnttab_map_grant_ref op = map_grant((uintptr_t)view, GNTMAP_host_map, 14);

	EXPECT_EQ(op.status, GNTST_okay);
	EXPECT_STATUS(map(view, 0), 0);
	int status = unmap_grant((uintptr_t)view, op.handle);

	EXPECT_TRUE(status <= 0);
	/* The page can become a page table only if nothing writable is left: it is ours and mapped, so never now. */
	EXPECT_REFUSED(table_pin(page, 1));
	EXPECT_STATUS(table_seal(page), 0);
	EXPECT_TRUE(table_pin(page, 1) <= 0);
}

void test_main(void)
{
	setup();
	read_write();
	read_only();
	by_entry();
	refusals();
	entry_taken_away();
}
