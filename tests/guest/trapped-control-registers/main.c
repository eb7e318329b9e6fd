/*
 * What: mov to and from cr0, cr2, cr3 and cr4, and xsetbv, from kernel code.
 * Why: kernels use them in early boot and around FPU set-up; everything else in them belongs to the hypervisor.
 * How: reads each, writes what is allowed, what changes nothing, and what must be refused.
 * A failure means: a kernel dies at boot, or a guest changes the machine's mode.
 */
#include <guest.h>

#define READ_CR(n) ({ uint64_t v_; asm volatile("mov %%cr" #n ", %0" : "=r"(v_)); v_; })

static void cr0(void)
{
	uint64_t value = READ_CR(0);

	/* PG, WP, NE, PE. */
	EXPECT_EQ(value & 0x80010021, 0x80010021);
	TRY("mov %[v], %%cr0", OUT(), IN([v] "r"(value)));
	EXPECT_NO_FAULT();
	TRY("mov %[v], %%cr0", OUT(), IN([v] "r"(value & ~0x80000000ul)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("mov %[v], %%cr0", OUT(), IN([v] "r"(value & ~0x10000ul)));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_EQ(READ_CR(0), value);
}

static void cr2(void)
{
	TRY("mov %[v], %%cr2", OUT(), IN([v] "r"(0x12345678ul)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(READ_CR(2), 0x12345678);
	EXPECT_EQ(vcpu_info_here()->arch.cr2, 0x12345678);
}

static void cr3(void)
{
	uint64_t value = READ_CR(3);
	uint64_t bad = machine_of(page_alloc()) | 0;

	EXPECT_EQ(value, xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base)));
	TRY("mov %[v], %%cr3", OUT(), IN([v] "r"(value)));
	EXPECT_NO_FAULT();
	/* A writable page is no page table; neither is a frame that is not ours. */
	TRY("mov %[v], %%cr3", OUT(), IN([v] "r"(bad)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("mov %[v], %%cr3", OUT(), IN([v] "r"(0xfffffffff000ul)));
	EXPECT_FAULT(VECTOR_GP, 0);
	EXPECT_EQ(READ_CR(3), value);
}

static void cr4(void)
{
	uint64_t value = READ_CR(4);

	/* PAE, OSFXSR, OSXMMEXCPT. */
	EXPECT_EQ(value & 0x620, 0x620);
	EXPECT_EQ(value & 0x300000, 0);
	TRY("mov %[v], %%cr4", OUT(), IN([v] "r"(value)));
	EXPECT_NO_FAULT();
	/* PAE off: ignored or refused, never done. */
	TRY("mov %[v], %%cr4", OUT(), IN([v] "r"(value & ~0x20ul)));
	EXPECT_EQ(READ_CR(4) & 0x20, 0x20);
	/* FSGSBASE works at once where it can be set. */
	TRY("mov %[v], %%cr4", OUT(), IN([v] "r"(value | 0x10000)));
	EXPECT_NO_FAULT();
	if (READ_CR(4) & 0x10000) {
		TRY("rdfsbase %%rax", OUT(), IN(), "rax");
		EXPECT_NO_FAULT();
		TRY("mov %[v], %%cr4", OUT(), IN([v] "r"(value & ~0x10000ul)));
		EXPECT_EQ(READ_CR(4) & 0x10000, 0);
	}
}

static void extended_control(void)
{
	uint32_t low = 0, high = 0;

	TRY("mov %[v], %%cr4", OUT(), IN([v] "r"(READ_CR(4) | 0x40000)));
	if (!(READ_CR(4) & 0x40000))
		return;
	TRY("xgetbv", OUT("=a"(low), "=d"(high)), IN("c"(0)));
	EXPECT_NO_FAULT();
	EXPECT_TRUE(low & 1);
	TRY("xsetbv", OUT(), IN("c"(0), "a"(3), "d"(0)));
	EXPECT_NO_FAULT();
	TRY("xgetbv", OUT("=a"(low), "=d"(high)), IN("c"(0)));
	EXPECT_EQ(low, 3);
	/* Without x87, with unknown bits, or another register: #GP. */
	TRY("xsetbv", OUT(), IN("c"(0), "a"(2), "d"(0)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("xsetbv", OUT(), IN("c"(0), "a"(3), "d"(0x40000000)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("xsetbv", OUT(), IN("c"(1), "a"(3), "d"(0)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("xgetbv", OUT("=a"(low), "=d"(high)), IN("c"(0)));
	EXPECT_EQ(low, 3);
}

void test_main(void)
{
	cr0();
	cr2();
	cr3();
	cr4();
	extended_control();
}
