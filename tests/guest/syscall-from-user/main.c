/*
 * What: `syscall` of 64-bit user code comes to the registered callback on the kernel's stack: rip from rcx, flags from
 *       r11, all other registers untouched, the mask as registered; TF, NT, AC and the direction are clear.
 * Why: every system call of every process; never a hypercall, whatever rax holds.
 * How: user code loads all registers and calls; the frame and the kernel's stack are compared.
 * A failure means: processes get wrong results, make hypercalls, or turn the string instructions of their kernel around.
 */
#include <guest.h>

USER_CODE(code_syscall, "syscall");
USER_CODE(code_hypercall, "mov $17, %eax; xor %edi, %edi; xor %esi, %esi; syscall");
USER_CODE(code_flags, "std; stc; pushfq; orl $0x40000, (%rsp); popfq; syscall");

static struct frame frame;
static uint64_t flags_in_handler;
static uint64_t rsp_in_handler;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_SYSCALL)
		return false;
	rsp_in_handler = (uintptr_t)at + sizeof(*at);
	flags_in_handler = vcpu_info_here()->evtchn_upcall_mask;
	return false;
}

static void registers_arrive(void)
{
	frame = user_frame(code_syscall);
	frame.rax = 0x1234, frame.rbx = 2, frame.rdx = 4, frame.rsi = 5, frame.rdi = 6, frame.rbp = 7, frame.r8 = 8,
	frame.r9 = 9;
	frame.r10 = 10, frame.r12 = 12, frame.r13 = 13, frame.r14 = 14, frame.r15 = 15, frame.rcx = 0x99,
	frame.r11 = 0x98;
	EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
	EXPECT_EQ(frame.rip, user_address(code_syscall) + 2);
	EXPECT_EQ(frame.rcx, frame.rip);
	EXPECT_EQ(frame.r11 & ~EFLAGS_IF, frame.rflags & ~EFLAGS_IF);
	EXPECT_EQ(frame.rsp, USER_STACK_TOP);
	EXPECT_EQ(frame.cs & 3, 3);
	EXPECT_TRUE(frame.rax == 0x1234 && frame.rbx == 2 && frame.rdx == 4 && frame.rsi == 5 && frame.rdi == 6 &&
		    frame.rbp == 7);
	EXPECT_TRUE(frame.r8 == 8 && frame.r9 == 9 && frame.r10 == 10 && frame.r12 == 12 && frame.r13 == 13 &&
		    frame.r14 == 14);
	EXPECT_EQ(frame.r15, 15);
}

static void no_hypercall(void)
{
	frame = user_frame(code_hypercall);
	EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
	EXPECT_EQ(frame.rax, 17);
}

/* With events on, as programs run, and off: the hypervisor has a way of its own for the first. */
static void flags_are_kept_and_cleared(uint64_t events)
{
	frame = user_frame(code_flags);
	frame.rflags = (frame.rflags & ~EFLAGS_IF) | events;
	EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
	EXPECT_EQ(frame.rflags & (EFLAGS_DF | EFLAGS_CF | EFLAGS_AC | EFLAGS_IF), EFLAGS_DF | EFLAGS_CF | EFLAGS_AC | events);
	EXPECT_EQ(entry_flags & (EFLAGS_TF | EFLAGS_NT | EFLAGS_AC | EFLAGS_DF), 0);
}

static void mask_as_registered(void)
{
	frame = user_frame(code_syscall);
	user_run(&frame);
	EXPECT_EQ(flags_in_handler, 1);
	EXPECT_EQ(frame.cs >> 32 & 0xff, 0);
	EXPECT_STATUS(callback_set(CALLBACKTYPE_syscall, callback_syscall, false), 0);
	frame = user_frame(code_syscall);
	user_run(&frame);
	EXPECT_EQ(flags_in_handler, 0);
	EXPECT_STATUS(callback_set(CALLBACKTYPE_syscall, callback_syscall, true), 0);
	/* The older way to register has no flags: it takes them back. */
	EXPECT_STATUS(HC(__HYPERVISOR_set_callbacks, callback_event, callback_failsafe, callback_syscall, 0, 0), 0);
	frame = user_frame(code_syscall);
	user_run(&frame);
	EXPECT_EQ(flags_in_handler, 0);
	EXPECT_STATUS(callback_set(CALLBACKTYPE_syscall, callback_syscall, true), 0);
	events_disable();
}

static void stack_is_the_kernel_s(void)
{
	uint64_t here;

	asm volatile("mov %%rsp, %0" : "=r"(here));
	frame = user_frame(code_syscall);
	user_run(&frame);
	EXPECT_TRUE(rsp_in_handler < here && rsp_in_handler > here - 4096);
	EXPECT_EQ(rsp_in_handler % 16, 0);
}

void test_main(void)
{
	trap_hook = hook;
	registers_arrive();
	no_hypercall();
	flags_are_kept_and_cleared(EFLAGS_IF);
	flags_are_kept_and_cleared(0);
	mask_as_registered();
	stack_is_the_kernel_s();
}
