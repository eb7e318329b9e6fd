/*
 * What: validating and dropping big trees while events arrive, with an error at the very end: all or nothing, and every
 *       reference goes back.
 * Why: XSA-299, XSA-310, XSA-290: validation that was preempted half-way lost or dropped counts that it did not own.
 * How: a tree of 64 full L1 tables, pinned and unpinned with a running timer; then with one bad entry in the last table.
 * A failure means: a frame is freed while in use, or stuck for ever, or one hypercall holds the CPU.
 */
#include <guest.h>

#define TABLES 48

static uint64_t *level1[TABLES], *level2, *level3;
static uint64_t *leaf;

static void build(void)
{
	leaf = page_alloc();
	level2 = page_alloc();
	level3 = page_alloc();
	for (unsigned int i = 0; i < TABLES; i++) {
		level1[i] = page_alloc();
		for (unsigned int j = 0; j < 512; j++)
			level1[i][j] = pte_make(mfn_of(leaf), (i + j) % 2 ? PTE_RW_FLAGS : PTE_RO_FLAGS);
		level2[i] = pte_make(mfn_of(level1[i]), PTE_RW_FLAGS);
		EXPECT_STATUS(table_seal(level1[i]), 0);
	}
	EXPECT_STATUS(table_seal(level2), 0);
	for (unsigned int i = 0; i < 512; i++)
		level3[i] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level3), 0);
}

static void tick_on(void)
{
	struct vcpu_set_periodic_timer periodic = { .period_ns = 1000000 };

	EXPECT_TRUE(port_bind_virq(VIRQ_TIMER, 0) > 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), 0);
	events_enable();
}

static void everything_is_free(void)
{
	for (unsigned int i = 0; i < TABLES; i++) {
		EXPECT_STATUS(table_unseal(level1[i]), 0);
		EXPECT_STATUS(table_seal(level1[i]), 0);
	}
	EXPECT_STATUS(table_unseal(level2), 0);
	EXPECT_STATUS(table_seal(level2), 0);
}

void test_main(void)
{
	build();
	tick_on();
	for (unsigned int round = 0; round < 5; round++) {
		EXPECT_STATUS(table_pin(level3, 3), 0);
		EXPECT_REFUSED(table_unseal(level1[TABLES - 1]));
		EXPECT_STATUS(table_unpin(level3), 0);
		everything_is_free();
	}
	/* The last entry of the last table is bad. */
	EXPECT_STATUS(table_unseal(level1[TABLES - 1]), 0);
	level1[TABLES - 1][511] = pte_make(mfn_of((void *)start_info->pt_base), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level1[TABLES - 1]), 0);
	for (unsigned int round = 0; round < 5; round++) {
		EXPECT_REFUSED(table_pin(level3, 3));
		everything_is_free();
		EXPECT_STATUS(table_unseal(level3), 0);
		EXPECT_STATUS(table_seal(level3), 0);
	}
	/* The leaf has no reference left but its own mapping. */
	EXPECT_STATUS(table_seal(leaf), 0);
	EXPECT_STATUS(table_pin(leaf, 1), 0);
	EXPECT_STATUS(table_unpin(leaf), 0);
	print("%u upcalls\n", upcall_count);
}
