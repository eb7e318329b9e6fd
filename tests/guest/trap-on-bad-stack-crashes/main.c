/*
 * What: an exception of kernel code whose stack cannot be written kills the domain.
 * Why: the frame has nowhere to go; a real processor would double-fault (XSA-7, 183: never fault in ring 0 for it).
 * How: points rsp at an unmapped page and executes ud2.
 * A failure means: the hypervisor faults on a guest's stack.
 */
#include <guest.h>

void test_main(void)
{
	EXPECT_CRASH("no stack for the frame");
	asm volatile("mov $0x10000001000, %rsp; ud2");
	EXPECT_TRUE(false);
}
