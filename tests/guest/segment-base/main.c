/*
 * What: set_segment_base in all its forms, and the exchange of GS bases between kernel and user mode.
 * Why: per-CPU data of the kernel and thread-local data of every process.
 * How: sets each base, reads it back by the segment, by rdmsr, and from user code before and after entries.
 * A failure means: a process gets the kernel's GS, or the kernel a process's.
 * Machine: bochs=1
 */
#include <guest.h>

USER_CODE(code_read_gs, "mov %gs:0, %rax; mov %fs:0, %rbx; mov %gs, %ecx; ud2");

static uint64_t kernel_cell = 0xaaaa;

static uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (uint64_t)high << 32;
}

static uint64_t gs_word(void)
{
	uint64_t value;

	asm volatile("mov %%gs:0, %0" : "=r"(value));
	return value;
}

static void kernel_side(void)
{
	uint64_t value;

	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_KERNEL, (uintptr_t)&kernel_cell), 0);
	EXPECT_EQ(gs_word(), 0xaaaa);
	EXPECT_EQ(msr_read(0xc0000101), &kernel_cell);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_FS, (uintptr_t)&kernel_cell), 0);
	asm volatile("mov %%fs:0, %0" : "=r"(value));
	EXPECT_EQ(value, 0xaaaa);
	EXPECT_EQ(msr_read(0xc0000100), &kernel_cell);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER, 0x1234000), 0);
	EXPECT_EQ(msr_read(0xc0000102), 0x1234000);
	EXPECT_EQ(gs_word(), 0xaaaa);
}

static void user_side(void)
{
	struct frame frame = user_frame(code_read_gs);

	store64((void *)USER_DATA, 0xbbbb);
	store64((void *)(USER_DATA + 8), 0xcccc);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER, USER_DATA), 0);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_FS, USER_DATA + 8), 0);
	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	EXPECT_EQ(frame.rax, 0xbbbb);
	EXPECT_EQ(frame.rbx, 0xcccc);
	/* Back in the kernel its own base is there again. */
	EXPECT_EQ(gs_word(), 0xaaaa);
	EXPECT_EQ(msr_read(0xc0000102), USER_DATA);
	EXPECT_EQ(msr_read(0xc0000101), &kernel_cell);
}

static void selector(void)
{
	struct frame frame = user_frame(code_read_gs);

	/* A good one: base 0 of the flat segment, so that the load goes to address 0 and faults. */
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER_SEL, FLAT_RING3_DS64), 0);
	EXPECT_EQ(msr_read(0xc0000102), 0);
	EXPECT_EQ(gs_word(), 0xaaaa);
	EXPECT_EQ(user_run(&frame), VECTOR_PF);
	/* A bad one becomes the null selector. */
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER_SEL, 0x1238), 0);
	EXPECT_EQ(gs_word(), 0xaaaa);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER, USER_DATA), 0);
	frame = user_frame(code_read_gs);
	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	EXPECT_EQ(frame.rcx, 0);
	EXPECT_EQ(frame.rax, 0xbbbb);
	EXPECT_EQ(gs_word(), 0xaaaa);
}

/* The call that kernels make at each switch goes by assembly: to each end of what is canonical, and no other register but
   rax, rcx and r11 changes. */
static void user_base_to_the_ends(void)
{
	static const uint64_t ends[] = { 0x7ffffffffffful, HYPERVISOR_VIRT_END, ~0ul, 0 };

	for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		uint64_t number = __HYPERVISOR_set_segment_base, which = SEGBASE_GS_USER, base = ends[i];
		uint64_t rdx = 0xd4d4d4d4d4d4d4d4;

		asm volatile("syscall" : "+a"(number), "+D"(which), "+S"(base), "+d"(rdx) : : "rcx", "r11", "memory");
		EXPECT_TRUE(number == 0 && which == SEGBASE_GS_USER && base == ends[i] && rdx == 0xd4d4d4d4d4d4d4d4);
		EXPECT_EQ(msr_read(0xc0000102), ends[i]);
		EXPECT_EQ(gs_word(), 0xaaaa);
	}
}

static void refusals(void)
{
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_FS, 0x800000000000ul), -XEN_EINVAL);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER, 0x800000000000ul), -XEN_EINVAL);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_USER, 0xffff7ffffffffffful), -XEN_EINVAL);
	EXPECT_STATUS(hc_set_segment_base(SEGBASE_GS_KERNEL, 0xffff7ffffffff000ul), -XEN_EINVAL);
	EXPECT_STATUS(hc_set_segment_base(9, 0), -XEN_EINVAL);
	EXPECT_EQ(gs_word(), 0xaaaa);
}

void test_main(void)
{
	kernel_side();
	user_side();
	selector();
	user_base_to_the_ends();
	refusals();
}
