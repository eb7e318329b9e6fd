/*
 * What: XENMEM_exchange whose output array starts in the guest but whose accessed slot is the hypervisor's is refused.
 * Why: XSA-212 (and XSA-29): only the array's start was checked, and nr_exchanged chose the slot: the hypervisor wrote
 *      a number of the guest's choice to an address of its choice.
 * How: picks base and nr_exchanged so that base + 8 * nr_exchanged is in the hypervisor, by carry and without.
 * A failure means: any guest that may exchange owns the machine.
 */
#include <guest.h>

static xen_pfn_t in[2];

static void slot_at(uint64_t base, uint64_t already)
{
	struct xen_memory_exchange exchange = {
		.in = { .nr_extents = already + 1, .domid = DOMID_SELF },
		.out = { .nr_extents = already + 1, .domid = DOMID_SELF },
		.nr_exchanged = already,
	};

	/* The input slot is made to be a good one. */
	exchange.in.extent_start.p = (xen_pfn_t *)((uintptr_t)in - already * 8);
	exchange.out.extent_start.p = (xen_pfn_t *)base;
	EXPECT_REFUSED(hc_memory_op(XENMEM_exchange, &exchange));
}

void test_main(void)
{
	static const uint64_t targets[] = { HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START + 0x2d0400000000ul,
					    HYPERVISOR_VIRT_END - 8 };

	for (unsigned int i = 0; i < 3; i++) {
		uint8_t *page = page_alloc();

		in[0] = mfn_of(page);
		EXPECT_STATUS(map(page, 0), 0);
		slot_at(targets[i], 0);
		/* From the user's half, upward over the hole; from the kernel's half, downward by wrapping. */
		slot_at(0x1000, (targets[i] - 0x1000) / 8);
		slot_at(0xffffffff80000000ul, (targets[i] - 0xffffffff80000000ul) / 8);
		slot_at(0xffff7ffffffffff8ul, (targets[i] - 0xffff7ffffffffff8ul) / 8);
		/* Unaligned. */
		slot_at(targets[i] - 4, 0);
	}
	/* The hypervisor still works, with its tables. */
	TRY("ud2", OUT(), IN());
	EXPECT_FAULT(VECTOR_UD, 0);
}
