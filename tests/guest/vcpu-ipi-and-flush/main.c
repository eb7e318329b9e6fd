/*
 * What: two vCPUs: IPIs reach the other one, wake it from block, and TLB flushes of all kinds clear its translations; the
 *       caches of all processors are written back while it runs.
 * Why: every SMP kernel stops using a page on all processors before it frees it.
 * How: vCPU 1 reads a page again and again; vCPU 0 remaps it and flushes with each form, then no old value may be read.
 * A failure means: processors see freed memory, or IPIs get lost.
 * Machine: cpus=2
 */
#include <guest.h>

static volatile uint64_t *view;
static volatile uint64_t seen, rounds;
static volatile bool stop, sleeping, awake;
static unsigned int wake_port;
static unsigned long first, second;
static unsigned long both = 3, other = 2;

static void reader(void *argument)
{
	(void)argument;
	while (!stop) {
		seen = view[0];
		rounds++;
	}
	sleeping = true;
	hc_sched_op(SCHEDOP_block, NULL);
	awake = true;
}

static bool other_moves(void)
{
	uint64_t now = rounds, end = time_now() + 5000000000ul;

	while (rounds < now + 3)
		if (time_now() > end)
			return false;
	return true;
}

static void changed_then(unsigned int cmd, uint64_t arg1, uint64_t arg2, unsigned long flags)
{
	EXPECT_STATUS(
		hc_update_va_mapping((uintptr_t)view, pte_make(first, PTE_RW_FLAGS), UVMF_TLB_FLUSH | UVMF_ALL), 0);
	EXPECT_TRUE(other_moves());
	EXPECT_EQ(seen, 1);
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(second, PTE_RW_FLAGS), flags), 0);
	if (cmd)
		EXPECT_STATUS(mmuext(cmd, arg1, arg2), 0);
	EXPECT_TRUE(other_moves());
	EXPECT_EQ(seen, 2);
}

static void wait_flag(volatile bool *flag)
{
	uint64_t end = time_now() + 5000000000ul;

	while (!*flag && time_now() < end)
		cpu_relax();
	EXPECT_TRUE(*flag);
}

void test_main(void)
{
	uint64_t *one = page_alloc(), *two = page_alloc();
	long port = port_bind_ipi(1);

	REQUIRE(port > 0);
	wake_port = (unsigned int)port;
	view = page_alloc();
	one[0] = 1;
	two[0] = 2;
	first = mfn_of(one);
	second = mfn_of(two);
	vcpu_start(1, reader, NULL);
	for (unsigned int round = 0; round < 20; round++) {
		changed_then(MMUEXT_TLB_FLUSH_ALL, 0, 0, UVMF_NONE);
		changed_then(MMUEXT_INVLPG_ALL, (uintptr_t)view, 0, UVMF_NONE);
		changed_then(MMUEXT_TLB_FLUSH_MULTI, 0, (uintptr_t)&other, UVMF_NONE);
		changed_then(MMUEXT_INVLPG_MULTI, (uintptr_t)view, (uintptr_t)&both, UVMF_NONE);
		changed_then(0, 0, 0, UVMF_INVLPG | UVMF_ALL);
		changed_then(0, 0, 0, UVMF_TLB_FLUSH | UVMF_ALL);
		changed_then(0, 0, 0, UVMF_INVLPG | (uintptr_t)&both);
		EXPECT_STATUS(mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
		EXPECT_TRUE(other_moves());
	}
	stop = true;
	wait_flag(&sleeping);
	time_wait(5000000);
	EXPECT_TRUE(!awake);
	EXPECT_STATUS(port_send(wake_port), 0);
	wait_flag(&awake);
	EXPECT_EQ(event_count[wake_port], 1);
	EXPECT_TRUE(vcpu_join(1));
}
