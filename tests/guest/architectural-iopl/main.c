/*
 * What: with the assist "architectural IOPL" the I/O privilege level travels in the flags: iret sets it, entry frames show it,
 *       and the kernel, as ring 0, always has it; without, iret's flags change nothing.
 * Why: kernels that do not know the hypercall, and tests of other hypervisors, use it.
 * How: a program executes cli, entered with level 0 and 3, with and without the assist.
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

void test_main(void)
{
	in_the_flags();
	by_hypercall();
}
