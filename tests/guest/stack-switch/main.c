/*
 * What: stack_switch sets the stack for entries from user mode, aligned down to 16 bytes; null and wrong selectors.
 * Why: done on every context switch: each process has its kernel stack.
 * How: enters from user mode with several stacks and looks where the frame is.
 * A failure means: one process's entry writes over another's kernel stack.
 */
#include <guest.h>

USER_CODE(code_ud2, "ud2");

static uint8_t stacks[2][4096] __attribute__((aligned(16)));
static uint64_t frame_end;

static bool hook(struct frame *at)
{
	frame_end = (uintptr_t)at + sizeof(*at);
	return false;
}

static void enters_on(uint64_t sp, uint64_t want)
{
	struct frame frame = user_frame(code_ud2);

	/* user_run sets a stack itself: take the other way in. */
	EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS, sp), 0);
	EXPECT_EQ(kernel_run(&frame), VECTOR_UD);
	EXPECT_EQ(frame_end, want);
}

void test_main(void)
{
	uint64_t first = (uintptr_t)stacks[0] + 4096, second = (uintptr_t)stacks[1] + 2048;

	user_init();
	trap_hook = hook;
	enters_on(first, first);
	enters_on(second, second);
	enters_on(second - 8, second - 16);
	enters_on(second - 1, second - 16);
	/* The selector counts for little in 64-bit code, but it must be one of ours. */
	EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS & ~3ul, first), 0);
	long status = hc_stack_switch(0x10, first);

	EXPECT_ONE_OF(status, 0, -XEN_EPERM);
}
