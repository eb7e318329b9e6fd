/*
 * What: a kernel stack pointer inside the hypervisor's range kills the domain at the next exception.
 * Why: the frame is written with the hypervisor's rights; only a check of the address protects it.
 * How: sets rsp to the middle of the range and raises an exception.
 * A failure means: a guest writes into the hypervisor.
 */
#include <guest.h>

void test_main(void)
{
	EXPECT_CRASH("the frame would be inside the hypervisor");
	asm volatile("mov %0, %%rsp; ud2" : : "r"(HYPERVISOR_VIRT_START + 0x2d0400000000ul));
	EXPECT_TRUE(false);
}
