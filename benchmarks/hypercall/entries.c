/*
 * Ways into the kernel and back: system call, page fault, int3 from user mode, the kernel's own faults and iret. User code takes
 * the samples itself, in its own page, so that both directions are in each.
 */
#include "measure.h"

void stub_syscall(void);
void stub_trap(void);
void stub_fault(void);
void stub_iret(void);

/* rdi: where samples go, rsi: how many, rbp: an address that is not mapped. r15: where a fault goes on. */
#define USER_LOOP(name, text)                                                                                      \
	USER_CODE(name, "1: rdtsc; shl $32, %rdx; lea (%rdx,%rax), %r12; lea 2f(%rip), %r15;" text                 \
			"2: rdtsc; shl $32, %rdx; add %rdx, %rax; sub %r12, %rax; mov %rax, (%rdi); add $8, %rdi;" \
			"dec %rsi; jnz 1b; ud2")
USER_LOOP(user_empty, "");
USER_LOOP(user_syscall, "syscall;");
USER_LOOP(user_int3, "int3;");
USER_LOOP(user_fault, "mov (%rbp), %rax;");
USER_LOOP(user_undefined, "hlt;");

static void user_samples(const char *code)
{
	struct frame frame = user_frame(code);
	const uint64_t *taken = user_page(8);

	frame.rdi = USER_DATA;
	frame.rsi = WARM_UP + SAMPLES_SHORT;
	frame.rbp = USER_BASE + 0x1000000;
	REQUIRE(user_run(&frame) == VECTOR_UD);
	for (unsigned int i = 0; i < SAMPLES_SHORT; i++)
		samples[i] = taken[WARM_UP + i];
}

static void user_measure(const char *name, const char *code)
{
	user_samples(code);
	row_print(name, SAMPLES_SHORT, 1);
}

static void stub_set(unsigned int vector, unsigned int dpl, void (*stub)(void))
{
	trap_table()[vector].address = (unsigned long)stub;
	REQUIRE(trap_set(vector, dpl, true) == 0);
}

static void stub_reset(unsigned int vector, unsigned int dpl)
{
	trap_table()[vector].address = (unsigned long)exception_stubs + vector * 16;
	REQUIRE(trap_set(vector, dpl, true) == 0);
}

static void kernel_fault(const void *address)
{
	asm volatile("lea 1f(%%rip), %%r15; mov (%0), %%rax; 1:" : : "r"(address) : "rax", "r15", "memory");
}

void entries_measure(void)
{
	uint64_t outer = empty_cost;

	stub_set(VECTOR_PF, 0, stub_fault);
	stub_set(VECTOR_GP, 0, stub_fault);
	stub_set(VECTOR_BP, 3, stub_trap);
	REQUIRE(callback_set(CALLBACKTYPE_syscall, stub_syscall, true) == 0);

	MEASURE("iret, kernel to kernel", stub_iret());
	MEASURE("page fault, kernel and back", kernel_fault((void *)0x7000000000));
	user_samples(user_empty);
	row_print("(rdtsc pair in user mode)", SAMPLES_SHORT, 1);
	empty_cost = samples[SAMPLES_SHORT / 2];
	user_measure("system call, user-kernel-user", user_syscall);
	user_measure("int3, user-kernel-user", user_int3);
	user_measure("page fault, user-kernel-user", user_fault);
	user_measure("general protection (hlt), user-kernel-user", user_undefined);
	empty_cost = outer;

	stub_reset(VECTOR_PF, 0);
	stub_reset(VECTOR_GP, 0);
	stub_reset(VECTOR_BP, 3);
	REQUIRE(callback_set(CALLBACKTYPE_syscall, callback_syscall, true) == 0);
	/* stub_iret opened the mask. */
	events_disable();
}
