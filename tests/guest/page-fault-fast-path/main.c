/*
 * What: a page fault reaches the kernel's handler with every register, the flags, the stack pointer and the event mask as
 *       they were, on any stack, and the way back to kernel code has them again.
 * Why: assembly does it alone in the usual case, and leaves the rest to C: both must mean the same.
 * How: faults of user and kernel code with known values in all registers; with events off and on, with odd stack
 *      pointers, with a gate that leaves events on, after a change of the trap table, and without a user's table.
 * A failure means: demand paging destroys what it interrupts, or events stay off or come where they must not.
 * Machine: bochs=1
 */
#include <guest.h>

#define NOWHERE 0x10000000000ul

void code_touch(void);
asm(".pushsection .text; code_touch: mov (%rdi), %rax; int3; .popsection");
USER_CODE(code_user_touch, "mov (%rdi), %rax; ud2");

static uint8_t stack[4096] __attribute__((aligned(16)));
static struct frame frame, seen;
static uint8_t mask_inside;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_PF)
		return false;
	seen = *at;
	mask_inside = vcpu_info_here()->evtchn_upcall_mask;
	user_leave(at);
}

static struct frame values(struct frame f)
{
	f.rax = 0xa1a1a1a1a1a1;
	f.rbx = 0xb2;
	f.rcx = 0xc3c3c3c3c3c3;
	f.rdx = 0xd4;
	f.rsi = 0xe5;
	f.rdi = NOWHERE;
	f.rbp = 0x17;
	f.r8 = 8;
	f.r9 = 9;
	f.r10 = 10;
	f.r11 = 0x1111111111111111;
	f.r12 = 12;
	f.r13 = 13;
	f.r14 = 14;
	f.r15 = 15;
	return f;
}

static void same_registers(void)
{
	EXPECT_TRUE(seen.rax == frame.rax && seen.rbx == 0xb2 && seen.rdx == 0xd4 && seen.rsi == 0xe5 &&
		    seen.rdi == NOWHERE && seen.rbp == 0x17);
	EXPECT_EQ(seen.rcx, 0xc3c3c3c3c3c3);
	EXPECT_EQ(seen.r11, 0x1111111111111111);
	EXPECT_TRUE(seen.r8 == 8 && seen.r9 == 9 && seen.r10 == 10 && seen.r12 == 12 && seen.r13 == 13 &&
		    seen.r14 == 14 && seen.r15 == 15);
	EXPECT_EQ(vcpu_info_here()->arch.cr2, NOWHERE);
}

static void kernel_fault(uint64_t flags, uint64_t rsp, uint8_t masked)
{
	frame = values((struct frame){ .rip = (uintptr_t)code_touch,
				       .cs = FLAT_KERNEL_CS & ~3ul,
				       .ss = FLAT_KERNEL_SS,
				       .rsp = rsp,
				       .rflags = flags | 2 });
	struct frame run = frame;

	kernel_run(&run);
	same_registers();
	EXPECT_EQ(seen.rip, (uintptr_t)code_touch);
	EXPECT_EQ(seen.cs & 0xffff, FLAT_KERNEL_CS & ~3u);
	EXPECT_EQ(seen.cs >> 32, masked);
	EXPECT_EQ(seen.rsp, rsp);
	EXPECT_EQ(seen.ss, FLAT_KERNEL_SS);
	EXPECT_EQ(seen.rflags & (EFLAGS_IF | EFLAGS_CF | EFLAGS_DF), flags & (EFLAGS_IF | EFLAGS_CF | EFLAGS_DF));
	EXPECT_EQ(seen.error, 0);
}

static void user_fault(void)
{
	frame = values(user_frame(code_user_touch));
	frame.rflags |= EFLAGS_CF | EFLAGS_DF;
	frame.rsp -= 3;
	struct frame run = frame;

	EXPECT_EQ(user_run(&run), VECTOR_PF);
	same_registers();
	EXPECT_EQ(seen.rip, frame.rip);
	EXPECT_EQ(seen.cs, USER_CS);
	EXPECT_EQ(seen.rsp, frame.rsp);
	EXPECT_EQ(seen.ss, USER_SS);
	EXPECT_EQ(seen.rflags & (EFLAGS_IF | EFLAGS_CF | EFLAGS_DF), EFLAGS_IF | EFLAGS_CF | EFLAGS_DF);
	EXPECT_EQ(seen.error, PF_U);
}

static void from_kernel(void)
{
	uint64_t top = (uintptr_t)stack + sizeof(stack) - 256;

	kernel_fault(EFLAGS_IF, top, 0);
	kernel_fault(EFLAGS_IF | EFLAGS_CF | EFLAGS_DF, top - 1, 0);
	kernel_fault(EFLAGS_CF, top - 8, 1);
	EXPECT_EQ(mask_inside, 1);
}

/* A gate that leaves events on, and one that does not again. */
static void gates(void)
{
	EXPECT_STATUS(trap_set(VECTOR_PF, 0, false), 0);
	user_fault();
	EXPECT_EQ(mask_inside, 0);
	kernel_fault(EFLAGS_IF, (uintptr_t)stack + sizeof(stack) - 256, 0);
	EXPECT_EQ(mask_inside, 0);
	EXPECT_STATUS(trap_set(VECTOR_PF, 0, true), 0);
	user_fault();
	EXPECT_EQ(mask_inside, 1);
}

void test_main(void)
{
	trap_hook = hook;
	/* No user's table yet: the long way. */
	from_kernel();
	user_init();
	from_kernel();
	user_fault();
	EXPECT_EQ(mask_inside, 1);
	gates();
	from_kernel();
}
