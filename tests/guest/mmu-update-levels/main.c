/*
 * What: mmu_update writes entries of every level of live tables, takes and drops references as it should, and refuses
 *       an entry of the wrong type.
 * Why: this is how every mapping above the last level is made.
 * How: builds L1, L2 and L3 tables, links them in from below, uses the mapping, takes it down, links wrong types.
 * A failure means: a frame becomes a page table unchecked, or mappings cannot be built or removed.
 */
#include <guest.h>

/* A place in the address space where nothing is: L4 slot 5. */
#define HERE (5ul << 39)

static void built_from_below(void)
{
	uint64_t *level3 = page_alloc(), *level2 = page_alloc(), *level1 = page_alloc();
	uint64_t *page = page_alloc();
	uint64_t value;

	page[3] = 0x77;
	EXPECT_STATUS(table_seal(level1), 0);
	EXPECT_STATUS(table_seal(level2), 0);
	EXPECT_STATUS(table_seal(level3), 0);
	EXPECT_STATUS(update(entry_machine((void *)HERE, 4), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	EXPECT_STATUS(update(machine_of(level3), pte_make(mfn_of(level2), PTE_RW_FLAGS)), 0);
	EXPECT_STATUS(update(machine_of(level2), pte_make(mfn_of(level1), PTE_RW_FLAGS)), 0);
	EXPECT_STATUS(update(machine_of(level1), pte_make(mfn_of(page), PTE_RW_FLAGS)), 0);
	EXPECT_TRUE(try_read((void *)(HERE + 24), &value));
	EXPECT_EQ(value, 0x77);
	EXPECT_TRUE(try_write((void *)(HERE + 24), 0x78));
	EXPECT_EQ(page[3], 0x78);
	EXPECT_EQ(mfn_of((void *)HERE), mfn_of(page));

	/* Linked, each is a table: it cannot be mapped writable. */
	EXPECT_REFUSED(table_unseal(level1));
	EXPECT_REFUSED(table_unseal(level2));
	EXPECT_REFUSED(table_unseal(level3));
	/* A table of one level is not one of another. */
	EXPECT_REFUSED(update(machine_of(&level3[1]), pte_make(mfn_of(level1), PTE_RW_FLAGS)));
	EXPECT_REFUSED(update(machine_of(&level2[1]), pte_make(mfn_of(level3), PTE_RW_FLAGS)));
	EXPECT_REFUSED(update(entry_machine((void *)(6ul << 39), 4), pte_make(mfn_of(level2), PTE_RW_FLAGS)));
	/* Nor is a page that is mapped writable. */
	EXPECT_REFUSED(update(machine_of(&level2[1]), pte_make(mfn_of(page), PTE_RW_FLAGS)));
	EXPECT_EQ(level3[1] | level2[1], 0);

	EXPECT_STATUS(update(entry_machine((void *)HERE, 4), 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	EXPECT_TRUE(!try_read((void *)(HERE + 24), &value));
	/* Unlinked and not pinned they are plain pages again. */
	EXPECT_STATUS(table_unseal(level3), 0);
	EXPECT_STATUS(table_unseal(level2), 0);
	EXPECT_STATUS(table_unseal(level1), 0);
	level3[0] = 0;
}

static void bad_contents_are_found(void)
{
	uint64_t *level2 = page_alloc(), *level1 = page_alloc();

	/* An L1 that maps a page table writable must not validate, wherever the entry is. */
	level1[511] = pte_make(mfn_of((void *)start_info->pt_base), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level1), 0);
	EXPECT_STATUS(table_seal(level2), 0);
	EXPECT_REFUSED(table_pin(level1, 1));
	EXPECT_STATUS(table_unseal(level2), 0);
	level2[7] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level2), 0);
	EXPECT_REFUSED(table_pin(level2, 2));
	/* Nothing stuck: both can be had writable again, be put right and be used. */
	EXPECT_STATUS(table_unseal(level1), 0);
	EXPECT_STATUS(table_unseal(level2), 0);
	level1[511] = pte_make(mfn_of((void *)start_info->pt_base), PTE_RO_FLAGS);
	EXPECT_STATUS(table_seal(level1), 0);
	EXPECT_STATUS(table_seal(level2), 0);
	EXPECT_STATUS(table_pin(level2, 2), 0);
	EXPECT_STATUS(table_unpin(level2), 0);
}

static void plain_stores(void)
{
	uint64_t *page = page_alloc();

	/* A frame that is writable takes a plain store through mmu_update. */
	EXPECT_STATUS(update(machine_of(&page[4]), 0x123456), 0);
	EXPECT_EQ(page[4], 0x123456);
	/* Unaligned pointers are rounded by the command bits alone: bit 2 is the address. */
	EXPECT_STATUS(update(machine_of(&page[5]) | MMU_PT_UPDATE_PRESERVE_AD, 0x99), 0);
	EXPECT_EQ(page[5], 0x99);
}

void test_main(void)
{
	built_from_below();
	bad_contents_are_found();
	plain_stores();
}
