#pragma once
/* Instructions by name. */
#include <stdint.h>

#define CR0_TS 0x8ul
#define EFLAGS_CF 0x1ul
#define EFLAGS_TF 0x100ul
#define EFLAGS_IF 0x200ul
#define EFLAGS_DF 0x400ul
#define EFLAGS_IOPL 0x3000ul
#define EFLAGS_NT 0x4000ul
#define EFLAGS_RF 0x10000ul
#define EFLAGS_AC 0x40000ul

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (uint64_t)high << 32;
}

static inline uint64_t read_flags(void)
{
	uint64_t flags;

	asm volatile("pushfq; pop %0" : "=r"(flags));
	return flags;
}

static inline void write_flags(uint64_t flags)
{
	asm volatile("push %0; popfq" : : "r"(flags) : "cc", "memory");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline uint64_t load64(const volatile void *address)
{
	return *(const volatile uint64_t *)address;
}

static inline void store64(volatile void *address, uint64_t value)
{
	*(volatile uint64_t *)address = value;
}
