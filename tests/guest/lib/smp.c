/*
 * Bringing up further vCPUs. Each has a stack aligned to its size with the vCPU's number in its first word, by which
 * vcpu_here knows where it runs; on any other stack it says 0.
 */
#include "guest.h"

#define STACK_MAGIC 0x6b63617473ul

struct stack {
	uint64_t magic;
	uint64_t vcpu;
	uint8_t bytes[STACK_BYTES - 16];
};

extern struct stack stack0;
void ap_start(void);
void ap_finished(void);

static struct stack stacks[VCPUS_MAX] __attribute__((aligned(STACK_BYTES), section(".bss.page_aligned")));
static volatile bool finished[VCPUS_MAX];
static struct vcpu_guest_context context;

unsigned int vcpu_here(void)
{
	uintptr_t rsp;

	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	const struct stack *stack = (const struct stack *)(rsp & ~(STACK_BYTES - 1ul));

	for (unsigned int i = 1; i < VCPUS_MAX; i++)
		if (stack == &stacks[i])
			return i;
	return 0;
}

unsigned int vcpu_count(void)
{
	unsigned int count = 0;

	while (count < VCPUS_MAX && hc_vcpu_op(VCPUOP_is_up, count, NULL) >= 0)
		count++;
	return count;
}

void vcpu_context_fill(struct vcpu_guest_context *to, unsigned int vcpu, void (*function)(void *), void *argument)
{
	bytes_fill(to, 0, sizeof(*to));
	stacks[vcpu].magic = STACK_MAGIC;
	stacks[vcpu].vcpu = vcpu;
	/* Not VGCF_online: a vCPU that initialise makes ready is not woken by up. */
	to->flags = VGCF_in_kernel;
	to->user_regs.rip = (unsigned long)ap_start;
	to->user_regs.rdi = (unsigned long)function;
	to->user_regs.rsi = (unsigned long)argument;
	to->user_regs.rsp = (unsigned long)(&stacks[vcpu] + 1);
	to->user_regs.cs = FLAT_KERNEL_CS;
	to->user_regs.ss = FLAT_KERNEL_SS;
	to->user_regs.rflags = 0x1000;	/* IOPL 1 */
	to->kernel_ss = FLAT_KERNEL_SS;
	to->kernel_sp = to->user_regs.rsp;
	to->ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
	bytes_copy(to->trap_ctxt, trap_table(), sizeof(to->trap_ctxt));
	to->event_callback_eip = (unsigned long)callback_event;
	to->failsafe_callback_eip = (unsigned long)callback_failsafe;
	to->syscall_callback_eip = (unsigned long)callback_syscall;
}

void vcpu_start(unsigned int vcpu, void (*function)(void *), void *argument)
{
	vcpu_context_fill(&context, vcpu, function, argument);
	finished[vcpu] = false;
	if (hc_vcpu_op(VCPUOP_initialise, vcpu, &context))
		FAIL("vcpu_op initialise is refused");
	if (hc_vcpu_op(VCPUOP_up, vcpu, NULL))
		FAIL("vcpu_op up is refused");
}

bool vcpu_join(unsigned int vcpu)
{
	uint64_t end = time_now() + 5000000000ul;

	while (!finished[vcpu]) {
		if (time_now() > end)
			return false;
		hc_sched_op(SCHEDOP_yield, NULL);
	}
	return true;
}

void ap_finished(void)
{
	unsigned int vcpu = vcpu_here();

	finished[vcpu] = true;
	for (;;)
		hc_vcpu_op(VCPUOP_down, vcpu, NULL);
}
