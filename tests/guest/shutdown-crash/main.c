/*
 * What: a domain that says of itself that it crashed (shutdown reason 3) is ended as crashed; bad reasons are refused or
 *       end it too.
 * Why: a kernel's panic tells the hypervisor so.
 * How: shuts down with that reason.
 * A failure means: panics of domain 0 go unnoticed.
 */
#include <guest.h>

void test_main(void)
{
	struct sched_shutdown shutdown = { .reason = SHUTDOWN_crash };

	EXPECT_CRASH("it says so itself");
	hc_sched_op(SCHEDOP_shutdown, &shutdown);
	EXPECT_TRUE(false);
}
