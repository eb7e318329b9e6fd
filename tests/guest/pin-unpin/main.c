/*
 * What: PIN and UNPIN of each level: a pinned table stays a table without being linked, cannot be mapped writable, and
 *       is plain memory after UNPIN.
 * Why: kernels pin every process's tables; the frames come back to the allocator afterwards.
 * How: pins each level, pins twice, unpins twice, pins what is mapped writable, tries writable mappings.
 * A failure means: page tables can be written by a guest, or frames are stuck as tables for ever.
 */
#include <guest.h>

static void each_level(void)
{
	for (unsigned int level = 1; level <= 4; level++) {
		uint64_t *table = level == 4 ? top_table_alloc() : page_alloc();
		uint64_t *view = page_alloc();

		/* While it is mapped writable it cannot become a table. */
		if (level != 4)
			EXPECT_REFUSED(table_pin(table, level));
		EXPECT_STATUS(table_seal(table), 0);
		EXPECT_STATUS(table_pin(table, level), 0);
		EXPECT_REFUSED(table_unseal(table));
		EXPECT_REFUSED(map_page(view, mfn_of(table), PTE_RW_FLAGS));
		EXPECT_STATUS(map_page(view, mfn_of(table), PTE_RO_FLAGS), 0);
		/* Pinned is pinned once. */
		EXPECT_REFUSED(table_pin(table, level));
		/* Of this level only. */
		EXPECT_REFUSED(table_pin(table, level % 4 + 1));
		EXPECT_STATUS(table_unpin(table), 0);
		EXPECT_REFUSED(table_unpin(table));
		EXPECT_STATUS(table_unseal(table), 0);
		table[1] = 0x1234;
		EXPECT_STATUS(map_page(view, mfn_of(table), PTE_RW_FLAGS), 0);
	}
}

static void tree(void)
{
	uint64_t *level2 = page_alloc(), *level1 = page_alloc();

	level2[0] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level2), 0);
	/* One writable mapping below is enough to refuse. */
	EXPECT_REFUSED(table_pin(level2, 2));
	EXPECT_STATUS(table_seal(level1), 0);
	EXPECT_STATUS(table_pin(level2, 2), 0);
	EXPECT_REFUSED(table_unseal(level1));
	/* Pinned by itself too, it stays when the upper one goes. */
	EXPECT_STATUS(table_pin(level1, 1), 0);
	EXPECT_STATUS(table_unpin(level2), 0);
	EXPECT_REFUSED(table_unseal(level1));
	EXPECT_STATUS(table_unseal(level2), 0);
	EXPECT_STATUS(table_unpin(level1), 0);
	EXPECT_STATUS(table_unseal(level1), 0);
}

static void live_root(void)
{
	unsigned long mfn = mfn_of((void *)start_info->pt_base);

	/* The base pointer holds a reference of its own: unpinning the live root is legal. */
	EXPECT_STATUS(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	EXPECT_REFUSED(table_unseal((void *)start_info->pt_base));
	EXPECT_STATUS(mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0), 0);
}

static void bad_frames(void)
{
	EXPECT_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, 0xffffffffful, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_PIN_L4_TABLE, ~0ul, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, start_info->shared_info >> 12, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_UNPIN_TABLE, 0xffffffffful, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page_alloc()), 0));
}

void test_main(void)
{
	each_level();
	tree();
	live_root();
	bad_frames();
}
