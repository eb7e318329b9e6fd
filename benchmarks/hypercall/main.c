/*
 * A PV kernel that measures the hypervisor under it, Hospes or Xen, and prints a line for each operation:
 *
 *	ROW name|median|least|most
 *
 * It runs as domain 0 on one CPU. Before the rows it prints CALIBRATION: what the counter says of a thousand
 * instructions, from which the reader knows whether the counter counts instructions.
 */
#include "measure.h"

const char test_name[] = "bench-hypercall";

void test_main(void)
{
	events_disable();
	/* Boot's periodic tick, where there is one, would fall into the samples. */
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	calibrate();
	calls_measure();
	entries_measure();
	trapped_measure();
	tables_measure();
	events_measure();
	grants_measure();
}
