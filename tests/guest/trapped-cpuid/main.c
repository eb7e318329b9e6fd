/*
 * What: the forced form of cpuid (ud2, "xen", cpuid) from kernel and user mode: the policy, and the hypervisor's leaves.
 * Why: kernels decide everything by it; the plain instruction shows the machine instead.
 * How: executes it for the leaves that kernels ask for; checks what must be hidden and what must be shown; looks that
 *      an ud2 with other bytes is just #UD.
 * A failure means: a kernel would use a feature that PV cannot give it, or not find that it runs as a guest.
 */
#include <guest.h>

USER_CODE(code_cpuid, "mov $0x40000000, %eax; xor %ecx, %ecx; .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2; ud2");

struct leaf {
	uint64_t a, b, c, d;
};

static struct leaf cpuid(uint32_t number, uint32_t sub)
{
	struct leaf leaf = {
		.a = 0xffffffff00000000ul | number, .c = 0xffffffff00000000ul | sub, .b = ~0ul, .d = ~0ul
	};

	TRY(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2",
	    OUT("+a"(leaf.a), "+b"(leaf.b), "+c"(leaf.c), "+d"(leaf.d)), IN());
	EXPECT_NO_FAULT();
	/* Zero-extended, as the instruction does it. */
	EXPECT_EQ((leaf.a | leaf.b | leaf.c | leaf.d) >> 32, 0);
	return leaf;
}

static void hypervisor_leaves(void)
{
	struct leaf leaf = cpuid(0x40000000, 0);

	EXPECT_TRUE(leaf.a >= 0x40000005 && leaf.a < 0x40000100);
	EXPECT_EQ(leaf.b, 0x566e6558);
	EXPECT_EQ(leaf.c, 0x65584d4d);
	EXPECT_EQ(leaf.d, 0x4d4d566e);
	leaf = cpuid(0x40000001, 0);
	EXPECT_EQ(leaf.a, 4 << 16 | 17);
	leaf = cpuid(0x40000002, 0);
	EXPECT_EQ(leaf.a, 1);
	EXPECT_EQ(leaf.c & 1, 1);
	leaf = cpuid(0x40000004, 0);
	EXPECT_EQ(leaf.a & 1, 0);
	/* The width of the largest machine address there is. */
	leaf = cpuid(0x40000005, 0);
	EXPECT_TRUE((leaf.b & 0xff) >= 24 && (leaf.b & 0xff) <= 52);
}

/* A single step ends behind it, and a prefix in between is the decoder's. */
static void in_other_forms(void)
{
	uint64_t a = 0x40000000, b = 0, c = 0;

	TRY("pushfq; orl $0x100, (%%rsp); popfq; .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2", OUT("+a"(a), "+b"(b), "+c"(c)),
	    IN(), "rdx");
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_EQ(b, 0x566e6558);
	a = 0x40000000;
	TRY(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x48, 0x0f, 0xa2", OUT("+a"(a), "+b"(b), "+c"(c)), IN(), "rdx");
	EXPECT_ONE_OF(caught.vector, VECTOR_NONE, VECTOR_UD);
}

static void features(void)
{
	struct leaf leaf = cpuid(1, 0);

	/* Shown: hypervisor, cmpxchg16b; FPU, TSC, MSR, PAE, CX8, APIC, CMOV, MMX, FXSR, SSE, SSE2. */
	EXPECT_TRUE(leaf.c & 1u << 31);
	EXPECT_TRUE(leaf.c & 1u << 13);
	EXPECT_EQ(leaf.d & 0x07808371, 0x07808371 & leaf.d);
	EXPECT_EQ(leaf.d & 0x07008171, 0x07008171);
	/* Hidden: VMX, SMX, PCID, x2APIC, TSC deadline; VME, PSE, PGE, MTRR, PSE36. */
	EXPECT_EQ(leaf.c & (1u << 5 | 1u << 6 | 1u << 17 | 1u << 24), 0);
	EXPECT_EQ(leaf.d & (1u << 1 | 1u << 3 | 1u << 13 | 1u << 17), 0);
	/* OSXSAVE goes with XSAVE in the kernel's view. */
	EXPECT_EQ(leaf.c >> 26 & 1, leaf.c >> 27 & 1);
	leaf = cpuid(7, 0);
	/* SMEP, INVPCID, SMAP; UMIP, PKU, LA57. */
	EXPECT_EQ(leaf.b & (1u << 7 | 1u << 10 | 1u << 20), 0);
	EXPECT_EQ(leaf.c & (1u << 2 | 1u << 3 | 1u << 16), 0);
	leaf = cpuid(0x80000001, 0);
	/* LM, NX and SYSCALL shown; SVM and 1 GiB pages hidden. */
	EXPECT_EQ(leaf.d & (1u << 29 | 1u << 20 | 1u << 11), 1u << 29 | 1u << 20 | 1u << 11);
	EXPECT_EQ(leaf.d & 1u << 26, 0);
	EXPECT_EQ(leaf.c & 1u << 2, 0);
}

static void xsave_sizes(void)
{
	struct leaf leaf = cpuid(1, 0);

	if (!(leaf.c & 1u << 26))
		return;
	leaf = cpuid(0xd, 0);
	EXPECT_TRUE(leaf.a & 1);
	EXPECT_TRUE(leaf.c >= 512 + 64);
	EXPECT_TRUE(leaf.b >= 512 + 64 && leaf.b <= leaf.c);
}

static void far_leaves_are_zero(void)
{
	struct leaf basic = cpuid(0, 0);
	struct leaf leaf = cpuid((uint32_t)basic.a + 1, 0);

	EXPECT_EQ(leaf.a | leaf.b | leaf.c | leaf.d, 0);
	leaf = cpuid(0x4000ff00, 0);
	EXPECT_EQ(leaf.a | leaf.b | leaf.c | leaf.d, 0);
	leaf = cpuid(0x80001000, 0);
	EXPECT_EQ(leaf.a | leaf.b | leaf.c | leaf.d, 0);
}

static void only_the_exact_bytes(void)
{
	TRY(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6f, 0x0f, 0xa2", OUT(), IN());
	EXPECT_FAULT(VECTOR_UD, 0);
	TRY(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa3", OUT(), IN());
	EXPECT_FAULT(VECTOR_UD, 0);
}

static void from_user(void)
{
	struct frame frame = user_frame(code_cpuid);

	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	EXPECT_EQ(frame.rbx, 0x566e6558);
	EXPECT_EQ(frame.rip, user_address(code_cpuid) + 7 + 7);
}

void test_main(void)
{
	hypervisor_leaves();
	in_other_forms();
	features();
	xsave_sizes();
	far_leaves_are_zero();
	only_the_exact_bytes();
	from_user();
}
