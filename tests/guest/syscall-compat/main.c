/*
 * What: 32-bit user code: its `syscall` comes to the syscall32 callback, `sysenter` to its callback or as #GP, int 0x80
 *       to the trap table; the selectors say which code it was.
 * Why: 32-bit programs on a 64-bit kernel.
 * How: runs 32-bit code in the low 4 GiB with each instruction, registered and not (XSA-44, XSA-339: sysenter with NT).
 * A failure means: 32-bit programs die, or a path that nobody uses on 64-bit crashes the hypervisor.
 * Machine: bochs=1
 */
#include <guest.h>

USER_CODE(code_syscall, ".byte 0x0f, 0x05");
USER_CODE(code_sysenter, ".byte 0x0f, 0x34");
USER_CODE(code_int80, ".byte 0xcd, 0x80");
/* In 32-bit code 0x40 is inc eax, not a prefix. */
USER_CODE(code_inc, ".byte 0x40, 0x0f, 0x0b");

static struct frame frame;

static unsigned int run32(const char *code, uint64_t flags)
{
	frame = user_frame(code);
	frame.cs = USER_CS32;
	frame.rflags |= flags;
	return user_run(&frame);
}

static void it_is_32_bit_code(void)
{
	EXPECT_EQ(run32(code_inc, 0), VECTOR_UD);
	EXPECT_EQ(frame.rax, 1);
	EXPECT_EQ(frame.cs & 0xffff, USER_CS32);
	EXPECT_EQ(frame.rip, user_address(code_inc) + 1);
}

static void int80(void)
{
	EXPECT_EQ(run32(code_int80, 0), 0x80);
	EXPECT_EQ(frame.rip, user_address(code_int80) + 2);
	EXPECT_EQ(frame.cs & 0xffff, USER_CS32);
}

/* Intel's has no SYSCALL in 32-bit code. */
static bool processor_is_amd_s(void)
{
	uint32_t leaf = 0, name, rest[2];

	asm volatile("cpuid" : "+a"(leaf), "=b"(name), "=c"(rest[0]), "=d"(rest[1]));
	return name == 0x68747541; /* "Auth" */
}

static void syscall32(void)
{
	/* Not registered: an exception of some kind, not a crash. */
	unsigned int vector = run32(code_syscall, 0);

	EXPECT_TRUE(vector == VECTOR_GP || vector == VECTOR_UD || vector == VECTOR_SYSCALL32);
	(void)callback_set(CALLBACKTYPE_syscall32, callback_syscall32, true);
	if (!processor_is_amd_s()) {
		EXPECT_EQ(run32(code_syscall, 0), VECTOR_UD);
		return;
	}
	EXPECT_EQ(run32(code_syscall, 0), VECTOR_SYSCALL32);
	EXPECT_EQ(frame.rip, user_address(code_syscall) + 2);
	EXPECT_EQ(frame.cs & 3, 3);
	EXPECT_EQ(run32(code_syscall, EFLAGS_NT | EFLAGS_DF), VECTOR_SYSCALL32);
	EXPECT_EQ(frame.rflags & (EFLAGS_NT | EFLAGS_DF), EFLAGS_NT | EFLAGS_DF);
	EXPECT_EQ(entry_flags & (EFLAGS_NT | EFLAGS_DF), 0);
}

static void sysenter(void)
{
	unsigned int vector = run32(code_sysenter, 0);

	EXPECT_TRUE(vector == VECTOR_GP || vector == VECTOR_UD);
	long status = callback_set(CALLBACKTYPE_sysenter, callback_sysenter, true);

	/* Where the processor has it in this mode it comes to the callback; elsewhere it stays #UD or #GP. */
	vector = run32(code_sysenter, 0);
	EXPECT_TRUE(vector == VECTOR_SYSENTER || vector == VECTOR_GP || vector == VECTOR_UD);
	EXPECT_TRUE(status == 0 || vector != VECTOR_SYSENTER);
	vector = run32(code_sysenter, EFLAGS_NT);
	EXPECT_TRUE(vector == VECTOR_SYSENTER || vector == VECTOR_GP || vector == VECTOR_UD);
}

void test_main(void)
{
	it_is_32_bit_code();
	int80();
	syscall32();
	sysenter();
}
