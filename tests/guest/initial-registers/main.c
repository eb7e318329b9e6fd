/*
 * What: the registers, selectors and event mask that vCPU 0 starts with.
 * Why: a kernel's first instructions rely on them, before any handler exists.
 * How: start.S kept them all at the entry point; they are compared here.
 * A failure means: the vCPU's first entry is set up wrongly, or leaks values of the hypervisor.
 */
#include <guest.h>

void test_main(void)
{
	static const unsigned int zero[] = { BOOT_RAX, BOOT_RBX, BOOT_RCX, BOOT_RDX, BOOT_RDI, BOOT_RBP, BOOT_R8,
					     BOOT_R9,  BOOT_R10, BOOT_R12, BOOT_R13, BOOT_R14, BOOT_R15 };
	uint32_t mxcsr = 0;
	uint16_t control = 0;

	for (unsigned int i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		EXPECT_EQ(boot_registers[zero[i]], 0);
	/* r11 may hold the flags, if the hypervisor enters by sysret. */
	EXPECT_ONE_OF(boot_registers[BOOT_R11], 0, (long)boot_registers[BOOT_RFLAGS]);
	EXPECT_EQ(boot_registers[BOOT_RSP] % PAGE_BYTES, 0);
	EXPECT_TRUE(boot_registers[BOOT_RFLAGS] & EFLAGS_IF);
	EXPECT_EQ(boot_registers[BOOT_RFLAGS] & (EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_IOPL), 0);

	EXPECT_EQ(boot_state.cs, FLAT_KERNEL_CS);
	EXPECT_EQ(boot_state.ss, FLAT_KERNEL_SS);
	EXPECT_EQ(boot_state.ds, 0);
	EXPECT_EQ(boot_state.es, 0);
	EXPECT_EQ(boot_state.fs, 0);
	EXPECT_EQ(boot_state.gs, 0);
	EXPECT_EQ(boot_state.upcall_mask, 1);

	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	asm volatile("fnstcw %0" : "=m"(control));
	EXPECT_EQ(mxcsr, 0x1f80);
	EXPECT_ONE_OF(control, 0x37f, 0x40);
}
