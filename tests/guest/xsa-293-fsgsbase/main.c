/*
 * What: user code that sets its GS and FS bases by instruction changes its own only: the kernel's GS is back at every
 *       entry.
 * Why: XSA-293: with FSGSBASE on, user code changed the bases behind the kernel's back.
 * How: user code executes wrgsbase and wrfsbase where the processor lets it, then enters the kernel in several ways.
 * A failure means: a process makes its kernel use per-CPU data of the process's choice.
 */
#include <guest.h>

USER_CODE(code_wrgsbase, "wrgsbase %rdi; wrfsbase %rdi; ud2");
USER_CODE(code_wrgsbase_syscall, "wrgsbase %rdi; wrfsbase %rdi; syscall");
USER_CODE(code_rdgsbase, "rdgsbase %rax; rdfsbase %rbx; ud2");

static uint64_t cell = 0xaaaa;

static uint64_t gs_word(void)
{
	uint64_t value;

	asm volatile("mov %%gs:0, %0" : "=r"(value));
	return value;
}

void test_main(void)
{
	struct frame frame;
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_KERNEL, (uintptr_t)&cell), 0);
	/* Off: the instructions are not there, for the user neither. */
	asm volatile("mov %0, %%cr4" : : "r"(cr4 & ~0x10000ul));
	frame = user_frame(code_wrgsbase);
	user_run(&frame);
	EXPECT_EQ(frame.vector, VECTOR_UD);
	EXPECT_EQ(gs_word(), 0xaaaa);
	EXPECT_EQ(frame.rip, user_address(code_wrgsbase));

	TRY("mov %[v], %%cr4", OUT(), IN([v] "r"(cr4 | 0x10000)));
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	if (!(cr4 & 0x10000))
		return;
	static const uint64_t bases[] = { USER_DATA, 0xffffc00000000000ul };

	for (unsigned int i = 0; i < 2; i++) {
		frame = user_frame(code_wrgsbase);
		frame.rdi = bases[i];
		EXPECT_EQ(user_run(&frame), VECTOR_UD);
		EXPECT_EQ(frame.rip, user_address(code_wrgsbase) + 10);
		EXPECT_EQ(gs_word(), 0xaaaa);
		frame = user_frame(code_wrgsbase_syscall);
		frame.rdi = bases[i];
		EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
		EXPECT_EQ(gs_word(), 0xaaaa);
		/* And the user's own is kept for it. */
		frame = user_frame(code_rdgsbase);
		EXPECT_EQ(user_run(&frame), VECTOR_UD);
		EXPECT_EQ(frame.rax, bases[i]);
		EXPECT_EQ(frame.rbx, bases[i]);
	}
}
