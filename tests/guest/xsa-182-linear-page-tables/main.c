/*
 * What: an L4 that maps itself: refused (as this hypervisor means to), or taken read-only and never writable.
 * Why: XSA-182: a fast path let the RW bit be set in such an entry, which made the page tables writable. XSA-240, XSA-286,
 *      XSA-309: endless recursion, stale entries, counters that wrapped.
 * How: enters the table in its own slot, and another L4 in it, read-only and writable; flips RW alone; follows the
 *      mapping if there is one; does the same one level lower.
 * A failure means: the guest writes its own page tables.
 */
#include <guest.h>

#define SLOT 9ul
#define SELF (SLOT << 39 | SLOT << 30 | SLOT << 21 | SLOT << 12)

static void own_slot(void)
{
	uint64_t *top = (uint64_t *)start_info->pt_base;
	unsigned long mfn = mfn_of(top);
	uint64_t machine = machine_of(&top[SLOT]);

	EXPECT_REFUSED(update(machine, pte_make(mfn, PTE_RW_FLAGS)));
	EXPECT_EQ(top[SLOT], 0);
	if (update(machine, pte_make(mfn, PTE_RO_FLAGS)) != 0) {
		print("linear tables are refused\n");
		return;
	}
	/* The fast path: one flag. */
	EXPECT_REFUSED(update(machine, pte_make(mfn, PTE_RW_FLAGS)));
	EXPECT_REFUSED(update(machine | MMU_PT_UPDATE_PRESERVE_AD, pte_make(mfn, PTE_RW_FLAGS)));
	EXPECT_REFUSED(update(machine, pte_make(mfn, PTE_RW_FLAGS | PTE_SOFT0)));
	EXPECT_EQ(top[SLOT] & PTE_RW, 0);
	uint64_t *seen = (uint64_t *)(0xffff000000000000ul * (SLOT > 255) | SELF);
	uint64_t value;

	EXPECT_TRUE(try_read(&seen[SLOT], &value));
	EXPECT_EQ(value & PTE_MFN, pte_make(mfn, 0));
	EXPECT_TRUE(!try_write(&seen[300], 0));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_STATUS(update(machine, 0), 0);
	/* XSA-286: gone at once, without a flush by the guest. */
	EXPECT_TRUE(!try_read(&seen[SLOT], &value));
}

static void one_in_another(void)
{
	uint64_t *a = top_table_alloc(), *b = top_table_alloc();

	EXPECT_STATUS(table_pin(a, 4), 0);
	EXPECT_STATUS(table_pin(b, 4), 0);
	EXPECT_REFUSED(update(machine_of(&a[SLOT]), pte_make(mfn_of(b), PTE_RW_FLAGS)));
	long first = update(machine_of(&a[SLOT]), pte_make(mfn_of(b), PTE_RO_FLAGS));
	long second = update(machine_of(&b[SLOT]), pte_make(mfn_of(a), PTE_RO_FLAGS));

	/* A chain of them is never longer than one. */
	EXPECT_TRUE(first <= 0 && second < 0);
	update(machine_of(&a[SLOT]), 0);
	EXPECT_STATUS(table_unpin(a), 0);
	EXPECT_STATUS(table_unpin(b), 0);
	EXPECT_STATUS(table_unseal(a), 0);
	EXPECT_STATUS(table_unseal(b), 0);
}

static void lower_levels(void)
{
	for (unsigned int level = 2; level <= 3; level++) {
		uint64_t *table = page_alloc();

		EXPECT_STATUS(table_seal(table), 0);
		EXPECT_STATUS(table_pin(table, level), 0);
		EXPECT_REFUSED(update(machine_of(&table[4]), pte_make(mfn_of(table), PTE_RW_FLAGS)));
		if (update(machine_of(&table[4]), pte_make(mfn_of(table), PTE_RO_FLAGS)) == 0) {
			EXPECT_REFUSED(update(machine_of(&table[4]), pte_make(mfn_of(table), PTE_RW_FLAGS)));
			EXPECT_STATUS(update(machine_of(&table[4]), 0), 0);
		}
		EXPECT_STATUS(table_unpin(table), 0);
		EXPECT_STATUS(table_unseal(table), 0);
	}
}

void test_main(void)
{
	own_slot();
	one_in_another();
	lower_levels();
}
