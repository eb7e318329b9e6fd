/*
 * What: set_debugreg and get_debugreg: values come back, breakpoints on code and data fire, single steps set BS,
 *       wrong registers and addresses are refused.
 * Why: debuggers and perf use them; a breakpoint inside the hypervisor would stop the machine (XSA-444, XSA-12).
 * How: sets each register; watches a variable and an instruction; single-steps; tries the hypervisor's addresses and
 *      the reserved bits of DR7.
 * A failure means: ptrace breaks, or a guest can trap the hypervisor.
 * Machine: bochs=1
 */
#include <guest.h>

static volatile uint64_t watched;

static void values_come_back(void)
{
	for (int i = 0; i < 4; i++) {
		EXPECT_STATUS(hc_set_debugreg(i, 0x1000ul * (i + 1)), 0);
		EXPECT_STATUS(hc_get_debugreg(i), 0x1000 * (i + 1));
		EXPECT_STATUS(hc_set_debugreg(i, 0), 0);
	}
	/* An address like any other, though it is also what the hypervisor tells itself to restart a call. */
	EXPECT_STATUS(hc_set_debugreg(0, (unsigned long)-XEN_ERESTART), 0);
	EXPECT_STATUS(hc_get_debugreg(0), -XEN_ERESTART);
	EXPECT_STATUS(hc_set_debugreg(0, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	EXPECT_STATUS(hc_get_debugreg(7), 0x400);
	EXPECT_EQ(hc_get_debugreg(6) & 0xf, 0);
}

static void data_breakpoint(void)
{
	EXPECT_STATUS(hc_set_debugreg(0, (unsigned long)&watched), 0);
	/* L0, on writes, 8 bytes. */
	EXPECT_STATUS(hc_set_debugreg(7, 1 | 1u << 16 | 2u << 18), 0);
	TRY("movq $1, %[watched]; nop; nop", OUT([watched] "=m"(watched)), IN());
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_TRUE(caught.rip > caught.instruction);
	EXPECT_EQ(hc_get_debugreg(6) & 0xf, 1);
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
	TRY("movq $2, %[watched]; nop; nop", OUT([watched] "=m"(watched)), IN());
	EXPECT_NO_FAULT();
}

static void code_breakpoint(void)
{
	extern char breakpoint_here[];

	EXPECT_STATUS(hc_set_debugreg(1, (unsigned long)breakpoint_here), 0);
	EXPECT_STATUS(hc_set_debugreg(7, 1u << 2), 0);
	TRY("nop\nbreakpoint_here: nop", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_EQ(caught.rip, breakpoint_here);
	EXPECT_EQ(hc_get_debugreg(6) & 0xf, 2);
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
}

static void single_step(void)
{
	TRY("pushfq; orl $0x100, (%%rsp); popfq; nop; nop", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_EQ(hc_get_debugreg(6) & 0x4000, 0x4000);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
}

static void refusals(void)
{
	EXPECT_STATUS(hc_set_debugreg(0, HYPERVISOR_VIRT_START), -XEN_EPERM);
	EXPECT_STATUS(hc_set_debugreg(3, HYPERVISOR_VIRT_END - 8), -XEN_EPERM);
	EXPECT_STATUS(hc_set_debugreg(0, 0x800000000000ul), -XEN_EPERM);
	/* 4 is an old name of 6, or none at all. */
	EXPECT_ONE_OF(hc_set_debugreg(4, 0), 0, -XEN_ENODEV);
	EXPECT_STATUS(hc_set_debugreg(8, 0), -XEN_ENODEV);
	EXPECT_STATUS(hc_set_debugreg(-1, 0), -XEN_ENODEV);
	EXPECT_STATUS(hc_get_debugreg(8), -XEN_ENODEV);
	/* GD would trap the hypervisor's own accesses: it is dropped or refused. */
	EXPECT_ONE_OF(hc_set_debugreg(7, 1u << 13), 0, -XEN_EPERM);
	EXPECT_EQ(hc_get_debugreg(7) & 1u << 13, 0);
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	/* High bits of DR7 must not reach the processor (XSA-12). */
	long status = hc_set_debugreg(7, 0xffff000000000000ul);

	EXPECT_TRUE(status == 0 || status == -XEN_EPERM || status == -XEN_EINVAL);
	EXPECT_EQ((unsigned long)hc_get_debugreg(7) >> 32, 0);
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
}

static void by_instruction(void)
{
	uint64_t value = 0x2000;

	asm volatile("mov %0, %%db2" : : "r"(value));
	value = 0;
	asm volatile("mov %%db2, %0" : "=r"(value));
	EXPECT_EQ(value, 0x2000);
	EXPECT_STATUS(hc_get_debugreg(2), 0x2000);
	TRY("mov %[bad], %%db2", OUT(), IN([bad] "r"(HYPERVISOR_VIRT_START)));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_STATUS(hc_set_debugreg(2, 0), 0);
}

void test_main(void)
{
	values_come_back();
	data_breakpoint();
	code_breakpoint();
	single_step();
	refusals();
	by_instruction();
}
