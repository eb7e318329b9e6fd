/*
 * What: SET_LDT: selectors of the table load, its frames become descriptor pages, a shorter table ends earlier, bad
 *       addresses and sizes are refused.
 * Why: modify_ldt of wine and 16-bit programs.
 * How: installs an LDT of two pages, loads selectors of both, replaces and removes it.
 * A failure means: such programs die, or the table can be written behind the hypervisor's back.
 * Machine: bochs=1
 */
#include <guest.h>

#define DATA 0x00cff2000000ffffull
#define TSS 0x0000890000000067ull

static void load(unsigned int selector, bool works)
{
	TRY("mov %%ax, %%es", OUT(), IN("a"(selector)));
	EXPECT_EQ(caught.vector == VECTOR_NONE, works);
	asm volatile("mov %0, %%es" : : "r"(0));
}

/* A page of the table that was never used, and a selector that set_segment_base loads. */
static void first_reader_is_the_hypervisor(uint64_t *table)
{
	unsigned int selector;

	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table, 512), 0);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER_SEL, 0xf), 0);
	asm volatile("mov %%gs, %0" : "=r"(selector));
	EXPECT_EQ(selector, 0xf);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	EXPECT_STATUS(table_unseal(table), 0);
}

void test_main(void)
{
	uint64_t *table = page_alloc(), *next = page_alloc();

	REQUIRE(next == table + 512);
	table[1] = DATA;
	next[3] = DATA;
	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(table_seal(next), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table, 1024), 0);
	load(0xf, true);
	load((512 + 3) * 8 + 7, true);
	load(0x17, false);
	load(1024 * 8 + 7, false);
	/* Read-only once it is used as descriptors. */
	EXPECT_REFUSED(table_unseal(table));
	EXPECT_STATUS(hc_update_descriptor(machine_of(&table[2]), DATA), 0);
	load(0x17, true);

	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table, 2), 0);
	load(0xf, true);
	load(0x17, false);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	load(0xf, false);
	EXPECT_STATUS(table_unseal(table), 0);
	EXPECT_STATUS(table_unseal(next), 0);

	/* A page mapped writable, and one with a system descriptor: the load faults in the guest, at an address that it knows. */
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table, 512), 0);
	load(0xf, false);
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.cr2, (uintptr_t)table + 8);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	first_reader_is_the_hypervisor(table);
	table[5] = TSS;
	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table, 512), 0);
	load(0xf, false);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0, 0), 0);

	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table, 8193), -XEN_EINVAL);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table + 8, 2), -XEN_EINVAL);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)table + 8, 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START, 2), -XEN_EINVAL);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0x800000000000ul, 2), -XEN_EINVAL);
}
