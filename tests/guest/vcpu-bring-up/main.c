/*
 * What: vcpu_op is_up, initialise, up and down of a second vCPU, with the state that it starts in.
 * Why: SMP kernels; is_up's answer for missing numbers decides how many processors a kernel believes in.
 * How: asks for all numbers; starts vCPU 1, which checks itself; takes it down and up again; gives bad contexts.
 * A failure means: a kernel finds the wrong number of processors, or they start with wrong registers.
 * Machine: cpus=2
 */
#include <guest.h>

static volatile unsigned int stage;
static volatile uint64_t argument_seen;
static struct vcpu_guest_context context;

static void second(void *argument)
{
	uint16_t cs, ss;

	argument_seen = (uintptr_t)argument;
	asm volatile("mov %%cs, %0" : "=r"(cs));
	asm volatile("mov %%ss, %0" : "=r"(ss));
	EXPECT_EQ(cs, FLAT_KERNEL_CS);
	EXPECT_EQ(ss, FLAT_KERNEL_SS);
	EXPECT_EQ(vcpu_here(), 1);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 1);
	EXPECT_TRUE(read_flags() & EFLAGS_IF);
	stage = 1;
	/* Down, and up again: it goes on behind the call, which gives 0. */
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_down, 1, NULL), 0);
	stage = 2;
}

static bool wait_until(long (*question)(void), long answer)
{
	uint64_t end = time_now() + 5000000000ul;

	while (question() != answer)
		if (time_now() > end)
			return false;
	return true;
}

static long is_up(void)
{
	return hc_vcpu_op(VCPUOP_is_up, 1, NULL);
}

static long stage_now(void)
{
	return stage;
}

static void numbers(void)
{
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_is_up, 0, NULL), 1);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_is_up, 2, NULL), -XEN_ENOENT);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_is_up, 8191, NULL), -XEN_ENOENT);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_is_up, ~0u, NULL), -XEN_ENOENT);
	EXPECT_ONE_OF(hc_vcpu_op(99, 0, NULL), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
}

static void refusals(void)
{
	/* Not initialised. */
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 7, &context), -XEN_ENOENT);
	vcpu_context_fill(&context, 1, second, NULL);
	context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of(page_alloc()));
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
	vcpu_context_fill(&context, 1, second, NULL);
	context.gs_base_user = 0x800000000000ul;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
	vcpu_context_fill(&context, 1, second, NULL);
	context.ldt_ents = 9000;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
	/* It would begin in user mode, without a root for it: none, or frame 0. */
	for (uint64_t low_bits = 0; low_bits < 2; low_bits++) {
		vcpu_context_fill(&context, 1, second, NULL);
		context.flags &= ~(uint64_t)VGCF_in_kernel;
		context.ctrlreg[1] = low_bits;
		EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
	}
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
}

void test_main(void)
{
	numbers();
	refusals();
	vcpu_start(1, second, (void *)0x1234);
	EXPECT_TRUE(wait_until(stage_now, 1));
	EXPECT_EQ(argument_seen, 0x1234);
	EXPECT_TRUE(wait_until(is_up, 0));
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EEXIST);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_up, 1, NULL), 0);
	EXPECT_TRUE(vcpu_join(1));
	EXPECT_EQ(stage, 2);
}
