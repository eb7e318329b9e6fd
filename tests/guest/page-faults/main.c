/*
 * What: page faults carry the address in vcpu_info and an error code with P, W, I as found, and U only from user mode.
 * Why: copy-on-write, demand paging and the exception tables of copy_to_user decide by these bits.
 * How: reads, writes and jumps to addresses that are not present, read-only and not executable, from both modes.
 * A failure means: a kernel would misjudge the fault: loop for ever, or kill an innocent process.
 * Machine: bochs=1
 */
#include <guest.h>

USER_CODE(code_read, "mov (%rdi), %rax; ud2");
USER_CODE(code_write, "mov %rax, (%rdi); ud2");
USER_CODE(code_jump, "jmp *%rdi");

static struct frame frame;

static void user_faults(const char *code, uint64_t address, unsigned int error)
{
	frame = user_frame(code);
	frame.rdi = address;
	EXPECT_EQ(user_run(&frame), VECTOR_PF);
	EXPECT_EQ(frame.error, error);
	EXPECT_EQ(vcpu_info_here()->arch.cr2, address);
}

static void from_kernel(void)
{
	uint8_t *page = page_alloc();
	uint64_t value;

	EXPECT_STATUS(page_protect(page, PTE_RO_FLAGS), 0);
	EXPECT_TRUE(try_read(page + 8, &value));
	EXPECT_TRUE(!try_write(page + 8, 1));
	EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
	EXPECT_EQ(caught.cr2, page + 8);
	EXPECT_STATUS(map(page, 0), 0);
	EXPECT_TRUE(!try_read(page + 16, &value));
	EXPECT_FAULT(VECTOR_PF, 0);
	EXPECT_EQ(caught.cr2, page + 16);
	EXPECT_TRUE(!try_write(page + 24, 1));
	EXPECT_FAULT(VECTOR_PF, PF_W);
	EXPECT_EQ(caught.cr2, page + 24);
	/* No table at all. */
	EXPECT_TRUE(!try_read((void *)0x10000000000ul, &value));
	EXPECT_FAULT(VECTOR_PF, 0);
	EXPECT_EQ(caught.cr2, 0x10000000000ul);
}

static void instruction_fetch(void)
{
	uint8_t *page = page_alloc();

	EXPECT_STATUS(page_protect(page, PTE_RW_FLAGS | PTE_NX), 0);
	page[0] = 0xc3;
	TRY("call *%[to]", OUT(), IN([to] "r"(page)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.error, PF_P | PF_I);
	EXPECT_EQ(caught.rip, page);
	EXPECT_EQ(caught.cr2, page);
	EXPECT_STATUS(page_protect(page, PTE_RW_FLAGS), 0);
	TRY("call *%[to]", OUT(), IN([to] "r"(page)));
	EXPECT_NO_FAULT();
}

static void cr2_is_read_by_instruction_too(void)
{
	uint64_t value, cr2 = 0;

	EXPECT_TRUE(!try_read((void *)0x10000000008ul, &value));
	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	EXPECT_EQ(cr2, 0x10000000008ul);
}

static void from_user(void)
{
	user_init();
	user_faults(code_read, 0x10000000000ul, PF_U);
	user_faults(code_write, USER_BASE + 0x200000, PF_U | PF_W);
	user_faults(code_jump, USER_BASE + 0x200000, PF_U | PF_I);
	/* The kernel's own pages are not in the user's tables. */
	user_faults(code_read, (uintptr_t)start_info, PF_U);
	user_faults(code_write, (uintptr_t)start_info, PF_U | PF_W);
	/* The hypervisor's are never reachable. */
	frame = user_frame(code_write);
	frame.rdi = MACH2PHYS_VIRT_START;
	EXPECT_EQ(user_run(&frame), VECTOR_PF);
	EXPECT_EQ(frame.error & ~1ul, PF_U | PF_W);
	EXPECT_STATUS(hc_update_va_mapping(USER_DATA, pte_make(mfn_of((void *)USER_DATA), PTE_RO_FLAGS | PTE_NX),
					   UVMF_INVLPG),
		      0);
	user_faults(code_write, USER_DATA, PF_U | PF_W | PF_P);
	user_faults(code_jump, USER_DATA, PF_U | PF_I | PF_P);
}

void test_main(void)
{
	from_kernel();
	instruction_fetch();
	cr2_is_read_by_instruction_too();
	from_user();
}
