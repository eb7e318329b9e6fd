/*
 * What: the flag of a counter that is one clock on all CPUs, where the machine's owner vouches for it.
 * Why: kernels read the time in user space only with it; without it every look at the clock is a system call.
 * How: reads the flag of the boot vCPU's record, and that of the hypervisor's leaf, under tsc=stable:socket.
 * A failure means: domain 0's programs have a slow clock, or the leaf and the record contradict each other.
 * Machine: cpus=2 options=tsc=stable:socket
 */
#include <guest.h>

void test_main(void)
{
	uint64_t a = 0x40000003, c = 0;

	EXPECT_TRUE(vcpu_info_here()->time.flags & XEN_PVCLOCK_TSC_STABLE_BIT);
	TRY(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2", OUT("+a"(a), "+c"(c)), IN(), "rbx", "rdx");
	EXPECT_NO_FAULT();
	EXPECT_TRUE(a & 2);
}
