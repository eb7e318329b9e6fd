/*
 * What: rdmsr and wrmsr of kernel code, emulated: the segment bases, what the ABI says of the others, #GP for the rest.
 * Why: kernels write GS_BASE with their first instruction and read KERNEL_GS_BASE on every context switch.
 * How: reads and writes each; sweeps ranges of numbers for anything that would hang or answer with secrets
 *      (XSA-193 non-canonical bases, XSA-269, XSA-333).
 * A failure means: a kernel dies at boot, or a guest reads or writes the machine's own registers.
 */
#include <guest.h>

static uint64_t value;

static bool msr_read(uint32_t msr)
{
	uint32_t low = 0, high = 0;

	TRY("rdmsr", OUT("+a"(low), "+d"(high)), IN("c"(msr)));
	value = low | (uint64_t)high << 32;
	return caught.vector == VECTOR_NONE;
}

static bool msr_write(uint32_t msr, uint64_t to)
{
	TRY("wrmsr", OUT(), IN("c"(msr), "a"((uint32_t)to), "d"((uint32_t)(to >> 32))));
	return caught.vector == VECTOR_NONE;
}

static void bases_round_trip(void)
{
	for (uint32_t msr = 0xc0000100; msr <= 0xc0000102; msr++) {
		EXPECT_TRUE(msr_write(msr, 0x123456789000ul));
		EXPECT_TRUE(msr_read(msr));
		EXPECT_EQ(value, 0x123456789000ul);
		EXPECT_TRUE(msr_write(msr, 0xffffc00000000000ul));
		EXPECT_TRUE(msr_read(msr));
		EXPECT_EQ(value, 0xffffc00000000000ul);
		EXPECT_TRUE(!msr_write(msr, 0x800000000000ul));
		EXPECT_FAULT(VECTOR_GP, 0);
		EXPECT_TRUE(!msr_write(msr, 0xffff7ffffffffffful));
		EXPECT_FAULT(VECTOR_GP, 0);
		EXPECT_TRUE(msr_read(msr));
		EXPECT_EQ(value, 0xffffc00000000000ul);
		EXPECT_TRUE(msr_write(msr, 0));
	}
}

/* What kernels read at every switch has a short way; the flags and the rest of the encodings keep their meaning. */
static void user_gs_base_in_other_forms(void)
{
	uint32_t low = 0, high = 0;
	uint64_t rax = ~0ul, rdx = ~0ul;

	EXPECT_TRUE(msr_write(0xc0000102, 0x123456789000ul));
	TRY("rdmsr", OUT("+a"(rax), "+d"(rdx)), IN("c"(0xffffffffc0000102ul)));
	EXPECT_NO_FAULT();
	EXPECT_TRUE(rax == 0x56789000 && rdx == 0x1234);
	TRY(".byte 0x66, 0x48; rdmsr", OUT("=a"(low), "=d"(high)), IN("c"(0xc0000102)));
	EXPECT_NO_FAULT();
	EXPECT_TRUE(low == 0x56789000 && high == 0x1234);
	/* A single step ends behind it. */
	TRY("pushfq; orl $0x100, (%%rsp); popfq; rdmsr", OUT("=a"(low), "=d"(high)), IN("c"(0xc0000102)));
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_TRUE(low == 0x56789000 && high == 0x1234);
	EXPECT_TRUE(msr_write(0xc0000102, 0));
}

/* Neither from a program, nor half of it, nor what only looks like it. */
USER_CODE(code_rdmsr, "mov $0xc0000102, %ecx; rdmsr; ud2");
static void user_gs_base_is_the_kernels_to_read(void)
{
	struct frame frame;
	uint8_t *page = page_alloc(), *next = page_alloc();
	uint64_t saved = pte_of(next), low = 0, high = 0;

	user_init();
	EXPECT_TRUE(msr_write(0xc0000102, 0x123456789000ul));
	frame = user_frame(code_rdmsr);
	EXPECT_EQ(user_run(&frame), VECTOR_GP);
	EXPECT_EQ(frame.rip, user_address(code_rdmsr) + 5);
	/* hlt, and int through a gate that is closed, with the register's number in ecx. */
	TRY("hlt", OUT(), IN("c"(0xc0000102)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("int $0x70", OUT(), IN("c"(0xc0000102)));
	EXPECT_FAULT(VECTOR_GP, -1);
	TRY("mov %%ecx, %%fs", OUT(), IN("c"(0xc0000102)));
	EXPECT_EQ(caught.vector, VECTOR_GP);
	/* Over the end of a page, and up to it with nothing behind. */
	if (next != page + 4096)
		FAIL("pages are not neighbours");
	bytes_copy(next - 1, (const uint8_t[]){ 0x0f, 0x32, 0xc3 }, 3);
	TRY("call *%%rbx", OUT("=a"(low), "=d"(high)), IN("b"(next - 1), "c"(0xc0000102)));
	EXPECT_NO_FAULT();
	EXPECT_TRUE(low == 0x56789000 && high == 0x1234);
	bytes_copy(next - 2, (const uint8_t[]){ 0x0f, 0x32 }, 2);
	EXPECT_STATUS(map(next, 0), 0);
	TRY("call *%%rbx", OUT("=a"(low), "=d"(high)), IN("b"(next - 2), "c"(0xc0000102)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.rip, next);
	EXPECT_STATUS(map(next, saved), 0);
	EXPECT_TRUE(msr_write(0xc0000102, 0));
}

static void gs_base_is_live(void)
{
	static uint64_t cell = 0x1122334455667788ul;
	uint64_t got;

	EXPECT_TRUE(msr_write(0xc0000101, (uintptr_t)&cell));
	asm volatile("mov %%gs:0, %0" : "=r"(got));
	EXPECT_EQ(got, cell);
	EXPECT_TRUE(msr_write(0xc0000100, (uintptr_t)&cell));
	asm volatile("mov %%fs:0, %0" : "=r"(got));
	EXPECT_EQ(got, cell);
}

static void machine_registers(void)
{
	EXPECT_TRUE(msr_read(0x277));
	EXPECT_EQ(value, 0x0000050100070406ul);
	EXPECT_TRUE(msr_read(0x1b));
	EXPECT_EQ(value & 0xfffff000, 0xfee00000);
	EXPECT_TRUE(msr_read(0xc0000080));
	EXPECT_EQ(value & 0xd01, 0xd01);
	/* The same value may be written back, another not. */
	EXPECT_TRUE(msr_write(0xc0000080, value));
	EXPECT_TRUE(!msr_write(0xc0000080, value & ~0x100ul));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_TRUE(msr_read(0xc0000080));
	EXPECT_EQ(value & 0xd01, 0xd01);
}

/* Where the hypervisor enters, what it debugs with: neither to be read nor written. */
static void secrets_are_refused(void)
{
	static const uint32_t hidden[] = { 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
					   0x174,      0x175,	   0x176,      0x1d9 };

	for (unsigned int i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (msr_read(hidden[i]))
			EXPECT_TRUE(value < HYPERVISOR_VIRT_START || value >= HYPERVISOR_VIRT_END);
		msr_write(hidden[i], 0x1234567);
		/* If it was swallowed, it did not arrive: system calls still work. */
		EXPECT_STATUS(hc_xen_version(XENVER_version, NULL), 4 << 16 | 17);
	}
}

static void unknown_numbers_fault(void)
{
	unsigned int readable = 0;

	EXPECT_TRUE(!msr_read(0x12345678));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_TRUE(!msr_write(0x12345678, 0));
	EXPECT_FAULT(VECTOR_GP, 0);
	for (uint32_t msr = 0; msr < 0x400; msr++)
		readable += msr_read(msr);
	for (uint32_t msr = 0xc0000000; msr < 0xc0000110; msr++)
		readable += msr_read(msr);
	for (uint32_t msr = 0xc0010000; msr < 0xc0010120; msr++)
		readable += msr_read(msr);
	for (uint32_t msr = 0x40000000; msr < 0x40000110; msr++)
		readable += msr_read(msr);
	print("%u registers can be read\n", readable);
	EXPECT_TRUE(readable < 0x400);
}

void test_main(void)
{
	bases_round_trip();
	user_gs_base_in_other_forms();
	user_gs_base_is_the_kernels_to_read();
	gs_base_is_live();
	machine_registers();
	secrets_are_refused();
	unknown_numbers_fault();
}
