/*
 * What: with the assist "architectural IOPL" the I/O privilege level travels in the flags: iret sets it, entry frames show it,
 *       and the kernel, as ring 0, always has it; without, iret's flags change nothing. It is the whole domain's, at once.
 * Why: kernels that do not know the hypercall, and tests of other hypervisors, use it.
 * How: a program executes cli, entered with level 0 and 3, with and without the assist; also on a vCPU that runs while another
 *      switches the assist.
 * Machine: cpus=2
 * A failure means: programs get the right to ports that their kernel did not give, or the kernel loses its own.
 */
#include <guest.h>

USER_CODE(code_cli, "cli; ud2");

static struct frame frame;

static unsigned int program_with(uint64_t level)
{
	frame = user_frame(code_cli);
	frame.rflags |= level << 12;
	return user_run(&frame);
}

static void in_the_flags(void)
{
	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_architectural_iopl), 0);
	EXPECT_EQ(program_with(0), VECTOR_GP);
	EXPECT_EQ(frame.rflags & EFLAGS_IOPL, 0);
	EXPECT_EQ(program_with(3), VECTOR_UD);
	EXPECT_EQ(frame.rflags & EFLAGS_IOPL, EFLAGS_IOPL);
	EXPECT_EQ(frame.rip, user_address(code_cli) + 1);
	EXPECT_EQ(program_with(2), VECTOR_GP);
	EXPECT_EQ(frame.rflags & EFLAGS_IOPL, 2 << 12);
	EXPECT_EQ(program_with(0), VECTOR_GP);
	TRY("cli", OUT(), IN());
	EXPECT_NO_FAULT();
}

static void by_hypercall(void)
{
	struct physdev_set_iopl level = {.iopl = 1};

	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_disable, VMASST_TYPE_architectural_iopl), 0);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iopl, &level), 0);
	EXPECT_EQ(program_with(3), VECTOR_GP);
	EXPECT_EQ(frame.rflags & EFLAGS_IOPL, 0);
	TRY("cli", OUT(), IN());
	EXPECT_NO_FAULT();
	level.iopl = 0;
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_set_iopl, &level), 0);
	TRY("cli", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
}

static volatile unsigned int step;

static void step_wait(unsigned int wanted)
{
	uint64_t end = time_now() + 5000000000ul;

	while (step != wanted && time_now() < end)
		cpu_relax();
	EXPECT_EQ(step, wanted);
}

/* The same without a hypercall before, on the stack that program_with has set. */
static unsigned int program_again_with(uint64_t level)
{
	frame = user_frame(code_cli);
	frame.rflags |= level << 12;
	return kernel_run(&frame);
}

/* Runs on and on: nothing but the other's call tells the hypervisor of the change. */
static void runs_beside(void *argument)
{
	(void)argument;
	EXPECT_EQ(program_with(3), VECTOR_GP);
	step = 1;
	step_wait(2);
	EXPECT_EQ(program_again_with(3), VECTOR_UD);
	EXPECT_EQ(frame.rflags & EFLAGS_IOPL, EFLAGS_IOPL);
	step = 3;
	step_wait(4);
	EXPECT_EQ(program_again_with(0), VECTOR_UD);
	EXPECT_EQ(frame.rflags & EFLAGS_IOPL, 0);
}

static void on_a_running_vcpu(void)
{
	vcpu_start(1, runs_beside, NULL);
	step_wait(1);
	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_architectural_iopl), 0);
	step = 2;
	step_wait(3);
	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_disable, VMASST_TYPE_architectural_iopl), 0);
	step = 4;
	EXPECT_TRUE(vcpu_join(1));
}

void test_main(void)
{
	on_a_running_vcpu();
	/* The second one's table is this one's too. */
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0), 0);
	in_the_flags();
	by_hypercall();
}
