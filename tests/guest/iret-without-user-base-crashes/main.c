/*
 * What: iret to user mode while no user page table was ever set kills the domain.
 * Why: there is no address space to run in; going on with the kernel's would give user code the kernel.
 * How: returns with a user cs before any NEW_USER_BASEPTR.
 * A failure means: user mode runs on the kernel's page tables, or on garbage.
 */
#include <guest.h>

void test_main(void)
{
	struct frame frame = {
		.rip = (uintptr_t)test_main, .cs = USER_CS, .ss = USER_SS, .rflags = EFLAGS_IF | 2, .rsp = 0x1000
	};

	EXPECT_CRASH("no user page table");
	kernel_run(&frame);
	EXPECT_TRUE(false);
}
