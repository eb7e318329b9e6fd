/*
 * What: iret to a non-canonical rip with a stack that cannot take the exception either kills the domain only.
 * Why: the bad half of XSA-7: good rip tricks are caught, but the frame for the #GP has nowhere to go.
 * How: returns in kernel mode to 0x800000000000 with rsp unmapped.
 * A failure means: the hypervisor faults in ring 0.
 */
#include <guest.h>

void test_main(void)
{
	struct frame frame = { .rip = 0x800000000000ul,
			       .cs = FLAT_KERNEL_CS & ~3ul,
			       .ss = FLAT_KERNEL_SS,
			       .rflags = 2,
			       .rsp = 0x10000002000ul };

	EXPECT_CRASH("no stack for the #GP");
	kernel_run(&frame);
	EXPECT_TRUE(false);
}
