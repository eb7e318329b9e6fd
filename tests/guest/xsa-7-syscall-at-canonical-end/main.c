/*
 * What: a hypercall, and a system call, whose return address is just not canonical is an exception in the guest.
 * Why: XSA-7: SYSRET to such an address faults in ring 0 after the stack is the guest's: a guest took over the machine.
 * How: puts `syscall` in the last two bytes below 0x800000000000 and jumps there, in kernel and in user mode; then
 *      returns by iret to the address that the instruction left in rcx; the same with a store to a page table that ends there.
 * A failure means: the way out of a hypercall uses sysret without looking.
 */
#include <guest.h>

#define LAST_PAGE 0x7ffffffff000ul
#define END 0x800000000000ul

static uint8_t *code;
static uint64_t *level3;

static void tables_build(void)
{
	uint64_t *level2 = page_alloc(), *level1 = page_alloc();

	level3 = page_alloc();
	code = page_alloc();
	code[4094] = 0x0f;
	code[4095] = 0x05;
	level1[511] = pte_make(mfn_of(code), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level1), 0);
	level2[511] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level2), 0);
	level3[511] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	EXPECT_STATUS(table_seal(level3), 0);
	EXPECT_STATUS(update(entry_machine((void *)LAST_PAGE, 4), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
}

static void from_kernel_mode(void)
{
	/* Hypercalls that return in different ways: quickly, after a reschedule, with an error. */
	static const unsigned int numbers[] = { __HYPERVISOR_xen_version, __HYPERVISOR_sched_op, 99 };

	for (unsigned int i = 0; i < 3; i++) {
		TRY("jmp *%[to]", OUT(),
		    IN([to] "r"(LAST_PAGE + 4094), "a"((unsigned long)numbers[i]), "D"(0), "S"(0)), "rcx", "r11");
		EXPECT_EQ(caught.vector, VECTOR_GP);
		EXPECT_EQ(caught.rip, END);
		EXPECT_EQ(caught.error, 0);
	}
}

static void from_user_mode(void)
{
	struct frame frame;

	user_init();
	EXPECT_STATUS(update(machine_of(&user_top_table()[255]), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	frame = user_frame(user_text_start);
	frame.rip = LAST_PAGE + 4094;
	EXPECT_EQ(user_run(&frame), VECTOR_SYSCALL);
	EXPECT_EQ(frame.rip, END);
	/* A kernel would return there. */
	frame.cs = USER_CS;
	frame.ss = USER_SS;
	EXPECT_EQ(user_run(&frame), VECTOR_GP);
	EXPECT_EQ(frame.rip, END);
}

/* There is a table for the user now: the hypervisor takes its shorter ways. */
static void by_the_short_ways(void)
{
	static const uint8_t store[] = { 0x48, 0xc7, 0x47, 0, 0, 0, 0, 0 }; /* movq $0, 0(%rdi) */
	uint64_t *page = page_alloc(), *entry = entry_of(page, 1), before = *entry;
	struct mmu_update u = { .ptr = machine_of(entry), .val = before };

	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0), 0);
	TRY("mov $0x7ff0, %%r10d; jmp *%[to]", OUT(),
	    IN([to] "r"(LAST_PAGE + 4094), "a"((unsigned long)__HYPERVISOR_mmu_update), "D"(&u), "S"(1ul), "d"(0ul)),
	    "rcx", "r10", "r11");
	EXPECT_EQ(caught.vector, VECTOR_GP);
	EXPECT_EQ(caught.rip, END);
	EXPECT_EQ(*entry, before);
	bytes_copy(code + PAGE_BYTES - sizeof(store), store, sizeof(store));
	TRY("jmp *%[to]", OUT(), IN([to] "r"(END - sizeof(store)), "D"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_GP);
	EXPECT_EQ(caught.rip, END);
	EXPECT_EQ(*entry, 0);
}

void test_main(void)
{
	tables_build();
	from_kernel_mode();
	from_user_mode();
	by_the_short_ways();
}
