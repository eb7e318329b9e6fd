/*
 * What: memory_op with extent orders from 0 to 63 and counts at every limit ends, without harm.
 * Why: XSA-31: the order was not limited, and one call allocated or walked memory for hours.
 * How: sweeps orders and counts for each reservation call; times the whole.
 * A failure means: one hypercall holds a CPU or the machine's memory.
 */
#include <guest.h>

static xen_pfn_t frames[4];

static void sweep(unsigned int cmd)
{
	static const unsigned long counts[] = { 0, 1, 0x7fffffff, 1ul << 57, ~0ul };

	for (unsigned int order = 0; order < 64; order++)
		for (unsigned int i = 0; i < 5; i++) {
			struct xen_memory_reservation reservation = {
				.nr_extents = counts[i], .extent_order = order, .domid = DOMID_SELF };

			/* Frame numbers that are nobody's. */
			frames[0] = 0xfffffff000000000ul;
			set_xen_guest_handle(reservation.extent_start, frames);
			if (cmd != XENMEM_decrease_reservation && i == 1 && order < 12)
				continue;
			long status = hc_memory_op(cmd, &reservation);

			EXPECT_TRUE(status <= 1);
		}
}

void test_main(void)
{
	uint64_t start = time_now();

	sweep(XENMEM_decrease_reservation);
	sweep(XENMEM_populate_physmap);
	sweep(XENMEM_increase_reservation);
	EXPECT_TRUE(time_now() - start < 10000000000ul);
	/* The starting point of a continuation, given by the guest itself. */
	struct xen_memory_reservation reservation = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(reservation.extent_start, frames);
	EXPECT_TRUE(hc_memory_op(XENMEM_decrease_reservation | 5u << 6, &reservation) <= 5);
	EXPECT_TRUE(hc_memory_op(XENMEM_populate_physmap | 0x3ffffffu << 6, &reservation) <= 0x3ffffff);
}
