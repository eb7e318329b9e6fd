/*
 * What: the iret hypercall with VGCF_in_syscall returns as SYSRET does: the program finds its rip in rcx, its flags in r11.
 * Why: kernels return from system calls so; whatever the hypervisor had in these two registers must not reach a program.
 * How: a program looks at both first; events on, off, and one pending, which take different ways through the hypervisor; and by
 *      an ordinary iret the frame's own values.
 * A failure means: programs read addresses of their kernel or of the hypervisor.
 * Machine: bochs=1
 */
#include <guest.h>

USER_CODE(code_look, "mov %rcx, %rbx; mov %r11, %r12; syscall");

static struct frame frame;
static unsigned int events;
static uint64_t rcx_at_event;

/* The event's frame is that of the program that was entered, before its first instruction. */
static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_EVENT)
		return false;
	events++;
	rcx_at_event = at->rcx;
	vcpu_info_here()->evtchn_upcall_pending = 0;
	return true;
}

/* In the frame are the values that a kernel has there, which saved them at the system call. */
static void look(uint64_t flags, uint64_t events_on)
{
	frame = user_frame(code_look);
	frame.rflags = (frame.rflags & ~EFLAGS_IF) | events_on;
	frame.rax = (uint64_t)-XEN_ERESTART;
	frame.rcx = flags ? frame.rip : 0x1234;
	frame.r11 = flags ? frame.rflags : 0x5678;
	iret_flags = flags;
	EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
	iret_flags = 0;
}

static void as_sysret(uint64_t events_on)
{
	look(VGCF_in_syscall, events_on);
	EXPECT_EQ(frame.rbx, user_address(code_look));
	EXPECT_EQ(frame.r12 & ~EFLAGS_IF, frame.rflags & ~EFLAGS_IF);
}

static void with_an_event_pending(void)
{
	vcpu_info_here()->evtchn_upcall_pending = 1;
	look(VGCF_in_syscall, EFLAGS_IF);
	EXPECT_EQ(events, 1);
	EXPECT_EQ(rcx_at_event, user_address(code_look));
	EXPECT_EQ(frame.rbx, user_address(code_look));
}

static void as_the_frame_says(uint64_t events_on)
{
	look(0, events_on);
	EXPECT_EQ(frame.rbx, 0x1234);
	EXPECT_EQ(frame.r12, 0x5678);
	EXPECT_EQ(frame.rax, (uint64_t)-XEN_ERESTART);
}

void test_main(void)
{
	trap_hook = hook;
	as_sysret(EFLAGS_IF);
	as_sysret(0);
	with_an_event_pending();
	as_the_frame_says(EFLAGS_IF);
	as_the_frame_says(0);
}
