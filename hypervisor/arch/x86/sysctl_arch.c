/*
 * The architecture's part of sysctl: where the CPUs lie, how fast they count, how wide their addresses are.
 *
 * A CPU's place is in its APIC id: from the top the socket, the core, the thread. How many bits each has is
 * the same for all CPUs of a machine; it is asked once, since CPUID is slow in a virtual machine.
 */
#include "cpu.h"
#include "ops.h"
#include "time.h"
#include <hyp/control.h>
#include <hyp/pv/cpu_policy.h>

enum { EAX, EBX, ECX, EDX };

struct place_bits {
	bool is_known;
	unsigned int thread, package; /* bits below the core's number, below the socket's */
};

/* Bits that numbers below `count` need. */
static unsigned int bits_for(unsigned int count)
{
	unsigned int bits = 0;

	while (count > 1u << bits)
		bits++;
	return bits;
}

/* Leaf 0xb says it outright. */
static bool bits_from_topology(struct place_bits *b)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	if (r[EAX] < 0xb)
		return false;
	cpuid(0xb, 0, r);
	if (!(r[EBX] & 0xffff))
		return false;
	b->thread = r[EAX] & 0x1f;
	cpuid(0xb, 1, r);
	b->package = r[EBX] & 0xffff ? r[EAX] & 0x1f : b->thread;
	return true;
}

static void bits_from_amd(struct place_bits *b)
{
	uint32_t r[4];

	cpuid(0x80000000, 0, r);
	if (r[EAX] < 0x80000008)
		return;
	cpuid(0x80000008, 0, r);
	b->package = r[ECX] >> 12 & 0xf;
	if (!b->package)
		b->package = bits_for((r[ECX] & 0xff) + 1);
	cpuid(0x80000000, 0, r);
	if (r[EAX] < 0x8000001e)
		return;
	cpuid(0x8000001e, 0, r);
	b->thread = bits_for((r[EBX] >> 8 & 0xff) + 1);
}

static void bits_from_counts(struct place_bits *b)
{
	unsigned int logical, cores = 1;
	uint32_t r[4];

	cpuid(1, 0, r);
	/* Without the flag the count means nothing: one thread. */
	logical = r[EDX] >> 28 & 1 ? r[EBX] >> 16 & 0xff : 1;
	cpuid(0, 0, r);
	if (r[EAX] >= 4) {
		cpuid(4, 0, r);
		cores = (r[EAX] >> 26) + 1;
	}
	b->package = bits_for(logical);
	b->thread = b->package - MIN(b->package, bits_for(cores));
}

static struct place_bits place_bits(void)
{
	static struct place_bits known;
	struct place_bits b = {.is_known = true};

	/* Two CPUs that come here at once find the same. */
	if (__atomic_load_n(&known.is_known, __ATOMIC_ACQUIRE))
		return known;
	if (!bits_from_topology(&b)) {
		if (cpu_features.amd)
			bits_from_amd(&b);
		else
			bits_from_counts(&b);
	}
	b.package = MAX(b.package, b.thread);
	known.thread = b.thread;
	known.package = b.package;
	__atomic_store_n(&known.is_known, true, __ATOMIC_RELEASE);
	return b;
}

struct cpu_place arch_cpu_place(unsigned int cpu)
{
	struct place_bits b = place_bits();
	uint32_t id = cpu_table[cpu]->apic_id;

	return (struct cpu_place){
		.socket = (uint32_t)((uint64_t)id >> b.package),
		.core = (uint32_t)((id & (BIT(b.package) - 1)) >> b.thread),
	};
}

uint32_t arch_cpu_khz(void) { return tsc_khz; }

unsigned int arch_physical_address_bits(void) { return cpu_features.physical_bits; }

/* CPUs of one vendor can be told to fault on CPUID in user mode, which leaves every leaf to us. */
uint32_t arch_cpuid_levelling(void)
{
	bool faults = !cpu_features.amd && cpu_policies_system()->raw.platform_info & BIT(31);

	return faults ? XEN_SYSCTL_CPU_LEVELCAP_faulting : 0;
}
