/*
 * What a process keeps in the processor stays its own while others run: vector registers, x87, selectors of an LDT and
 * their bases, bases by number. More processes than processors, which yield and are interrupted; each looks all the time.
 *
 *   cpu-state SECONDS
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 10

static uint32_t ldt_word[1024];

static int fail(const char *what, uint64_t got, uint64_t want)
{
	fprintf(stderr, "cpu-state: %s: got %#lx, want %#lx\n", what, got, want);
	return 1;
}

__attribute__((target("avx"))) static int avx_round(uint64_t seed, unsigned int spins)
{
	uint64_t in[8] = {seed, seed + 1, seed + 2, seed + 3, ~seed, seed * 3, seed * 5, seed * 7}, out[8], *from = in;

	asm volatile("vmovdqu (%0), %%ymm0; vmovdqu 32(%0), %%ymm15\n"
		     "1: pause; dec %1; jnz 1b\n"
		     "mov $24, %%eax; syscall\n" /* sched_yield */
		     "vmovdqu %%ymm0, (%2); vmovdqu %%ymm15, 32(%2)"
		     : "+r"(from), "+r"(spins)
		     : "r"(out)
		     : "rax", "rcx", "r11", "memory", "xmm0", "xmm15");
	for (int i = 0; i < 8; i++)
		if (in[i] != out[i])
			return fail("ymm", out[i], in[i]);
	return 0;
}

static int sse_round(uint64_t seed, unsigned int spins)
{
	uint64_t in[4] = {seed, seed + 1, ~seed, seed * 7}, out[4], *from = in;
	uint32_t mxcsr = 0x1f80 | (seed & 3) << 13 | (seed & 4) << 4, mxcsr_now;
	double x87 = (double)(seed & 0xffffff), x87_now;

	asm volatile("fldl (%5); ldmxcsr (%4); movdqu (%0), %%xmm1; movdqu 16(%0), %%xmm14\n"
		     "1: pause; dec %1; jnz 1b\n"
		     "mov $24, %%eax; syscall\n"
		     "movdqu %%xmm1, (%2); movdqu %%xmm14, 16(%2); stmxcsr (%3); fstpl (%6)"
		     : "+r"(from), "+r"(spins)
		     : "r"(out), "r"(&mxcsr_now), "r"(&mxcsr), "r"(&x87), "r"(&x87_now)
		     : "rax", "rcx", "r11", "memory", "xmm1", "xmm14", "st");
	for (int i = 0; i < 4; i++)
		if (in[i] != out[i])
			return fail("xmm", out[i], in[i]);
	if ((mxcsr_now & 0xffc0) != (mxcsr & 0xffc0))
		return fail("mxcsr", mxcsr_now, mxcsr);
	return x87_now == x87 ? 0 : fail("x87", (uint64_t)x87_now, (uint64_t)x87);
}

/* An entry of its own in each process, whose segment starts at a word with the process's number. */
static int ldt_start(uint32_t number)
{
	struct user_desc d = {.entry_number = number % 900, .seg_32bit = 1, .limit = 0xfffff, .limit_in_pages = 1, .useable = 1};

	ldt_word[number] = number ^ 0x5a5a5a5a;
	d.base_addr = (unsigned int)(uintptr_t)&ldt_word[number];
	if (syscall(SYS_modify_ldt, 1, &d, sizeof(d)))
		return fail("modify_ldt", 1, 0);
	asm volatile("mov %0, %%gs" : : "r"((number % 900) << 3 | 7));
	return 0;
}

static int ldt_round(uint32_t number)
{
	uint32_t selector, word;

	asm volatile("mov %%gs, %0; movl %%gs:0, %1" : "=r"(selector), "=r"(word));
	if (selector != ((number % 900) << 3 | 7))
		return fail("gs", selector, (number % 900) << 3 | 7);
	return word == (number ^ 0x5a5a5a5a) ? 0 : fail("a word of the LDT's segment", word, number ^ 0x5a5a5a5a);
}

static int base_round(uint64_t base)
{
	uint64_t now = 0;

	if (syscall(SYS_arch_prctl, ARCH_GET_GS, &now))
		return fail("arch_prctl", 1, 0);
	return now == base ? 0 : fail("the base of gs", now, base);
}

static int work(unsigned int number, time_t end)
{
	uint64_t base = 0x10000000 + number * 0x1000, seed = number * 0x9e3779b97f4a7c15;
	int has_ldt = number % 2, failed = 0;

	if (has_ldt)
		failed = ldt_start(100 + number);
	else if (syscall(SYS_arch_prctl, ARCH_SET_GS, base))
		failed = fail("arch_prctl", 1, 0);
	while (!failed && time(NULL) < end) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		failed = __builtin_cpu_supports("avx") ? avx_round(seed, 1 + seed % 3000) : 0;
		failed |= sse_round(seed, 1 + seed % 3000);
		failed |= has_ldt ? ldt_round(100 + number) : base_round(base);
	}
	return failed;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	int status, failed = 0;

	for (unsigned int i = 0; i < PROCESSES; i++)
		if (!fork())
			_exit(work(i, end));
	while (wait(&status) > 0)
		failed |= status;
	return failed ? 1 : 0;
}
