/*
 * What: an exception for which the trap table has no handler kills the domain, and only the domain.
 * Why: there is nowhere to deliver it; the hypervisor must neither loop nor go down.
 * How: empties the table and executes ud2.
 * A failure means: the guest goes on in an undefined state, or the hypervisor dies with it.
 */
#include <guest.h>

void test_main(void)
{
	EXPECT_STATUS(hc_set_trap_table(NULL), 0);
	EXPECT_CRASH("no handler for #UD");
	asm volatile("ud2");
	EXPECT_TRUE(false);
}
