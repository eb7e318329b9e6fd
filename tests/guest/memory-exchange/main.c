/*
 * What: XENMEM_exchange of single frames for one contiguous extent below an address limit: new frames, the same
 *       pseudo-physical numbers, nr_exchanged.
 * Why: swiotlb of domain 0 gets its DMA memory so.
 * How: unmaps four pages, exchanges them for an extent of order 2, maps the result; refused orders and limits.
 * A failure means: domain 0 has no DMA memory, or frames are lost.
 */
#include <guest.h>

static xen_pfn_t in[4], out[4];
static void *pages[4];

static struct xen_memory_exchange exchange_of(unsigned int count, unsigned int order, unsigned int address_bits)
{
	struct xen_memory_exchange exchange = {
		.in = { .nr_extents = count, .domid = DOMID_SELF },
		.out = { .nr_extents = count >> order,
			 .extent_order = order,
			 .mem_flags = address_bits,
			 .domid = DOMID_SELF },
	};

	set_xen_guest_handle(exchange.in.extent_start, in);
	set_xen_guest_handle(exchange.out.extent_start, out);
	return exchange;
}

static unsigned long first_pfn;

static void prepare(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		pages[i] = page_alloc();
		in[i] = mfn_of(pages[i]);
		if (!i)
			first_pfn = mfn_to_pfn(in[0]);
		EXPECT_EQ(mfn_to_pfn(in[i]), first_pfn + i);
		EXPECT_STATUS(map(pages[i], 0), 0);
	}
	out[0] = first_pfn;
}

static void works(void)
{
	struct xen_memory_exchange exchange = exchange_of(4, 2, 32);

	prepare();
	EXPECT_STATUS(hc_memory_op(XENMEM_exchange, &exchange), 0);
	EXPECT_EQ(exchange.nr_exchanged, 4);
	EXPECT_EQ(out[0] % 4, 0);
	EXPECT_TRUE(out[0] < 1ul << 20);
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(mfn_to_pfn(out[0] + i), first_pfn + i);
		EXPECT_STATUS(map_page(pages[i], out[0] + i, PTE_RW_FLAGS), 0);
		*(uint64_t *)pages[i] = i;
	}
	/* The old ones are not ours, unless they came back. */
	for (unsigned int i = 0; i < 4; i++)
		if (in[i] < out[0] || in[i] >= out[0] + 4)
			EXPECT_TRUE(mfn_to_pfn(in[i]) != first_pfn + i);
}

static void impossible_limits(void)
{
	struct xen_memory_exchange exchange = exchange_of(4, 2, 13);

	prepare();
	/* No such memory below 8 KiB: nothing has changed. */
	EXPECT_STATUS(hc_memory_op(XENMEM_exchange, &exchange), -XEN_ENOMEM);
	EXPECT_EQ(exchange.nr_exchanged, 0);
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(mfn_to_pfn(in[i]), first_pfn + i);
		EXPECT_STATUS(map_page(pages[i], in[i], PTE_RW_FLAGS), 0);
	}
}

static void refusals(void)
{
	struct xen_memory_exchange exchange = exchange_of(4, 2, 32);

	prepare();
	/* Sizes that do not agree; a count already done; frames of nobody; a mapped frame. */
	exchange.out.nr_extents = 2;
	EXPECT_STATUS(hc_memory_op(XENMEM_exchange, &exchange), -XEN_EINVAL);
	exchange = exchange_of(4, 2, 32);
	exchange.nr_exchanged = 5;
	EXPECT_STATUS(hc_memory_op(XENMEM_exchange, &exchange), -XEN_EINVAL);
	exchange = exchange_of(4, 2, 32);
	in[2] = 0xffffffffful;
	EXPECT_REFUSED(hc_memory_op(XENMEM_exchange, &exchange));
	in[2] = mfn_of((void *)start_info->pt_base);
	EXPECT_REFUSED(hc_memory_op(XENMEM_exchange, &exchange));
	exchange = exchange_of(4, 2, 32);
	exchange.out.domid = 1;
	EXPECT_REFUSED(hc_memory_op(XENMEM_exchange, &exchange));
	for (unsigned int order = 3; order < 64; order++) {
		exchange = exchange_of(4, 2, 32);
		exchange.in.extent_order = exchange.out.extent_order = order;
		EXPECT_REFUSED(hc_memory_op(XENMEM_exchange, &exchange));
	}
}

void test_main(void)
{
	works();
	impossible_limits();
	refusals();
}
