/*
 * What: L4 slots 256 to 271 belong to the hypervisor: no update goes there, and what a guest leaves there in a new table
 *       has no effect.
 * Why: through such a slot a guest would see or replace the hypervisor's own mappings.
 * How: updates each slot of the live L4, by mmu_update and by a store; pins an L4 with values there and looks at what
 *      the slots map afterwards.
 * A failure means: the hypervisor's address space is the guest's to change.
 */
#include <guest.h>

static void live_table(void)
{
	uint64_t *top = (uint64_t *)start_info->pt_base;
	uint64_t *level3 = page_alloc();
	uint64_t machine = machine_of(top);

	EXPECT_STATUS(table_seal(level3), 0);
	for (unsigned int slot = 256; slot <= 271; slot++) {
		EXPECT_STATUS(update(machine + slot * 8, pte_make(mfn_of(level3), PTE_RW_FLAGS)), -XEN_EINVAL);
		EXPECT_STATUS(update(machine + slot * 8, 0), -XEN_EINVAL);
		EXPECT_TRUE(!try_write(&top[slot], 0));
	}
	EXPECT_STATUS(update(machine + 272 * 8, pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	EXPECT_STATUS(update(machine + 272 * 8, 0), 0);
}

static void new_table(void)
{
	uint64_t *top = page_alloc(), *level3 = page_alloc();
	const uint64_t *kernel = (const uint64_t *)start_info->pt_base;
	uint64_t value;

	for (unsigned int slot = 0; slot < 512; slot++)
		top[slot] = kernel[slot];
	/* Ours in the hypervisor's place: refused or replaced, never used. */
	top[260] = pte_make(mfn_of(level3), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level3), 0);
	EXPECT_STATUS(table_seal(top), 0);
	long status = table_pin(top, 4);

	EXPECT_TRUE(status == 0 || status == -XEN_EINVAL);
	if (status)
		return;
	EXPECT_TRUE((top[260] & PTE_MFN) != pte_make(mfn_of(level3), 0));
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(top), 0), 0);
	EXPECT_TRUE(try_read((void *)MACH2PHYS_VIRT_START, &value));
	EXPECT_TRUE(!try_read((void *)(0xffff000000000000ul | 260ul << 39), &value));
	/* The frame was not counted as ours: it is free for writing. */
	EXPECT_STATUS(table_unseal(level3), 0);
}

void test_main(void)
{
	live_table();
	new_table();
}
