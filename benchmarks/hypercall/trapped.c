/*
 * Instructions that trap into the hypervisor and are done there: model-specific registers, control registers, cpuid.
 */
#include "measure.h"

#define MSR_EFER 0xc0000080u
#define MSR_FS_BASE 0xc0000100u
#define MSR_KERNEL_GS_BASE 0xc0000102u

static void msr_read(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
}

static void msr_write(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void cpuid_forced(uint32_t leaf)
{
	uint32_t a = leaf, b, c = 0, d;

	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static void cr0_read(void)
{
	uint64_t value;

	asm volatile("mov %%cr0, %0" : "=r"(value));
}

static void cr4_read(void)
{
	uint64_t value;

	asm volatile("mov %%cr4, %0" : "=r"(value));
}

void trapped_measure(void)
{
	MEASURE("rdmsr (kernel gs base)", msr_read(MSR_KERNEL_GS_BASE));
	MEASURE("rdmsr (efer)", msr_read(MSR_EFER));
	MEASURE("wrmsr (fs base)", msr_write(MSR_FS_BASE, 0));
	MEASURE("forced cpuid, leaf 1", cpuid_forced(1));
	MEASURE("forced cpuid, leaf 0x40000000", cpuid_forced(0x40000000));
	MEASURE("mov from cr0", cr0_read());
	MEASURE("mov from cr4", cr4_read());
	MEASURE("clts", asm volatile("clts"));
}
