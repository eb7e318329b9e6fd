/*
 * What: `syscall`, sysenter and int 0x80 executed with TF set reach the kernel without TF, and the frame has it.
 * Why: XSA-204: the trap flag survived into the guest's handler, or into the hypervisor's entry.
 * How: single-steps system calls of user code, and hypercalls of kernel code.
 * A failure means: a process stops its kernel, or the hypervisor, with its own trap flag.
 */
#include <guest.h>

USER_CODE(code_syscall, "syscall");
USER_CODE(code_int80, "int $0x80");

static uint64_t flags_of_handler;

static bool hook(struct frame *at)
{
	(void)at;
	flags_of_handler = read_flags();
	return false;
}

static void from_user(const char *code, unsigned int vector)
{
	struct frame frame = user_frame(code);

	frame.rflags |= EFLAGS_TF;
	unsigned int got = user_run(&frame);

	EXPECT_TRUE(got == vector || got == VECTOR_DB);
	EXPECT_TRUE(frame.rflags & EFLAGS_TF);
	EXPECT_EQ(frame.cs & 3, 3);
	EXPECT_EQ(flags_of_handler & EFLAGS_TF, 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
	events_disable();
}

static void from_kernel(void)
{
	/* The step is taken after the hypercall, or right behind popf; both are the guest's. */
	TRY("pushfq; orl $0x100, (%%rsp); popfq; syscall; nop; nop", OUT(), IN("a"(17ul), "D"(0), "S"(0)), "rcx",
	    "r11");
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_TRUE(caught.frame.rflags & EFLAGS_TF);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
	EXPECT_EQ(read_flags() & EFLAGS_TF, 0);
}

void test_main(void)
{
	user_init();
	trap_hook = hook;
	from_user(code_syscall, VECTOR_SYSCALL);
	from_user(code_int80, 0x80);
	from_kernel();
}
