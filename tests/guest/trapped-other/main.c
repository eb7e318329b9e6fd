/*
 * What: the other privileged instructions: wbinvd and clts work, rdtsc needs no help, the descriptor-table, invlpg,
 *       hlt and swapgs forms are refused.
 * Why: a hypervisor that executed one of these for a guest would hand over the machine; one that refuses wbinvd breaks
 *      drivers.
 * How: executes each in kernel mode, reads the vector.
 * A failure means: an instruction is emulated that must not be, or the other way round.
 */
#include <guest.h>

void test_main(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = { .limit = 0xfff, .base = 0x1000 };
	uint64_t before, after;

	TRY("wbinvd", OUT(), IN());
	EXPECT_NO_FAULT();
	TRY("clts", OUT(), IN());
	EXPECT_NO_FAULT();
	before = read_tsc();
	after = read_tsc();
	EXPECT_TRUE(after >= before);
	TRY("rdtscp", OUT(), IN(), "rax", "rcx", "rdx");
	EXPECT_NO_FAULT();

	TRY("invd", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("invlpg (%[at])", OUT(), IN([at] "r"(&table)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("lgdt %[table]", OUT(), IN([table] "m"(table)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("lidt %[table]", OUT(), IN([table] "m"(table)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("lldt %%ax", OUT(), IN("a"(0)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("ltr %%ax", OUT(), IN("a"(0xe040)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("swapgs", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("mov %%cr8, %%rax", OUT(), IN(), "rax");
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("sysretq", OUT(), IN("c"(start_info)));
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("rdpmc", OUT(), IN("c"(0)), "rax", "rdx");
	EXPECT_TRUE(caught.vector != VECTOR_NONE);
	/* Without virtual I/O privilege these fault too. */
	TRY("cli", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
	TRY("sti", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
}
