/*
 * The fake machine's memory: frames in a byte array, a frame table over a number space with holes, a
 * machine-to-physical table, guest memory that is one more array, and TLBs that remember what they were told to load.
 * An access to memory that is not there stops the test.
 */
#include <hyp/cpu.h>
#include <hyp/fake_memory.h>
#include <hyp/guest.h>
#include <hyp/heap.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>

static struct page table[FAKE_HIGH_END];
struct page *const frame_table = table;
uint64_t frame_count = FAKE_HIGH_END;

static uint64_t m2p[FAKE_HIGH_END];
static uint8_t memory[FAKE_FRAMES][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

static const struct range {
	uint64_t start, end, offset; /* frame numbers, and where in memory[] the first one is */
} ranges[] = {
	{FAKE_LOW_START, FAKE_LOW_END, 0},
	{FAKE_MAIN_START, FAKE_MAIN_END, FAKE_LOW_END - FAKE_LOW_START},
	{FAKE_HIGH_START, FAKE_HIGH_END, FAKE_LOW_END - FAKE_LOW_START + FAKE_MAIN_END - FAKE_MAIN_START},
};

static const struct range *range_of(uint64_t frame)
{
	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++)
		if (frame >= ranges[i].start && frame < ranges[i].end)
			return &ranges[i];
	return NULL;
}

bool fake_memory_has(mfn_t m) { return range_of(m.v); }

void *arch_frame_map(mfn_t m)
{
	const struct range *range = range_of(m.v);

	CHECK(range);
	return memory[range->offset + m.v - range->start];
}

mfn_t arch_virt_to_mfn(const void *address)
{
	uint64_t index = (uint64_t)((const uint8_t *)address - memory[0]) / PAGE_BYTES;

	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++)
		if (index >= ranges[i].offset && index < ranges[i].offset + ranges[i].end - ranges[i].start)
			return mfn(ranges[i].start + index - ranges[i].offset);
	panic("%p is not in the fake machine's memory", address);
}

void arch_m2p_set(mfn_t m, uint64_t pfn)
{
	CHECK(range_of(m.v));
	m2p[m.v] = pfn;
}

uint64_t arch_m2p_get(mfn_t m) { return m.v < FAKE_HIGH_END ? m2p[m.v] : M2P_INVALID; }

/* The table has 512 * 512 entries per 2 MiB. Its second part covers nothing but a hole. */
mfn_t arch_m2p_frame(uint64_t index)
{
	if (index >= DIV_UP(FAKE_HIGH_END, 512 * 512))
		return MFN_INVALID;
	return mfn(index == 1 ? 0 : 0x200000 + index * 512);
}

bool arch_machine_memory_map(uint32_t index, struct memory_map_entry *entry)
{
	if (index >= ARRAY_COUNT(ranges))
		return false;
	*entry = (struct memory_map_entry){
		.start = ranges[index].start << PAGE_SHIFT,
		.bytes = (ranges[index].end - ranges[index].start) << PAGE_SHIFT,
		.type = MEMORY_MAP_RAM,
	};
	return true;
}

/* Guest memory. */

static uint8_t guest[FAKE_GUEST_BYTES];
static unsigned int guest_accesses, guest_fails_in;

void *fake_guest(vaddr_t address)
{
	CHECK(address >= FAKE_GUEST_START && address < FAKE_GUEST_END);
	return guest + (address - FAKE_GUEST_START);
}

void fake_guest_fail_at(unsigned int n) { guest_fails_in = n; }
unsigned int fake_guest_accesses(void) { return guest_accesses; }

static enum status guest_check(vaddr_t address, size_t bytes)
{
	guest_accesses++;
	if (guest_fails_in && !--guest_fails_in)
		return E_FAULT;
	if (address < FAKE_GUEST_START || address > FAKE_GUEST_END || bytes > FAKE_GUEST_END - address)
		return E_FAULT;
	return OK;
}

enum status guest_copy_in(struct vcpu *v, void *to, vaddr_t from, size_t bytes)
{
	enum status status = guest_check(from, bytes);

	(void)v;
	if (!status && bytes)
		memcpy(to, fake_guest(from), bytes);
	return status;
}

enum status guest_copy_out(struct vcpu *v, vaddr_t to, const void *from, size_t bytes)
{
	enum status status = guest_check(to, bytes);

	(void)v;
	if (!status && bytes)
		memcpy(fake_guest(to), from, bytes);
	return status;
}

enum status guest_clear(struct vcpu *v, vaddr_t to, size_t bytes)
{
	enum status status = guest_check(to, bytes);

	(void)v;
	if (!status && bytes)
		memset(fake_guest(to), 0, bytes);
	return status;
}

/* The TLBs. */

#define TLB_CPUS 16u
#define TLB_ENTRIES 64u

static struct tlb {
	uint64_t frame[TLB_ENTRIES];
	unsigned int count; /* entries loaded since the last flush; the oldest are replaced */
} tlbs[TLB_CPUS];

unsigned int fake_tlb_flush_calls;
struct cpuset fake_tlb_flush_last;

void fake_tlb_load(unsigned int cpu, mfn_t m)
{
	CHECK(cpu < TLB_CPUS);
	tlbs[cpu].frame[tlbs[cpu].count++ % TLB_ENTRIES] = m.v;
}

bool fake_tlb_has(unsigned int cpu, mfn_t m)
{
	CHECK(cpu < TLB_CPUS);
	for (unsigned int i = 0; i < MIN(tlbs[cpu].count, TLB_ENTRIES); i++)
		if (tlbs[cpu].frame[i] == m.v)
			return true;
	return false;
}

void fake_tlb_flush_own(unsigned int cpu)
{
	tlb_clock_flushing(cpu);
	if (cpu < TLB_CPUS)
		tlbs[cpu].count = 0;
}

void arch_tlb_flush(const struct cpuset *cpus)
{
	fake_tlb_flush_calls++;
	fake_tlb_flush_last = *cpus;
	cpuset_for_each(cpu, cpus)
		fake_tlb_flush_own(cpu);
}

/* Setting up. */

static uint64_t taken[FAKE_FRAMES];
static uint64_t taken_count;

static void fake_state_init(void)
{
	memset(guest, 0, sizeof(guest));
	memset(tlbs, 0, sizeof(tlbs));
	fake_tlb_flush_last = (struct cpuset){0};
	fake_tlb_flush_calls = guest_accesses = guest_fails_in = 0;
	taken_count = 0;
	tlb_clock_init();
	frames_init();
	heap_init();
}

void fake_memory_init_empty(uint64_t frames_per_range)
{
	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
		uint64_t count = MIN(frames_per_range, ranges[i].end - ranges[i].start);

		memset(memory[ranges[i].offset], FAKE_DIRT, count * PAGE_BYTES);
		memset(&table[ranges[i].start], 0, count * sizeof(table[0]));
		memset(&m2p[ranges[i].start], 0xff, count * sizeof(m2p[0]));
	}
	fake_state_init();
}

void fake_memory_init(void)
{
	fake_memory_init_empty(FAKE_FRAMES);
	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++)
		frames_add(mfn(ranges[i].start), mfn(ranges[i].end));
}

void fake_memory_leave(uint64_t count)
{
	while (frames_free_count() > count) {
		struct page *p = frames_alloc(0, 0);

		if (!p)
			return;
		taken[taken_count++] = page_to_mfn(p).v;
	}
}

void fake_memory_unleave(void)
{
	while (taken_count)
		frames_free(mfn_to_page(mfn(taken[--taken_count])), 0, false);
}
