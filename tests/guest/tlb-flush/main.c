/*
 * What: after each kind of flush no stale translation is used: TLB_FLUSH and INVLPG, local, multi and all, and the
 *       flushes inside update_va_mapping.
 * Why: kernels count on it when they free pages; a stale entry reads or writes somebody else's memory.
 * How: touches a page, changes its entry without a flush, flushes in each way, touches it again.
 * A failure means: silent memory corruption.
 */
#include <guest.h>

static volatile uint64_t *view;
static unsigned long first, second;
static unsigned long mask = 1;

static void changed_then(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(first, PTE_RW_FLAGS), UVMF_TLB_FLUSH), 0);
	EXPECT_EQ(view[0], 1);
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(second, PTE_RW_FLAGS), UVMF_NONE), 0);
	EXPECT_STATUS(mmuext(cmd, arg1, arg2), 0);
	EXPECT_EQ(view[0], 2);
}

void test_main(void)
{
	uint64_t *one = page_alloc(), *two = page_alloc();

	view = page_alloc();
	one[0] = 1;
	two[0] = 2;
	first = mfn_of(one);
	second = mfn_of(two);
	changed_then(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	changed_then(MMUEXT_INVLPG_LOCAL, (uintptr_t)view, 0);
	changed_then(MMUEXT_TLB_FLUSH_MULTI, 0, (uintptr_t)&mask);
	changed_then(MMUEXT_INVLPG_MULTI, (uintptr_t)view, (uintptr_t)&mask);
	changed_then(MMUEXT_TLB_FLUSH_ALL, 0, 0);
	changed_then(MMUEXT_INVLPG_ALL, (uintptr_t)view, 0);
	/* Strange addresses are harmless (XSA-279: a non-canonical one). */
	EXPECT_TRUE(mmuext(MMUEXT_INVLPG_LOCAL, 0x800000000000ul, 0) <= 0);
	EXPECT_TRUE(mmuext(MMUEXT_INVLPG_ALL, 0x800000000000ul, 0) <= 0);
	EXPECT_TRUE(mmuext(MMUEXT_INVLPG_LOCAL, HYPERVISOR_VIRT_START, 0) <= 0);
	EXPECT_REFUSED(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, HYPERVISOR_VIRT_START));
	EXPECT_STATUS(mmuext(MMUEXT_FLUSH_CACHE, 0, 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);

	/* One flushes for oneself. */
	struct mmuext_op of_others = { .cmd = MMUEXT_FLUSH_CACHE };

	EXPECT_STATUS(hc_mmuext_op(&of_others, 1, NULL, DOMID_IO), -XEN_EPERM);
	EXPECT_REFUSED(mmuext(99, 0, 0));
}
