/*
 * What: a return to a frame whose code segment cannot be loaded is a #GP of the guest; a data segment that is gone when
 *       the vCPU runs again brings the failsafe callback, or reads as null.
 * Why: segments fail to load only inside the hypervisor's own way out (XSA-215: that frame is larger than the others).
 * How: iret to a selector that is not there; a vCPU switched out and in with an LDT selector in es that no longer exists.
 * A failure means: the hypervisor faults in its exit path, or the guest cannot tell what went wrong.
 * Machine: vcpus=2
 */
#include <guest.h>

static struct frame seen;
static uint64_t *ldt;

static bool hook(struct frame *at)
{
	seen = *at;
	if (at->vector == VECTOR_EVENT)
		return false;
	user_leave(at);
}

static void code_segment_is_missing(void)
{
	uint64_t here;

	asm volatile("mov %%rsp, %0" : "=r"(here));
	struct frame frame = {
		.rip = (uintptr_t)test_main, .cs = 0x1230, .ss = FLAT_KERNEL_SS, .rflags = 2, .rsp = here - 2048
	};

	kernel_run(&frame);
	/* The exception is the guest's, in the frame that it asked for. */
	EXPECT_EQ(seen.vector, VECTOR_GP);
	EXPECT_EQ(seen.error, 0x1230);
	EXPECT_EQ(seen.rip, (uintptr_t)test_main);
	EXPECT_EQ(seen.rsp, here - 2048);
}

static void other_vcpu(void *argument)
{
	(void)argument;
	for (int i = 0; i < 100; i++)
		hc_sched_op(SCHEDOP_yield, NULL);
}

static unsigned int failsafe_count;
static uint64_t extra_selector;

static bool failsafe_hook(struct frame *at)
{
	if (at->vector != VECTOR_FAILSAFE)
		return false;
	failsafe_count++;
	extra_selector = failsafe_selectors[1] & 0xffff;
	EXPECT_EQ(at->cs & 0xffff, FLAT_KERNEL_CS & ~3);
	/* What could not be loaded is null now; the interrupted code goes on. */
	return true;
}

static void data_segment_is_gone(void)
{
	uint16_t es;

	ldt = page_alloc();
	ldt[1] = 0x00cff3000000ffffull;
	EXPECT_STATUS(table_seal(ldt), 0);
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, (uintptr_t)ldt, 2), 0);
	asm volatile("mov %0, %%es" : : "r"(0xf));
	EXPECT_STATUS(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	/* Two vCPUs take turns on one CPU, so that the selector is loaded again. */
	trap_hook = failsafe_hook;
	vcpu_start(1, other_vcpu, NULL);
	EXPECT_TRUE(vcpu_join(1));
	asm volatile("mov %%es, %0" : "=r"(es));
	print("%u failsafe callbacks, es %x\n", failsafe_count, es);
	EXPECT_TRUE(failsafe_count <= 1);
	if (failsafe_count)
		EXPECT_EQ(extra_selector, 0xf);
	EXPECT_EQ(es, 0);
}

void test_main(void)
{
	trap_hook = hook;
	code_segment_is_missing();
	data_segment_is_gone();
}
