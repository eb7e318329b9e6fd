/*
 * What: the hypercall page: the one that a note in the kernel names is filled by the builder, another one by the register
 *       that CPUID 0x40000002 names; their functions keep every register, and the one for iret is jumped to.
 * Why: most PV kernels but the newest call through it.
 * How: calls by both pages with values in the registers that SYSCALL destroys; iret to a place in the kernel; the register
 *      with a page number, with a frame that is a page table, and with one that is not ours.
 * A failure means: such a kernel runs into an empty page at its first hypercall, or gets code written over its tables.
 */
#include <guest.h>

uint8_t hypercall_page[4096] __attribute__((aligned(4096)));
static uint8_t later[4096] __attribute__((aligned(4096)));

struct registers {
	uint64_t rax, rcx, r11, rdx, rsi;
};

/* xen_version(version) by a page's function. */
static struct registers version_by(const uint8_t *page)
{
	struct registers r = {.rcx = 0x1111, .rdx = 0x3333, .rsi = 0};
	register uint64_t r11 asm("r11") = 0x2222;

	asm volatile("call *%[function]"
		     : "=a"(r.rax), "+c"(r.rcx), "+r"(r11), "+d"(r.rdx), "+S"(r.rsi)
		     : "D"(XENVER_version), [function] "r"(page + 32 * __HYPERVISOR_xen_version)
		     : "memory", "cc");
	r.r11 = r11;
	return r;
}

static void calls(const uint8_t *page)
{
	struct registers r = version_by(page);

	EXPECT_EQ(r.rax, 4 << 16 | 17);
	EXPECT_EQ(r.rcx, 0x1111);
	EXPECT_EQ(r.r11, 0x2222);
	EXPECT_EQ(r.rdx, 0x3333);
}

/* The frame of iret, without what the function pushes itself. */
static void iret_by(const uint8_t *page)
{
	uint64_t rax = 0x5555, rcx = 0x6666;

	asm volatile("mov %%rsp, %%rbx\n"
		     "push %[ss]; push %%rbx; push %[flags]; push %[cs]\n"
		     "lea 1f(%%rip), %%rbx; push %%rbx; push $0\n"
		     "jmp *%[function]\n"
		     "1:"
		     : "+a"(rax), "+c"(rcx)
		     : [ss] "r"((uint64_t)FLAT_KERNEL_SS), [flags] "r"(EFLAGS_IF | 2), [cs] "r"((uint64_t)FLAT_KERNEL_CS & ~3ul),
		       [function] "r"(page + 32 * __HYPERVISOR_iret)
		     : "rbx", "memory", "cc");
	EXPECT_EQ(rax, 0x5555);
	EXPECT_EQ(rcx, 0x6666);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 0);
	events_disable();
}

static uint32_t page_register(void)
{
	uint32_t a = 0x40000002, b, c = 0, d;

	asm volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	EXPECT_EQ(a, 1);
	return b;
}

static void msr_write(uint32_t index, uint64_t value)
{
	TRY("wrmsr", OUT(), IN("c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))));
}

static void by_register(void)
{
	uint32_t index = page_register();
	uint64_t *table = page_alloc();

	msr_write(index, machine_of(later));
	EXPECT_NO_FAULT();
	calls(later);
	iret_by(later);
	EXPECT_EQ(bytes_compare(later, hypercall_page, sizeof(later)), 0);

	msr_write(index, machine_of(later) + 1);
	EXPECT_FAULT(VECTOR_GP, 0);
	msr_write(index, ~0ul);
	EXPECT_FAULT(VECTOR_GP, 0);
	REQUIRE(table_seal(table) == 0 && table_pin(table, 1) == 0);
	msr_write(index, machine_of(table));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_EQ(table[0], 0);
}

void test_main(void)
{
	calls(hypercall_page);
	iret_by(hypercall_page);
	by_register();
}
