/*
 * The smallest guest there is: it sleeps at once and for good. The table of domains makes many of it.
 */
#include <guest.h>

const char test_name[] = "bench-idle";

void test_main(void)
{
	print("asleep\n");
	for (;;) {
		events_disable();
		hc_sched_op(SCHEDOP_block, NULL);
	}
}
