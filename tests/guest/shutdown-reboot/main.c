/*
 * What: shutdown of domain 0 with reason reboot restarts the machine.
 * Why: it is how an administrator's reboot ends.
 * How: asks for it; the emulator, told not to reboot, ends, and the runner waits for that.
 * A failure means: domain 0's reboot hangs the machine.
 * Machine: seconds=20
 */
#include <guest.h>

void test_main(void)
{
	EXPECT_ONE_OF(hc_sched_op(SCHEDOP_shutdown, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT, -XEN_EFAULT);
	print("EXPECT_END\n");
	power_off(SHUTDOWN_reboot);
}
