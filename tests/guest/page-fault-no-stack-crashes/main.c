/*
 * What: a page fault of user code whose kernel stack is not mapped kills the domain.
 * Why: the frame has nowhere to go. Assembly has loaded the kernel's address space by then, and must undo that, and the
 *      fault's address, before C says so.
 * How: names an unmapped kernel stack and has user code read an address that is not mapped either.
 * A failure means: the hypervisor faults on a guest's stack, or the guest goes on in the wrong address space.
 */
#include <guest.h>

USER_CODE(code_read, "mov (%rdi), %rax; ud2");

void test_main(void)
{
	struct frame frame = user_frame(code_read);
	uint64_t return_rsp;

	frame.rdi = 0x20000000000ul;
	EXPECT_CRASH("no stack for the frame");
	EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS, 0x10000001000ul), 0);
	frame_run(&frame, &return_rsp);
	EXPECT_TRUE(false);
}
