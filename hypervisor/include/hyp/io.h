#pragma once
/*
 * How drivers touch the machine: I/O ports, memory-mapped registers, model-specific registers, the time
 * stamp.
 *
 * On the machine each is one instruction. On the host each is a function of tests/fakes/io_fake.c, behind
 * which a test puts a model of its device; that choice of what is linked is the only thing that differs.
 * All of them are strictly ordered: the compiler moves no access across another.
 */
#include <hyp/types.h>

/* Maps machine addresses uncached and for good; NULL if there is no room left. From the architecture.
   `start` need not be the start of a page. Not for hot paths: callers keep what they get. */
void *mmio_map(paddr_t start, uint64_t bytes);

/* One breath of a waiting loop. */
static inline void io_pause(void) { __builtin_ia32_pause(); }

#if defined(HOST_BUILD)

uint8_t io_in8(uint16_t port);
uint16_t io_in16(uint16_t port);
uint32_t io_in32(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
void io_out16(uint16_t port, uint16_t value);
void io_out32(uint16_t port, uint32_t value);

uint8_t mmio_read8(const volatile void *address);
uint16_t mmio_read16(const volatile void *address);
uint32_t mmio_read32(const volatile void *address);
void mmio_write8(volatile void *address, uint8_t value);
void mmio_write16(volatile void *address, uint16_t value);
void mmio_write32(volatile void *address, uint32_t value);

uint64_t msr_read(uint32_t index);
void msr_write(uint32_t index, uint64_t value);
uint64_t tsc_read(void);
void io_fence(void);

#else

static inline uint8_t io_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t io_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t io_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void io_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void io_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void io_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t mmio_read8(const volatile void *address) { return *(const volatile uint8_t *)address; }
static inline uint16_t mmio_read16(const volatile void *address) { return *(const volatile uint16_t *)address; }
static inline uint32_t mmio_read32(const volatile void *address) { return *(const volatile uint32_t *)address; }
static inline void mmio_write8(volatile void *address, uint8_t value) { *(volatile uint8_t *)address = value; }
static inline void mmio_write16(volatile void *address, uint16_t value) { *(volatile uint16_t *)address = value; }
static inline void mmio_write32(volatile void *address, uint32_t value) { *(volatile uint32_t *)address = value; }

/* The register must exist: an unknown one is a general protection fault. */
static inline uint64_t msr_read(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t index, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(index) : "memory");
}

/* Not before the instructions that precede it (SDM vol. 2, RDTSC: lfence orders it). */
static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* All stores before it are visible before what follows, also before a wrmsr that does not serialize. */
static inline void io_fence(void) { __asm__ volatile("mfence; lfence" : : : "memory"); }

#endif
