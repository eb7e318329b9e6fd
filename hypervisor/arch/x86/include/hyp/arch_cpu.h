#pragma once
/* The architecture's part of <hyp/cpu.h>: which CPU this is. */
#include <hyp/types.h>

/* Any stack pointer of a CPU leads to the address of what is kept of it, which begins with its number (arch/x86/cpu.h). */
#define ARCH_STACK_BYTES 0x8000ul
#define ARCH_STACK_CPU 0x7ff0ul

static inline unsigned int arch_cpu_id(void)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	return **(const unsigned int **)((rsp & ~(ARCH_STACK_BYTES - 1)) + ARCH_STACK_CPU);
}
