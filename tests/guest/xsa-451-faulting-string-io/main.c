/*
 * What: string input and output whose memory is missing, read-only, the hypervisor's or not canonical faults in the
 *       guest, with the count at what was done.
 * Why: XSA-451 and others: exceptions inside emulated instructions are the guest's, not the hypervisor's.
 * How: outs and ins over such addresses, with and without rep, in both directions.
 * A failure means: the hypervisor faults, or writes where the guest may not.
 */
#include <guest.h>

static void insb(uint64_t address, unsigned int vector)
{
	uint64_t count = 1;

	TRY("insb", OUT("+D"(address), "+c"(count)), IN("d"(0x21)));
	EXPECT_EQ(caught.vector, vector);
}

static void outsb(uint64_t address, unsigned int vector)
{
	TRY("outsb", OUT("+S"(address)), IN("d"(0x80)));
	EXPECT_EQ(caught.vector, vector);
}

void test_main(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	uint8_t *page = page_alloc(), *next = page_alloc();
	uint64_t to, count;

	REQUIRE(next == page + PAGE_BYTES);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
	insb((uintptr_t)page, VECTOR_NONE);
	outsb((uintptr_t)page, VECTOR_NONE);
	insb(0x10000000000ul, VECTOR_PF);
	outsb(0x10000000000ul, VECTOR_PF);
	/* Inside the hypervisor, its table for guests included: an exception, of whichever kind. */
	TRY("insb", OUT(), IN("D"(MACH2PHYS_VIRT_START), "d"(0x21)));
	EXPECT_TRUE(caught.vector == VECTOR_PF || caught.vector == VECTOR_GP);
	TRY("insb", OUT(), IN("D"(HYPERVISOR_VIRT_START + 0x2d0400000000ul), "d"(0x21)));
	EXPECT_TRUE(caught.vector == VECTOR_PF || caught.vector == VECTOR_GP);
	TRY("outsb", OUT(), IN("S"(HYPERVISOR_VIRT_START + 0x2d0400000000ul), "d"(0x80)));
	EXPECT_TRUE(caught.vector == VECTOR_PF || caught.vector == VECTOR_GP);
	insb(start_info->pt_base, VECTOR_PF);
	TRY("insb", OUT(), IN("D"(0x800000000000ul), "d"(0x21)));
	EXPECT_TRUE(caught.vector == VECTOR_GP || caught.vector == VECTOR_SS);

	EXPECT_STATUS(map(next, 0), 0);
	to = (uintptr_t)next - 4;
	count = 10;
	TRY("rep insb", OUT("+D"(to), "+c"(count)), IN("d"(0x21)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.frame.rcx, 6);
	EXPECT_EQ(caught.frame.rdi, next);
	EXPECT_EQ(caught.cr2, next);
	EXPECT_EQ(next[-4] & next[-1], 0xff);
}
