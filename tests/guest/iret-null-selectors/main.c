/*
 * What: iret with a null CS or SS is #GP(0) at the address that was to be entered; the instruction there is not carried out.
 * Why: the fault has the error code of an instruction that the hypervisor emulates. One after the other would be, with interrupts
 *      off, for as long as memory is full of them.
 * How: returns to instructions that the hypervisor emulates, in user mode and in the kernel.
 * A failure means: any program can take a processor for itself.
 * Machine: bochs=1
 */
#include <guest.h>

USER_CODE(code_rdtsc, "rdtsc; rdtsc; rdtsc; ud2");

void code_clts(void);
asm(".pushsection .text; code_clts: clts; clts; clts; ud2; .popsection");

static struct frame frame, seen;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_GP)
		return false;
	seen = *at;
	user_leave(at);
}

static void program(uint64_t cs, uint64_t ss)
{
	seen = (struct frame){};
	frame = user_frame(code_rdtsc);
	frame.cs = cs;
	frame.ss = ss;
	frame.rax = frame.rdx = 0x1234;
	user_run(&frame);
	EXPECT_EQ(seen.rip, user_address(code_rdtsc));
	EXPECT_EQ(seen.error, 0);
	EXPECT_TRUE(seen.rax == 0x1234 && seen.rdx == 0x1234);
}

static void kernel(uint64_t cs, uint64_t ss)
{
	static uint8_t stack[4096] __attribute__((aligned(16)));

	seen = (struct frame){};
	frame = (struct frame){ .rip = (uintptr_t)code_clts, .cs = cs, .ss = ss, .rflags = EFLAGS_IF | 2,
				.rsp = (uintptr_t)stack + sizeof(stack) - 256 };
	kernel_run(&frame);
	EXPECT_EQ(seen.rip, (uintptr_t)code_clts);
	EXPECT_EQ(seen.error, 0);
}

void test_main(void)
{
	trap_hook = hook;
	program(USER_CS, 3);
	program(3, USER_SS);
	kernel(0, FLAT_KERNEL_SS);
	kernel(FLAT_KERNEL_CS & ~3ul, 0);
}
