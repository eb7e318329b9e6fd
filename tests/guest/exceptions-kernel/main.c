/*
 * What: exceptions that kernel code raises arrive at their handlers with the right vector, error code, rip and flags.
 * Why: a kernel's exception tables, int3 patching and bug traps all rest on this.
 * How: runs the instruction that raises each; compares the frame that the handler found.
 * A failure means: a vector is lost or mixed up, or the frame does not say where it came from.
 */
#include <guest.h>

static void faults(void)
{
	uint32_t zero = 0, low = 1, high = 0;

	TRY("div %[zero]", OUT("+a"(low), "+d"(high)), IN([zero] "r"(zero)));
	EXPECT_FAULT(VECTOR_DE, 0);
	TRY("ud2", OUT(), IN());
	EXPECT_FAULT(VECTOR_UD, 0);
	TRY("hlt", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0x1238)));
	EXPECT_FAULT(VECTOR_GP, 0x1238);
	TRY("mov %%ax, %%ss", OUT(), IN("a"(0)));
	EXPECT_FAULT(VECTOR_GP, 0);
	/* LDT selector while there is no LDT. */
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0xf)));
	EXPECT_FAULT(VECTOR_GP, 0xc);
}

static void traps(void)
{
	TRY("int3", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_BP);
	EXPECT_EQ(caught.rip, caught.instruction + 1);
	TRY("int $4", OUT(), IN());
	EXPECT_EQ(caught.vector, VECTOR_OF);
	EXPECT_EQ(caught.rip, caught.instruction + 2);
}

static void noncanonical(void)
{
	uint64_t value;

	EXPECT_TRUE(!try_read((void *)0x800000000000ul, &value));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_TRUE(!try_write((void *)0xffff7ffffffffff8ul, 0));
	EXPECT_FAULT(VECTOR_GP, 0);
	/* Through ss it is #SS on a processor; QEMU 7.2 says #GP. */
	TRY("lea 0x7fffffff(,%[bad],1), %%rax; mov %%ss:8(%%rax), %%rax", OUT(), IN([bad] "r"(0x800000000000ul)),
	    "rax");
	EXPECT_ONE_OF(caught.vector, VECTOR_SS, VECTOR_GP);
	EXPECT_EQ(caught.error, 0);
}

static void frame_is_right(void)
{
	uint64_t before = read_flags();

	TRY("mov %%rsp, %%rax; stc; ud2", OUT(), IN("b"(0x1111), "c"(0x2222), "d"(0x3333)), "rax");
	EXPECT_EQ(caught.vector, VECTOR_UD);
	EXPECT_EQ(caught.frame.rsp, caught.frame.rax);
	EXPECT_EQ(caught.frame.rbx, 0x1111);
	EXPECT_EQ(caught.frame.rcx, 0x2222);
	EXPECT_EQ(caught.frame.rdx, 0x3333);
	/* RPL of cs cleared says "kernel"; the mask before the trap is in bits 32 to 39. */
	EXPECT_EQ(caught.frame.cs & 0xffff, FLAT_KERNEL_CS & ~3);
	EXPECT_EQ(caught.frame.cs >> 32, 1);
	EXPECT_EQ(caught.frame.ss & 0xffff, FLAT_KERNEL_SS);
	EXPECT_TRUE(caught.frame.rflags & EFLAGS_CF);
	/* IF tells that the mask was set; IOPL reads 0. */
	EXPECT_EQ(caught.frame.rflags & (EFLAGS_IF | EFLAGS_IOPL), 0);
	EXPECT_TRUE(before & EFLAGS_IF);
}

void test_main(void)
{
	faults();
	traps();
	frame_is_right();
	noncanonical();
}
