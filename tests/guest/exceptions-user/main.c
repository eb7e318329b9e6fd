/*
 * What: exceptions that user code raises arrive in the kernel, on its own stack, with frames that say "user".
 * Why: signals, demand paging and debuggers of every process go this way.
 * How: runs a few instructions in user mode for each vector and looks at the frame and at the stack it came on.
 * A failure means: processes would be killed for the wrong reason, or the kernel's stack is not the one it set.
 * Machine: bochs=1
 */
#include <guest.h>

USER_CODE(code_ud2, "ud2");
USER_CODE(code_divide, "xor %edx, %edx; xor %ecx, %ecx; mov $1, %eax; div %ecx");
USER_CODE(code_int3, "int3");
USER_CODE(code_int4, "int $4");
USER_CODE(code_int17, "int $17");
USER_CODE(code_hlt, "hlt");
USER_CODE(code_cli, "cli");
USER_CODE(code_rdmsr, "mov $0xc0000100, %ecx; rdmsr");
USER_CODE(code_wrmsr, "mov $0xc0000101, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr");
USER_CODE(code_cr0, "mov %cr0, %rax");
USER_CODE(code_in, "mov $0x80, %dx; in %dx, %al");
USER_CODE(code_step, "nop; nop");
USER_CODE(code_segment, "mov $0x1238, %eax; mov %ax, %ds");
USER_CODE(code_fwait, "fninit; push $0x37b; fldcw (%rsp); fld1; fldz; fdivrp; fwait; ud2");
USER_CODE(code_align, "mov %rsp, %rax; mov -15(%rax), %ebx; ud2");

static struct frame frame;

static void raises(const char *code, unsigned int vector, long error, unsigned int offset)
{
	frame = user_frame(code);
	EXPECT_EQ(user_run(&frame), vector);
	EXPECT_EQ(frame.rip, user_address(code) + offset);
	if (error >= 0)
		EXPECT_EQ(frame.error, error);
	EXPECT_EQ(frame.cs & 0xffff, USER_CS);
	EXPECT_EQ(frame.ss & 0xffff, USER_SS);
	EXPECT_TRUE(frame.rflags & EFLAGS_IF);
}

static void single_step(void)
{
	frame = user_frame(code_step);
	frame.rflags |= EFLAGS_TF;
	EXPECT_EQ(user_run(&frame), VECTOR_DB);
	EXPECT_EQ(frame.rip, user_address(code_step) + 1);
	EXPECT_TRUE(frame.rflags & EFLAGS_TF);
	EXPECT_EQ(hc_get_debugreg(6) & 0x4000, 0x4000);
	hc_set_debugreg(6, 0);
}

static void registers_survive(void)
{
	frame = user_frame(code_ud2);
	frame.rax = 1, frame.rbx = 2, frame.rcx = 3, frame.rdx = 4, frame.rsi = 5, frame.rdi = 6, frame.rbp = 7;
	frame.r8 = 8, frame.r9 = 9, frame.r10 = 10, frame.r11 = 11, frame.r12 = 12, frame.r13 = 13, frame.r14 = 14,
	frame.r15 = 15;
	frame.rsp = USER_STACK_TOP - 0x123;
	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	EXPECT_TRUE(frame.rax == 1 && frame.rbx == 2 && frame.rcx == 3 && frame.rdx == 4 && frame.rsi == 5 &&
		    frame.rdi == 6);
	EXPECT_TRUE(frame.rbp == 7 && frame.r8 == 8 && frame.r9 == 9 && frame.r10 == 10 && frame.r11 == 11 &&
		    frame.r12 == 12);
	EXPECT_TRUE(frame.r13 == 13 && frame.r14 == 14 && frame.r15 == 15);
	EXPECT_EQ(frame.rsp, USER_STACK_TOP - 0x123);
}

/* Though the exception has one: the handler is that of one without. QEMU 7.2 gives the hypervisor another vector's number, which
   then is a #GP. */
static void interrupt_has_no_error_code(void)
{
	struct trap_info gate[2] = {{VECTOR_AC, 3, FLAT_KERNEL_CS, (unsigned long)exception_stubs + VECTOR_BP * 16}, {}};

	EXPECT_STATUS(hc_set_trap_table(gate), 0);
	frame = user_frame(code_int17);
	if (user_run(&frame) != VECTOR_GP) {
		EXPECT_EQ(frame.vector, VECTOR_BP);
		EXPECT_EQ(frame.rip, user_address(code_int17) + 2);
	}
	EXPECT_STATUS(trap_set(VECTOR_AC, 0, true), 0);
}

static void optional_vectors(void)
{
	/* An x87 error unmasked; QEMU raises it, as a processor does. */
	frame = user_frame(code_fwait);
	user_run(&frame);
	EXPECT_EQ(frame.vector, VECTOR_MF);
	/* Alignment checks need a processor that makes them: QEMU 7.2 does not, and goes on to the ud2. */
	frame = user_frame(code_align);
	frame.rflags |= EFLAGS_AC;
	user_run(&frame);
	EXPECT_ONE_OF(frame.vector, VECTOR_AC, VECTOR_UD);
}

void test_main(void)
{
	raises(code_ud2, VECTOR_UD, 0, 0);
	raises(code_divide, VECTOR_DE, 0, 9);
	raises(code_int3, VECTOR_BP, 0, 1);
	raises(code_int4, VECTOR_OF, 0, 2);
	raises(code_hlt, VECTOR_GP, 0, 0);
	raises(code_cli, VECTOR_GP, 0, 0);
	raises(code_rdmsr, VECTOR_GP, 0, 5);
	raises(code_wrmsr, VECTOR_GP, 0, 9);
	raises(code_cr0, VECTOR_GP, 0, 0);
	raises(code_in, VECTOR_GP, 0, 4);
	raises(code_segment, VECTOR_GP, 0x1238, 5);
	single_step();
	registers_survive();
	interrupt_has_no_error_code();
	optional_vectors();
}
