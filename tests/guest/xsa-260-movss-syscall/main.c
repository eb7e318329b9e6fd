/*
 * What: a data breakpoint held back by `mov ss` and followed by `syscall` does not confuse the hypervisor's entry.
 * Why: XSA-260 (CVE-2018-8897): the #DB comes on the first instruction of ring 0, before the stack is switched.
 * How: watches the word that `mov ss` reads, with syscall, int 3 and int 0x80 behind it, in user and in kernel mode.
 * A failure means: the hypervisor handles #DB on a stack, or with a GS, of the guest's.
 */
#include <guest.h>

USER_CODE(code_syscall, "mov (%rdi), %ss; syscall");
USER_CODE(code_int3, "mov (%rdi), %ss; int3; ud2");
USER_CODE(code_int80, "mov (%rdi), %ss; int $0x80; ud2");

static uint64_t word;

static void watch(uint64_t address)
{
	EXPECT_STATUS(hc_set_debugreg(0, address), 0);
	/* Reads and writes of two bytes. */
	EXPECT_STATUS(hc_set_debugreg(7, 1 | 3u << 16 | 1u << 18), 0);
}

static void from_user(const char *code, unsigned int vector)
{
	struct frame frame = user_frame(code);

	store64((void *)USER_DATA, USER_SS);
	watch(USER_DATA);
	frame.rdi = USER_DATA;
	unsigned int got = user_run(&frame);

	/* Either the trap is delivered as such, or what follows it is; never anything else. */
	EXPECT_TRUE(got == VECTOR_DB || got == vector);
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
	events_disable();
}

static void from_kernel(void)
{
	word = FLAT_KERNEL_SS;
	watch((uintptr_t)&word);
	long result = __HYPERVISOR_xen_version;

	TRY("mov (%%rbx), %%ss; syscall", OUT("+a"(result)), IN("b"(&word), "D"(XENVER_pagesize), "S"(0)), "rcx",
	    "r11");
	EXPECT_TRUE(caught.vector == VECTOR_DB || (caught.vector == VECTOR_NONE && result == (long)PAGE_BYTES));
	EXPECT_STATUS(hc_set_debugreg(7, 0), 0);
	EXPECT_STATUS(hc_set_debugreg(6, 0), 0);
}

void test_main(void)
{
	user_init();
	for (unsigned int round = 0; round < 3; round++) {
		from_user(code_syscall, VECTOR_SYSCALL);
		from_user(code_int3, VECTOR_BP);
		from_user(code_int80, 0x80);
		from_kernel();
	}
	EXPECT_STATUS(hc_xen_version(XENVER_pagesize, NULL), PAGE_BYTES);
}
