/*
 * What: SYSENTER from 32-bit and 64-bit user code comes to its callback whatever the user's flags are, which the frame
 *       shows: NT, TF, AC, DF; its kernel begins without the first three.
 * Why: it is how 32-bit programs call their kernel on Intel's processors (XSA-339); the instruction clears but IF.
 * How: a processor model of Intel's, each flag in turn, then all of them.
 * A failure means: a program can take its kernel down, or the hypervisor.
 * Machine: cpu=Nehalem bochs=1
 */
#include <guest.h>

USER_CODE(code_sysenter, ".byte 0x0f, 0x34");

static void enter(uint16_t cs, uint64_t flags)
{
	struct frame frame = user_frame(code_sysenter);

	frame.cs = cs;
	frame.rflags |= flags;
	EXPECT_EQ(user_run(&frame), VECTOR_SYSENTER);
	EXPECT_EQ(frame.rflags & flags, flags);
	EXPECT_EQ(frame.rflags & EFLAGS_IF, EFLAGS_IF);
	EXPECT_EQ(entry_flags & (EFLAGS_NT | EFLAGS_TF | EFLAGS_AC), 0);
}

void test_main(void)
{
	static const uint64_t flags[] = {0, EFLAGS_NT, EFLAGS_TF, EFLAGS_AC, EFLAGS_DF,
					 EFLAGS_NT | EFLAGS_TF | EFLAGS_AC | EFLAGS_DF};

	if (callback_set(CALLBACKTYPE_sysenter, callback_sysenter, true))
		SKIP("no SYSENTER on this processor");
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		enter(USER_CS32, flags[i]);
		enter(USER_CS, flags[i]);
	}
}
