/*
 * What: a data segment that cannot be loaded on the way to user mode brings the failsafe callback, which names the
 *       selectors.
 * Why: a process may change a descriptor that is loaded elsewhere; the hypervisor must not fault in its own exit path.
 * How: loads an LDT selector into ds, removes the LDT, lets the hypervisor reload it by a switch of vCPU state.
 *      Where the reload never happens (one vCPU, nothing else to run) the callback does not come, and that is right too.
 * A failure means: a guest can make the hypervisor fault while it restores segments (XSA-215: frame too large).
 */
#include <guest.h>

static uint64_t *ldt;
static unsigned int failsafe_count;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_FAILSAFE)
		return false;
	failsafe_count++;
	/* The exit was abandoned; the frame names where it went. */
	return true;
}

void test_main(void)
{
	struct vcpu_set_singleshot_timer timer = {};

	trap_hook = hook;
	ldt = page_alloc();
	ldt[1] = 0x00cff3000000ffffull;
	EXPECT_STATUS(table_seal(ldt), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)ldt, 2), 0);
	asm volatile("mov %0, %%es" : : "r"(0xf));
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	/* Sleep, so that the hypervisor runs something else and comes back. */
	port_bind_virq(VIRQ_TIMER, 0);
	timer.timeout_abs_ns = time_now() + 20000000;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
	hc_sched_op(SCHEDOP_block, NULL);
	print("%u failsafe callbacks\n", failsafe_count);
	EXPECT_TRUE(failsafe_count <= 1);
	if (failsafe_count)
		EXPECT_TRUE(failsafe_selectors[1] == 0xf);
	uint16_t es;

	asm volatile("mov %%es, %0" : "=r"(es));
	EXPECT_TRUE(es == 0xf || es == 0);
	asm volatile("mov %0, %%es" : : "r"(0));
}
