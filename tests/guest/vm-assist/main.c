/*
 * What: vm_assist enables and disables what exists, and refuses what does not.
 * Why: kernels ask for the runstate flag by it; strict M2P hides the table from user mode.
 * How: every type and command; m2p_strict is tried from user mode.
 * A failure means: a kernel believes in a help that is not there.
 */
#include <guest.h>

USER_CODE(code_read, "mov (%rdi), %rax; ud2");

void test_main(void)
{
	struct frame frame;

	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
	EXPECT_STATUS(hc_vm_assist(VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag), 0);
	EXPECT_ONE_OF(hc_vm_assist(99, VMASST_TYPE_writable_pagetables), -XEN_ENOSYS, -XEN_EINVAL);
	EXPECT_REFUSED(hc_vm_assist(VMASST_CMD_enable, 6));
	EXPECT_REFUSED(hc_vm_assist(VMASST_CMD_enable, 31));
	EXPECT_REFUSED(hc_vm_assist(VMASST_CMD_enable, 63));
	EXPECT_REFUSED(hc_vm_assist(VMASST_CMD_enable, 64));
	EXPECT_REFUSED(hc_vm_assist(VMASST_CMD_enable, ~0u));

	/* In a user table made before strictness the M2P may or may not be seen; with strictness never. */
	if (hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_m2p_strict) == 0) {
		frame = user_frame(code_read);
		frame.rdi = MACH2PHYS_VIRT_START;
		EXPECT_EQ(user_run(&frame), VECTOR_PF);
		EXPECT_EQ(frame.error & PF_U, PF_U);
	}
	EXPECT_EQ(mfn_to_pfn(mfn_of((void *)test_main)), ((uintptr_t)test_main - VIRT_BASE) >> 12);
}
