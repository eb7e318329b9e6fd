/*
 * What: decrease_, increase_reservation and populate_physmap: frames leave and come, the M2P follows, the return value
 *       is the number done.
 * Why: ballooning, and the building of every domain.
 * How: gives a frame up, asks for one back under a chosen number, gives up what is mapped, a table, foreign frames,
 *      asks too much.
 * A failure means: memory is lost, given twice, or given to another while still mapped.
 */
#include <guest.h>

static xen_pfn_t frames[4];

static struct xen_memory_reservation reservation_of(unsigned long count, unsigned int order)
{
	struct xen_memory_reservation reservation = { .nr_extents = count,
						      .extent_order = order,
						      .domid = DOMID_SELF };

	set_xen_guest_handle(reservation.extent_start, frames);
	return reservation;
}

static void out_and_in(void)
{
	uint8_t *page = page_alloc();
	unsigned long mfn = mfn_of(page), pfn = mfn_to_pfn(mfn);
	struct xen_memory_reservation reservation = reservation_of(1, 0);

	frames[0] = mfn;
	/* Given up while still mapped: refused (0), or it goes when the last mapping goes, and to nobody before (1). */
	long early = hc_memory_op(XENMEM_decrease_reservation, &reservation);

	EXPECT_ONE_OF(early, 0, 1);
	page[0] = 0x77;
	frames[0] = pfn;
	if (early == 1) {
		EXPECT_STATUS(hc_memory_op(XENMEM_populate_physmap, &reservation), 1);
		EXPECT_TRUE(frames[0] != mfn);
		EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 1);
	}
	EXPECT_STATUS(map(page, 0), 0);
	frames[0] = mfn;
	if (early == 0)
		EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 1);
	/* Not ours any more. */
	EXPECT_REFUSED(map_page(page, mfn, PTE_RW_FLAGS));
	EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 0);

	frames[0] = pfn;
	EXPECT_STATUS(hc_memory_op(XENMEM_populate_physmap, &reservation), 1);
	EXPECT_TRUE(frames[0] != pfn);
	EXPECT_EQ(mfn_to_pfn(frames[0]), pfn);
	EXPECT_STATUS(map_page(page, frames[0], PTE_RW_FLAGS), 0);
	/* What comes from the hypervisor holds nobody's data but our own of before, if it is scrubbed only between owners. */
	uint64_t content = 0;

	EXPECT_ONE_OF(page[0], 0, 0x77);
	for (unsigned int i = 1; i < 512; i++)
		content |= ((uint64_t *)page)[i];
	EXPECT_EQ(content, 0);
}

static void tables_and_foreign_frames(void)
{
	struct xen_memory_reservation reservation = reservation_of(1, 0);
	uint64_t *table = page_alloc();

	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(table_pin(table, 1), 0);
	frames[0] = mfn_of(table);
	/* Xen lets it go as soon as nothing holds it, and unpins it (XSA-252); refusing is as good. Never writable. */
	EXPECT_ONE_OF(hc_memory_op(XENMEM_decrease_reservation, &reservation), 0, 1);
	EXPECT_REFUSED(table_unseal(table));
	frames[0] = 0xffffffffful;
	EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 0);
	/* The shared page: whatever is answered, it goes on working. */
	frames[0] = start_info->shared_info >> 12;
	EXPECT_ONE_OF(hc_memory_op(XENMEM_decrease_reservation, &reservation), 0, 1);
	EXPECT_TRUE(shared->vcpu_info[0].evtchn_upcall_mask == 1);
}

static void several_stop_at_the_bad_one(void)
{
	struct xen_memory_reservation reservation = reservation_of(3, 0);

	for (unsigned int i = 0; i < 3; i++)
		frames[i] = pfn_to_mfn(pfn_alloc());
	frames[1] = 0xffffffffful;
	EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 1);
}

static void increase(void)
{
	struct xen_memory_reservation reservation = reservation_of(1, 0);

	frames[0] = 0;
	EXPECT_STATUS(hc_memory_op(XENMEM_increase_reservation, &reservation), 1);
	EXPECT_TRUE(frames[0] != 0);
	EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &reservation), 1);
}

static void questions(void)
{
	domid_t self = DOMID_SELF;
	long current = hc_memory_op(XENMEM_current_reservation, &self);

	EXPECT_TRUE(current > 0 && (unsigned long)current <= start_info->nr_pages + 16);
	EXPECT_TRUE(hc_memory_op(XENMEM_maximum_reservation, &self) >= current);
	/* Without a limit too it is one that tools can print. */
	EXPECT_TRUE(hc_memory_op(XENMEM_maximum_reservation, &self) <= 0xffffffffl);
	EXPECT_TRUE(hc_memory_op(XENMEM_maximum_ram_page, NULL) > 0);
	self = 99;
	EXPECT_STATUS(hc_memory_op(XENMEM_current_reservation, &self), -XEN_ESRCH);
	EXPECT_STATUS(hc_memory_op(XENMEM_current_reservation, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_ONE_OF(hc_memory_op(63, NULL), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
}

void test_main(void)
{
	out_and_in();
	tables_and_foreign_frames();
	several_stop_at_the_bad_one();
	increase();
	questions();
}
