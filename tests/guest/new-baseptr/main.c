/*
 * What: NEW_BASEPTR and NEW_USER_BASEPTR: a new root is validated and takes effect; frames that are no L4 are refused
 *       and the old root stays; user base 0 takes it away.
 * Why: every switch of processes.
 * How: switches to a copy of the live root that differs in one slot, back, and to impossible frames.
 * A failure means: a vCPU runs on something that is not a page table, or processes see each other's memory.
 */
#include <guest.h>

#define HERE (7ul << 39)

static void kernel_root(void)
{
	uint64_t *old = (uint64_t *)start_info->pt_base;
	uint64_t *new = top_table_alloc(), *level3 = page_alloc();
	uint64_t value;

	EXPECT_STATUS(table_seal(level3), 0);
	/* Not pinned: it is validated on the way. */
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(new), 0), 0);
	EXPECT_REFUSED(table_unseal(new));
	asm volatile("mov %%cr3, %0" : "=r"(value));
	EXPECT_EQ(value, xen_pfn_to_cr3(mfn_of(new)));
	EXPECT_STATUS(update(machine_of(&new[7]), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	EXPECT_EQ(old[7], 0);
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(old), 0), 0);
	/* The old one is free: nothing else held it. */
	EXPECT_STATUS(table_unseal(new), 0);
	EXPECT_STATUS(table_unseal(level3), 0);
}

static void refusals(void)
{
	uint64_t *table = page_alloc();
	uint64_t before, after;

	asm volatile("mov %%cr3, %0" : "=r"(before));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(page_alloc()), 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, 0xffffffffful, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, ~0ul, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, start_info->shared_info >> 12, 0));
	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(table_pin(table, 2), 0);
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(table), 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(table), 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(page_alloc()), 0));
	asm volatile("mov %%cr3, %0" : "=r"(after));
	EXPECT_EQ(after, before);
}

static void user_root(void)
{
	uint64_t *top;

	user_init();
	top = user_top_table();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(top), 0), 0);
	EXPECT_STATUS(table_unpin(top), 0);
	EXPECT_REFUSED(table_unseal(top));
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	EXPECT_STATUS(table_unseal(top), 0);
}

void test_main(void)
{
	kernel_root();
	refusals();
	user_root();
}
