/*
 * What: stack_switch sets the stack for entries from user mode, aligned down to 16 bytes; null and wrong selectors.
 * Why: done on every context switch: each process has its kernel stack.
 * How: enters from user mode with several stacks and looks where the frame is.
 * A failure means: one process's entry writes over another's kernel stack.
 */
#include <guest.h>

USER_CODE(code_ud2, "ud2");

static uint8_t stacks[2][4096] __attribute__((aligned(16)));
static uint64_t frame_end;

static bool hook(struct frame *at)
{
	frame_end = (uintptr_t)at + sizeof(*at);
	return false;
}

static void enters_on(uint64_t sp, uint64_t want)
{
	struct frame frame = user_frame(code_ud2);

	/* user_run sets a stack itself: take the other way in. */
	EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS, sp), 0);
	EXPECT_EQ(kernel_run(&frame), VECTOR_UD);
	EXPECT_EQ(frame_end, want);
}

/* Kernels make the call at each switch of processes, by assembly: no register changes but rax, rcx and r11. */
static void registers_are_kept(uint64_t sp)
{
	register uint64_t r8 asm("r8") = 8, r9 asm("r9") = 9, r10 asm("r10") = 10;
	uint64_t number = __HYPERVISOR_stack_switch, ss = FLAT_KERNEL_SS & ~3ul, at = sp, rdx = 0xd4d4d4d4d4d4d4d4;

	asm volatile("syscall" : "+a"(number), "+D"(ss), "+S"(at), "+d"(rdx), "+r"(r8), "+r"(r9), "+r"(r10)
		     : : "rcx", "r11", "memory");
	EXPECT_TRUE(number == 0 && ss == (FLAT_KERNEL_SS & ~3ul) && at == sp && rdx == 0xd4d4d4d4d4d4d4d4 && r8 == 8 &&
		    r9 == 9 && r10 == 10);
}

/* Stacks where no frame can be: the call says nothing, and what comes next makes it good again, for system calls too. */
USER_CODE(code_system_call, "syscall; ud2");
static void impossible_stacks(uint64_t good)
{
	static const uint64_t bad[] = { 0, 64, 0x7fffffffffff, 0x800000000000, HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START + 64,
					HYPERVISOR_VIRT_END - 1, HYPERVISOR_VIRT_END, HYPERVISOR_VIRT_END + 56,
					HYPERVISOR_VIRT_END + 4096, -1ul, -16ul };
	struct frame frame;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hc_stack_switch(FLAT_KERNEL_SS, bad[i]);
		EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS, good), 0);
		frame = user_frame(code_system_call);
		EXPECT_EQ(kernel_run(&frame), VECTOR_SYSCALL);
		EXPECT_EQ(frame_end, good);
		enters_on(good, good);
	}
}

static void single_step(uint64_t sp)
{
	uint64_t number = __HYPERVISOR_stack_switch;

	TRY("pushfq; orl $0x100, (%%rsp); popfq; syscall; nop; nop", OUT("+a"(number)), IN("D"(FLAT_KERNEL_SS), "S"(sp)),
	    "rcx", "r11");
	EXPECT_EQ(caught.vector, VECTOR_DB);
}

void test_main(void)
{
	uint64_t first = (uintptr_t)stacks[0] + 4096, second = (uintptr_t)stacks[1] + 2048;

	user_init();
	trap_hook = hook;
	enters_on(first, first);
	enters_on(second, second);
	enters_on(second - 8, second - 16);
	enters_on(second - 1, second - 16);
	/* The selector counts for little in 64-bit code, but it must be one of ours. */
	EXPECT_STATUS(hc_stack_switch(FLAT_KERNEL_SS & ~3ul, first), 0);
	long status = hc_stack_switch(0x10, first);

	EXPECT_ONE_OF(status, 0, -XEN_EPERM);
	registers_are_kept(second);
	single_step(first);
	impossible_stacks(second);
}
