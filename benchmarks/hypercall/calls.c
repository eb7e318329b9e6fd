/*
 * Calls that do little: what entering and leaving costs, and what kernels issue on every switch of tasks.
 */
#include "measure.h"

#define MULTICALL_CALLS 8

static void null_multicall(void)
{
	static struct multicall_entry calls[MULTICALL_CALLS];

	for (unsigned int i = 0; i < MULTICALL_CALLS; i++)
		calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { XENVER_version, 0 } };
	MEASURE("multicall of 8 null calls", hc_multicall(calls, MULTICALL_CALLS));
}

void calls_measure(void)
{
	uint64_t here;

	MEASURE("null hypercall (xen_version)", hc_xen_version(XENVER_version, NULL));
	null_multicall();
	asm("mov %%rsp, %0" : "=r"(here));
	MEASURE("stack_switch", hc_stack_switch(FLAT_KERNEL_SS, (here - 1024) & ~15ul));
	MEASURE("set_segment_base (fs)", hc_set_segment_base(SEGBASE_FS, 0x1000));
	MEASURE("set_segment_base (user gs)", hc_set_segment_base(SEGBASE_GS_USER, 0x1000));
	MEASURE("set_segment_base (user gs selector)", hc_set_segment_base(SEGBASE_GS_USER_SEL, 0));
	MEASURE("fpu_taskswitch, set", hc_fpu_taskswitch(1));
	MEASURE("fpu_taskswitch, clear", hc_fpu_taskswitch(0));
	MEASURE("sched_op yield", hc_sched_op(SCHEDOP_yield, NULL));
	hc_set_segment_base(SEGBASE_FS, 0);
}
