/*
 * What: lists of mmu_update whose elements are neighbours in one table, change tables, change what a frame is used as, or
 *       run into a page that is not there.
 * Why: a list is copied in a few elements at a time and the table of the last element is kept at hand; that must not
 *      let an element through that would be refused alone, nor lose one.
 * How: makes such lists on live tables, with refusals and the loss of the table's last use in the middle.
 * A failure means: an entry gets into a table unchecked, a frame is written as the table that it is no more, or
 *       kernels see only a part of their list done.
 */
#include <guest.h>

/* A place in the address space where nothing is: L4 slot 5. */
#define HERE (5ul << 39)

static uint64_t *level1, *level2, *level3, *page;
static struct mmu_update list[64];

static void tables_build(void)
{
	level1 = page_alloc();
	level2 = page_alloc();
	level3 = page_alloc();
	page = page_alloc();
	level2[0] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	level3[0] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level1), 0);
	EXPECT_STATUS(table_seal(level2), 0);
	EXPECT_STATUS(table_seal(level3), 0);
	EXPECT_STATUS(update(entry_machine((void *)HERE, 4), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
}

static void element(unsigned int i, const volatile void *at, uint64_t value)
{
	list[i] = (struct mmu_update) { .ptr = machine_of(at), .val = value };
}

static long list_do(unsigned int count, unsigned int *done)
{
	*done = 99;
	return hc_mmu_update(list, count, done, DOMID_SELF);
}

static void neighbours(void)
{
	uint64_t *plain = page_alloc();
	unsigned int done;

	for (unsigned int i = 0; i < 40; i++)
		element(i, &level1[i], pte_make(mfn_of(page), i % 2 ? PTE_RO_FLAGS : PTE_RW_FLAGS));
	/* In between another frame, and another table. */
	element(11, &plain[3], 0x1234);
	element(21, &level2[8], pte_make(mfn_of(level1), PTE_RW_FLAGS));
	EXPECT_STATUS(list_do(40, &done), 0);
	EXPECT_EQ(done, 40);
	EXPECT_EQ(plain[3], 0x1234);
	EXPECT_EQ(level1[11] | level1[21], 0);
	for (unsigned int i = 0; i < 40; i++)
		if (i != 11 && i != 21)
			EXPECT_EQ(level1[i] & (PTE_MFN | PTE_P | PTE_RW),
				  pte_make(mfn_of(page), i % 2 ? PTE_P : PTE_P | PTE_RW));
	/* The second way to the same table: its 13th entry is writable there, too. */
	EXPECT_TRUE(try_write((void *)(HERE + (8ul << 21) + (12ul << 12)), 7));
	EXPECT_EQ(page[0], 7);
	element(0, &level2[8], 0);
	for (unsigned int i = 0; i < 40; i++)
		element(1 + i, &level1[i], 0);
	EXPECT_STATUS(list_do(41, &done), 0);
	EXPECT_EQ(level1[0] | level1[39], 0);
}

static void refusals_in_the_middle(void)
{
	static const uint64_t bad_flags[] = { PTE_RW_FLAGS | 1ul << 59, PTE_RW_FLAGS | 1ul << 51 };
	unsigned int done;

	for (unsigned int bad = 0; bad < 5; bad++) {
		for (unsigned int i = 0; i < 16; i++)
			element(i, &level1[i], pte_make(mfn_of(page), PTE_RW_FLAGS));
		if (bad < 2)
			list[5].val = pte_make(mfn_of(page), bad_flags[bad]);
		else if (bad == 2) /* a table in use, writable */
			list[5].val = pte_make(mfn_of(level2), PTE_RW_FLAGS);
		else if (bad == 3)
			list[5].ptr += 4;
		else
			list[5].ptr = 0xffffffffful << 12;
		EXPECT_REFUSED(list_do(16, &done));
		EXPECT_EQ(done, 5);
		EXPECT_EQ(level1[4] & (PTE_MFN | PTE_P | PTE_RW), pte_make(mfn_of(page), PTE_P | PTE_RW));
		EXPECT_EQ(level1[5] | level1[6] | level1[15], 0);
		for (unsigned int i = 0; i < 16; i++)
			element(i, &level1[i], 0);
		EXPECT_STATUS(list_do(16, &done), 0);
	}
}

/* Same frame and other bits: none is skipped because the frame is there already. */
static void rights_of_a_frame_that_is_mapped_already(void)
{
	unsigned int done;

	element(0, &level1[0], pte_make(mfn_of(level2), PTE_RO_FLAGS));
	element(1, &level1[0], pte_make(mfn_of(level2), PTE_RO_FLAGS | PTE_D | PTE_SOFT1));
	element(2, &level1[0], pte_make(mfn_of(level2), PTE_RW_FLAGS));
	EXPECT_REFUSED(list_do(3, &done));
	EXPECT_EQ(done, 2);
	EXPECT_EQ(level1[0] & (PTE_P | PTE_RW | PTE_SOFT1), PTE_P | PTE_SOFT1);
	element(0, &level1[0], pte_make(mfn_of(page), PTE_RW_FLAGS));
	element(1, &level1[0], pte_make(mfn_of(page), PTE_RO_FLAGS));
	element(2, &level1[0], pte_make(mfn_of(page), PTE_RO_FLAGS | 1ul << 60));
	EXPECT_REFUSED(list_do(3, &done));
	EXPECT_EQ(done, 2);
	EXPECT_EQ(level1[0] & (PTE_MFN | PTE_P | PTE_RW), pte_make(mfn_of(page), PTE_P));
	EXPECT_STATUS(mmuext(MMUEXT_INVLPG_LOCAL, HERE, 0), 0);
	EXPECT_TRUE(!try_write((void *)HERE, 1));
	EXPECT_STATUS(update(machine_of(&level1[0]), 0), 0);
}

/* The table at hand goes out of use: the same words are then a plain page's, and it is one. */
static void table_loses_its_last_use_between_two_of_its_entries(void)
{
	unsigned int done;

	element(0, &level1[0], pte_make(mfn_of(page), PTE_RW_FLAGS));
	element(1, &level1[1], pte_make(mfn_of(page), PTE_RW_FLAGS));
	element(2, &level2[0], 0);
	element(3, &level1[2], 0x5555555555555001);	/* no entry that a table could have */
	element(4, &level1[3], pte_make(mfn_of(level2), PTE_RW_FLAGS));
	EXPECT_STATUS(list_do(5, &done), 0);
	EXPECT_EQ(done, 5);
	EXPECT_EQ(level1[2], 0x5555555555555001);
	/* As a table it is refused, until it is put right. */
	element(0, &level2[0], pte_make(mfn_of(level1), PTE_RW_FLAGS));
	EXPECT_REFUSED(list_do(1, &done));
	element(0, &level1[2], 0);
	element(1, &level1[3], 0);
	element(2, &level2[0], pte_make(mfn_of(level1), PTE_RW_FLAGS));
	element(3, &level1[2], pte_make(mfn_of(level2), PTE_RW_FLAGS));
	EXPECT_REFUSED(list_do(4, &done));
	EXPECT_EQ(done, 3);
	EXPECT_EQ(level1[2], 0);
}

static void list_ends_at_a_missing_page(void)
{
	/* Two pages in a row; the second goes. */
	uint8_t *first = page_alloc(), *second = page_alloc();
	struct mmu_update *at = (void *)(first + PAGE_BYTES - 11 * sizeof(*at));
	unsigned int done = 99;
	uint64_t was = pte_of(second);

	EXPECT_EQ(second - first, PAGE_BYTES);
	for (unsigned int i = 0; i < 11; i++)
		at[i] = (struct mmu_update) { .ptr = machine_of(&level1[100 + i]),
					      .val = pte_make(mfn_of(page), PTE_RO_FLAGS) };
	EXPECT_STATUS(map(second, 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_INVLPG_LOCAL, (uintptr_t)second, 0), 0);
	EXPECT_STATUS(hc_mmu_update(at, 20, &done, DOMID_SELF), -XEN_EFAULT);
	EXPECT_EQ(done, 11);
	for (unsigned int i = 0; i < 11; i++)
		EXPECT_EQ(level1[100 + i] & (PTE_MFN | PTE_P), pte_make(mfn_of(page), PTE_P));
	EXPECT_STATUS(map(second, was), 0);
}

void test_main(void)
{
	tables_build();
	neighbours();
	refusals_in_the_middle();
	rights_of_a_frame_that_is_mapped_already();
	table_loses_its_last_use_between_two_of_its_entries();
	list_ends_at_a_missing_page();
}
