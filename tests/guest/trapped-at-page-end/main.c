/*
 * What: trapped instructions at the end of a page, crossing into one that is missing or not executable, with redundant
 *       prefixes and at the longest length.
 * Why: the hypervisor fetches the bytes itself; it must neither read past them nor fault (XSA-123, XSA-195).
 * How: places rdmsr and the forced cpuid at each offset around a page end, with the next page present and absent.
 * A failure means: emulation fails for no reason a guest can see, or the hypervisor faults.
 */
#include <guest.h>

static uint8_t *first, *second;

static void place(unsigned int offset, const uint8_t *bytes, unsigned int count)
{
	bytes_fill(first + 4000, 0x90, 96);
	bytes_fill(second, 0x90, 64);
	for (unsigned int i = 0; i < count; i++)
		first[offset + i] = bytes[i];
	first[offset + count] = 0xc3;
}

static void run(unsigned int offset)
{
	TRY("call *%[to]", OUT(), IN([to] "r"(first + offset), "a"(0), "c"(0xc0000100)), "rdx", "rbx");
}

void test_main(void)
{
	static const uint8_t rdmsr[] = { 0x0f, 0x32 };
	static const uint8_t cpuid[] = { 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2 };
	static const uint8_t prefixed[] = { 0x66, 0x2e, 0x3e, 0x26, 0x64, 0x65, 0x48, 0x0f, 0x32 };

	first = page_alloc();
	second = page_alloc();
	REQUIRE(second == first + PAGE_BYTES);
	for (unsigned int offset = 4080; offset < 4096; offset++) {
		place(offset, rdmsr, sizeof(rdmsr));
		run(offset);
		EXPECT_NO_FAULT();
		place(offset, cpuid, sizeof(cpuid));
		run(offset);
		EXPECT_NO_FAULT();
		place(offset, prefixed, sizeof(prefixed));
		run(offset);
		EXPECT_NO_FAULT();
	}
	/* The page ends with the instruction; what follows is missing. */
	unsigned long mfn = mfn_of(second);

	place(4094, rdmsr, 2);
	EXPECT_STATUS(map(second, 0), 0);
	run(4094);
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.rip, second);
	/* The middle of the instruction is missing: the fetch faults there. */
	EXPECT_STATUS(map_page(second, mfn, PTE_RW_FLAGS), 0);
	place(4095, rdmsr, 2);
	EXPECT_STATUS(map(second, 0), 0);
	run(4095);
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.cr2, second);
	EXPECT_STATUS(map_page(second, mfn, PTE_RW_FLAGS), 0);
	/* The signature is cut: a plain #UD, or the page fault that a processor's fetch would give. */
	place(4092, cpuid, 7);
	EXPECT_STATUS(map(second, 0), 0);
	run(4092);
	EXPECT_TRUE(caught.vector == VECTOR_UD || caught.vector == VECTOR_PF);
	EXPECT_EQ(caught.rip, first + 4092);
}
