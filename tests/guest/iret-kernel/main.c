/*
 * What: the iret hypercall back to kernel mode: every register exactly, the event mask from IF, flags cleaned.
 * Why: kernels return from every trap with it.
 * How: enters a frame of known values whose code is an int3, and compares what comes back; by C, and by assembly alone.
 * A failure means: registers of interrupted code are lost, or the event mask gets out of step.
 * Machine: bochs=1
 */
#include <guest.h>

void code_int3(void);
void code_popf(void);
asm(".pushsection .text; code_int3: int3; .popsection");
asm(".pushsection .text; code_popf: pushfq; pop %rax; int3; .popsection");

static uint8_t stack[4096] __attribute__((aligned(16)));
static struct frame frame;
static struct frame seen;
static uint8_t seen_mask;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_BP)
		return false;
	seen = *at;
	user_leave(at);
}

static void enter(void (*code)(void), uint64_t flags)
{
	frame.rip = (uintptr_t)code;
	frame.cs = FLAT_KERNEL_CS & ~3ul;
	frame.ss = FLAT_KERNEL_SS;
	frame.rsp = (uintptr_t)stack + sizeof(stack) - 256;
	frame.rflags = flags;
	kernel_run(&frame);
	seen_mask = (uint8_t)(seen.cs >> 32);
}

static void registers_are_exact(void)
{
	frame = (struct frame){ .rax = 0xa1,
				.rbx = 0xb2,
				.rcx = 0xc3,
				.rdx = 0xd4,
				.rsi = 0xe5,
				.rdi = 0xf6,
				.rbp = 0x17,
				.r8 = 8,
				.r9 = 9,
				.r10 = 10,
				.r11 = 11,
				.r12 = 12,
				.r13 = 13,
				.r14 = 14,
				.r15 = 15 };
	enter(code_int3, EFLAGS_IF | EFLAGS_CF | EFLAGS_DF | 2);
	EXPECT_TRUE(seen.rax == 0xa1 && seen.rbx == 0xb2 && seen.rdx == 0xd4 && seen.rsi == 0xe5 && seen.rdi == 0xf6);
	EXPECT_EQ(seen.rcx, 0xc3);
	EXPECT_EQ(seen.r11, 11);
	EXPECT_TRUE(seen.rbp == 0x17 && seen.r8 == 8 && seen.r9 == 9 && seen.r10 == 10 && seen.r12 == 12 &&
		    seen.r13 == 13);
	EXPECT_TRUE(seen.r14 == 14 && seen.r15 == 15);
	EXPECT_EQ(seen.rsp, (uintptr_t)stack + sizeof(stack) - 256);
	EXPECT_EQ(seen.rip, (uintptr_t)code_int3 + 1);
	EXPECT_TRUE((seen.rflags & (EFLAGS_CF | EFLAGS_DF)) == (EFLAGS_CF | EFLAGS_DF));
}

/* The number with which the hypervisor tells itself to restart a call is any other number to the code that was interrupted. */
static void rax_may_be_anything(uint64_t flags)
{
	frame.rax = (uint64_t)-XEN_ERESTART;
	enter(code_int3, flags | 2);
	EXPECT_EQ(seen.rax, (uint64_t)-XEN_ERESTART);
	EXPECT_EQ(seen.rip, (uintptr_t)code_int3 + 1);
}

static void mask_comes_from_the_flag(void)
{
	enter(code_int3, EFLAGS_IF | 2);
	EXPECT_EQ(seen_mask, 0);
	EXPECT_TRUE(seen.rflags & EFLAGS_IF);
	enter(code_int3, 2);
	EXPECT_EQ(seen_mask, 1);
	EXPECT_EQ(seen.rflags & EFLAGS_IF, 0);
	events_disable();
}

static void flags_are_cleaned(void)
{
	/* The real flags always have IF, never IOPL or VM. */
	enter(code_popf, 2 | EFLAGS_IOPL | 0x20000 | EFLAGS_AC);
	EXPECT_EQ(seen.rax & (EFLAGS_IF | EFLAGS_IOPL | 0x20000), EFLAGS_IF);
	EXPECT_TRUE(seen.rax & EFLAGS_AC);
	EXPECT_EQ(seen.rflags & EFLAGS_IOPL, 0);
}

static void selectors_get_rpl_3(void)
{
	frame = (struct frame) {};
	frame.ss = FLAT_KERNEL_SS & ~3ul;
	enter(code_int3, EFLAGS_IF | 2);
	EXPECT_EQ(seen.cs & 0xffff, FLAT_KERNEL_CS & ~3);
	EXPECT_EQ(seen.ss & 0xffff, FLAT_KERNEL_SS);
	events_disable();
}

static void all(void)
{
	registers_are_exact();
	rax_may_be_anything(EFLAGS_IF);
	rax_may_be_anything(0);
	mask_comes_from_the_flag();
	flags_are_cleaned();
	selectors_get_rpl_3();
}

void test_main(void)
{
	trap_hook = hook;
	all();
	/* Once the kernel has a user's table assembly does it alone. */
	user_init();
	all();
}
