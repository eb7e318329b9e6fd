/*
 * What: set_trap_table: one entry, the whole table, NULL as reset, wrong selectors; the event mask that an entry asks
 *       for; DPL as permission for `int n`.
 * Why: kernels fill the table an entry at a time in early boot and at once later.
 * How: sets entries in each way and raises the vectors, from kernel and from user mode.
 * A failure means: handlers are not replaced, the mask is not set where interrupts must be off, or user code can
 *      raise any vector.
 */
#include <guest.h>

USER_CODE(code_int80, "int $0x80");
USER_CODE(code_int81, "int $0x81");
USER_CODE(code_ud2, "ud2");

static void mask_follows_the_flag(void)
{
	events_enable();
	EXPECT_STATUS(trap_set(VECTOR_UD, 0, true), 0);
	TRY("ud2", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_UD);
	EXPECT_EQ(caught.mask, 1);
	EXPECT_EQ(caught.frame.cs >> 32 & 0xff, 0);
	EXPECT_TRUE(caught.frame.rflags & EFLAGS_IF);
	/* The return to IF=1 opened the mask again. */
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 0);

	EXPECT_STATUS(trap_set(VECTOR_UD, 0, false), 0);
	TRY("ud2", OUT(), IN());
	EXPECT_EQ(caught.mask, 0);
	events_disable();
	TRY("ud2", OUT(), IN());
	EXPECT_EQ(caught.mask, 1);
	EXPECT_EQ(caught.frame.cs >> 32 & 0xff, 1);
	EXPECT_EQ(caught.frame.rflags & EFLAGS_IF, 0);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 1);
}

static void software_vectors(void)
{
	struct frame frame = user_frame(code_int80);

	EXPECT_EQ(user_run(&frame), 0x80);
	EXPECT_EQ(frame.rip, user_address(code_int80) + 2);
	EXPECT_EQ(frame.error, 0);

	frame = user_frame(code_int81);
	EXPECT_EQ(user_run(&frame), VECTOR_GP);
	EXPECT_EQ(frame.rip, user_address(code_int81));
	/* A processor says n*8+2; QEMU 7.2 says n*16+2. */
	EXPECT_ONE_OF(frame.error, 0x81 * 8 + 2, 0x81 * 16 + 2);

	TRY("int $0x80", OUT(), IN());
	EXPECT_EQ(caught.vector, 0x80);
	EXPECT_EQ(caught.rip, caught.instruction + 2);
}

static void other_vectors_by_dpl(void)
{
	struct frame frame = user_frame(code_int81);

	EXPECT_STATUS(trap_set(0x81, 3, true), 0);
	user_run(&frame);
	/* The hypervisor finds the vector by the error code, which QEMU 7.2 gets wrong: then it is a #GP still. */
	EXPECT_ONE_OF(frame.vector, 0x81, VECTOR_GP);
	if (frame.vector == 0x81)
		EXPECT_EQ(frame.rip, user_address(code_int81) + 2);
}

static void refusals(void)
{
	struct trap_info entry[2] = {
		{ .vector = 6, .cs = FLAT_KERNEL_CS, .address = (unsigned long)exception_stubs + 6 * 16 }
	};

	EXPECT_STATUS(hc_set_trap_table((void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_STATUS(hc_set_trap_table((void *)0x10000000000ul), -XEN_EFAULT);
	/* The table stays as it was, up to where it could be read. */
	EXPECT_STATUS(hc_set_trap_table(entry), 0);
	TRY("ud2", OUT(), IN());
	EXPECT_FAULT(VECTOR_UD, 0);
}

static void reset(void)
{
	EXPECT_STATUS(hc_set_trap_table(NULL), 0);
	EXPECT_STATUS(hc_set_trap_table(trap_table()), 0);
	TRY("ud2", OUT(), IN());
	EXPECT_FAULT(VECTOR_UD, 0);
}

void test_main(void)
{
	mask_follows_the_flag();
	software_vectors();
	other_vectors_by_dpl();
	refusals();
	reset();
}
