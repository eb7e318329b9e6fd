/*
 * What: on a processor with L1TF an entry that is not present may not name memory, by whatever way it comes: update_va_mapping,
 *       mmu_update, stores to a live table, validation; inverted addresses, as Linux has them, and 0 are taken.
 * Why: XSA-273: such a processor loads speculatively through entries that are not present, from its first-level cache.
 * How: pv-l1tf=dom0 asks of domain 0 what is asked of the others. Xen takes the entry, and gives the domain shadow page tables.
 * Machine: cpu=Skylake-Server,-smap options=pv-l1tf=dom0 bochs=1
 * A failure means: a kernel reads what other domains and the hypervisor have in the cache.
 */
#include <guest.h>

static uint64_t *page;
static volatile uint64_t *entry;

/* Not present: what a swap entry's other bits may be. */
#define ABSENT(mfn) ((uint64_t)(mfn) << 12 | PTE_RW | PTE_US | PTE_NX)
#define INVERTED(mfn) (ABSENT(~(uint64_t)(mfn)) & (PTE_MFN | 0xffful | PTE_NX))

static void every_way_refuses(uint64_t bad)
{
	uint64_t before = *entry;
	struct mmu_update two[2] = { { entry_machine(page, 1), bad }, { entry_machine(page, 1), bad } };

	EXPECT_REFUSED(update(entry_machine(page, 1), bad));
	EXPECT_REFUSED(update(entry_machine(page, 1) | MMU_PT_UPDATE_PRESERVE_AD, bad));
	EXPECT_REFUSED(hc_mmu_update(two, 2, NULL, DOMID_SELF));
	EXPECT_REFUSED(map(page, bad));
	TRY("mov %[value], (%[entry])", OUT(), IN([value] "r"(bad), [entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	TRY("xchg %[value], (%[entry])", OUT([value] "+r"(bad)), IN([entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	/* What is left of a present entry names the same frame. */
	TRY("lock andb $~1, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	TRY("movb $0, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(*entry, before);
	for (unsigned int level = 2; level <= 4; level++)
		EXPECT_REFUSED(update(entry_machine((void *)(5ul << 39), 4) + 8 * level, bad));
}

static void validation_refuses(uint64_t bad)
{
	uint64_t *table = page_alloc();

	table[7] = bad;
	EXPECT_STATUS(table_seal(table), 0);
	for (unsigned int level = 1; level <= 4; level++)
		EXPECT_REFUSED(table_pin(table, level));
	EXPECT_STATUS(table_unseal(table), 0);
	table[7] = 0;
	table[8] = INVERTED(mfn_of(page));
	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(table_pin(table, 1), 0);
	EXPECT_STATUS(table_unpin(table), 0);
	EXPECT_STATUS(table_unseal(table), 0);
}

static void what_names_no_memory_is_taken(void)
{
	uint64_t good[] = { 0, PTE_RW | PTE_US, INVERTED(mfn_of(page)), INVERTED(1), PTE_NX | 0xffe };
	uint64_t before = *entry;

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		EXPECT_STATUS(update(entry_machine(page, 1), good[i]), 0);
		EXPECT_EQ(*entry, good[i]);
		EXPECT_STATUS(map(page, 0), 0);
		TRY("mov %[value], (%[entry])", OUT(), IN([value] "r"(good[i]), [entry] "r"(entry)));
		EXPECT_NO_FAULT();
		EXPECT_EQ(*entry, good[i]);
	}
	EXPECT_STATUS(map(page, before), 0);
}

static void all(void)
{
	uint64_t own = mfn_of(page);

	every_way_refuses(ABSENT(own));
	every_way_refuses(ABSENT(1));
	/* More address than the processor has is not looked at by its cache. */
	every_way_refuses(ABSENT(own | 1ul << 39));
	validation_refuses(ABSENT(own));
	what_names_no_memory_is_taken();
}

void test_main(void)
{
	if (!is_hospes())
		SKIP("Xen gives such a domain shadow page tables");
	hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	page = page_alloc();
	entry = entry_of(page, 1);
	all();
	/* With a table for the user the hypervisor knows a shorter way for the usual stores. */
	user_init();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0), 0);
	all();
}
