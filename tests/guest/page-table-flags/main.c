/*
 * What: entries with flags that PV does not allow are refused at each level, on every way in: update_va_mapping,
 *       mmu_update, validation by PIN.
 * Why: XSA-148: an L2 entry's PS bit slipped through a fast path that looked only at other bits, and mapped 2 MiB of
 *      anything.
 * How: sets PS, reserved bits and protection keys in new entries and by changing flags of entries that are there.
 * A failure means: a guest maps memory that is not its own.
 */
#include <guest.h>

static void large_pages(void)
{
	uint64_t *page = page_alloc();
	uint64_t l2 = *entry_of(page, 2), l3 = *entry_of(page, 3);
	uint64_t l2_machine = entry_machine(page, 2), l3_machine = entry_machine(page, 3);

	/* Same frame, one more flag: the fast path. */
	EXPECT_REFUSED(update(l2_machine, l2 | PTE_PSE));
	EXPECT_REFUSED(update(l2_machine | MMU_PT_UPDATE_PRESERVE_AD, l2 | PTE_PSE));
	EXPECT_REFUSED(update(l3_machine, l3 | PTE_PSE));
	/* A new entry. */
	EXPECT_REFUSED(update(l2_machine + 16, pte_make(0, PTE_RW_FLAGS | PTE_PSE)));
	EXPECT_REFUSED(update(entry_machine(page, 4), *entry_of(page, 4) | PTE_PSE));
	EXPECT_EQ(*entry_of(page, 2), l2);
	EXPECT_EQ(*entry_of(page, 3), l3);
}

static void in_new_tables(void)
{
	uint64_t *level2 = page_alloc(), *level1 = page_alloc();

	level2[3] = pte_make(0x200, PTE_RW_FLAGS | PTE_PSE);
	EXPECT_STATUS(table_seal(level2), 0);
	EXPECT_REFUSED(table_pin(level2, 2));
	EXPECT_STATUS(table_unseal(level2), 0);
	level1[3] = pte_make(mfn_of(page_alloc()), PTE_RW_FLAGS) | 1ul << 51;
	EXPECT_STATUS(table_seal(level1), 0);
	EXPECT_REFUSED(table_pin(level1, 1));
	EXPECT_STATUS(table_unseal(level1), 0);
}

static void keys_and_reserved_bits(void)
{
	uint64_t *page = page_alloc();
	uint64_t entry = pte_of(page);

	/* The bits of protection keys are free for software where there are no keys: Xen 4.17 takes them. */
	for (unsigned int bit = 59; bit <= 62; bit++)
		EXPECT_TRUE(update(entry_machine(page, 1), entry | 1ul << bit) <= 0);
	EXPECT_STATUS(update(entry_machine(page, 1), entry), 0);
	/* A frame number beyond what any machine has. */
	EXPECT_REFUSED(update(entry_machine(page, 1), entry | 1ul << 51));
	EXPECT_EQ(pte_of(page), entry);
}

static void allowed_flags(void)
{
	uint64_t *page = page_alloc();
	unsigned long mfn = mfn_of(page);
	uint64_t allowed[] = { PTE_NX, PTE_PWT, PTE_PCD, PTE_SOFT0, PTE_SOFT1, 0x800, 0 };

	for (unsigned int i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		EXPECT_STATUS(update(entry_machine(page, 1), pte_make(mfn, PTE_RW_FLAGS | allowed[i])), 0);
		EXPECT_EQ(pte_of(page) & allowed[i], allowed[i]);
	}
	/* NX in an upper level. */
	EXPECT_STATUS(update(entry_machine(page, 2), *entry_of(page, 2) | 0x800), 0);
}

void test_main(void)
{
	large_pages();
	in_new_tables();
	keys_and_reserved_bits();
	allowed_flags();
}
