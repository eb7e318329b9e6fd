/*
 * What: mmu_update and mmuext_op stop at the first request that fails, keep the earlier ones, and report how many
 *       were done.
 * Why: privcmd and kernels resume by this number.
 * How: batches with a bad request in the middle; a batch longer than any preemption interval; bad pointers.
 * A failure means: updates are lost or done twice.
 */
#include <guest.h>

static struct mmu_update updates[2048];

static void middle_fails(void)
{
	uint64_t *page = page_alloc();
	unsigned int done = 99;

	for (unsigned int i = 0; i < 8; i++)
		updates[i] = (struct mmu_update) { .ptr = machine_of(&page[i]), .val = i + 1 };
	updates[5].ptr = 0xffffffffful << 12;
	EXPECT_REFUSED(hc_mmu_update(updates, 8, &done, DOMID_SELF));
	EXPECT_EQ(done, 5);
	EXPECT_EQ(page[4], 5);
	EXPECT_EQ(page[6], 0);
	EXPECT_STATUS(hc_mmu_update(updates, 5, &done, DOMID_SELF), 0);
	EXPECT_EQ(done, 5);
	EXPECT_STATUS(hc_mmu_update(updates, 0, &done, DOMID_SELF), 0);
	EXPECT_EQ(done, 0);
}

static void operations(void)
{
	struct mmuext_op ops[3] = { { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
				    { .cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = ~0ul },
				    { .cmd = MMUEXT_TLB_FLUSH_LOCAL } };
	unsigned int done = 99;

	EXPECT_REFUSED(hc_mmuext_op(ops, 3, &done, DOMID_SELF));
	EXPECT_EQ(done, 1);
	EXPECT_STATUS(hc_mmuext_op(ops, 1, &done, DOMID_SELF), 0);
	EXPECT_EQ(done, 1);
}

static void long_batch(void)
{
	uint64_t *page = page_alloc();
	unsigned int done = 0;

	for (unsigned int i = 0; i < 2048; i++)
		updates[i] = (struct mmu_update) { .ptr = machine_of(&page[i % 512]), .val = i };
	EXPECT_STATUS(hc_mmu_update(updates, 2048, &done, DOMID_SELF), 0);
	EXPECT_EQ(done, 2048);
	EXPECT_EQ(page[0], 1536);
	EXPECT_EQ(page[511], 2047);
}

static void bad_pointers(void)
{
	unsigned int done = 99;

	EXPECT_STATUS(hc_mmu_update((void *)HYPERVISOR_VIRT_START, 1, &done, DOMID_SELF), -XEN_EFAULT);
	EXPECT_TRUE(done == 0 || done == 99);
	EXPECT_STATUS(hc_mmu_update((void *)0x10000000000ul, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	EXPECT_STATUS(hc_mmuext_op((void *)0x10000000000ul, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	/* A count that overflows the array's size in bytes. */
	EXPECT_REFUSED(hc_mmu_update((void *)0xfffffffffffff000ul, 0x7fffffff, NULL, DOMID_SELF));
}

void test_main(void)
{
	middle_fails();
	operations();
	long_batch();
	bad_pointers();
}
