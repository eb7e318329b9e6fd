/*
 * What: one vCPU pins a page as a page table while another maps it writable, writes it and unmaps it without flushes:
 *       while it is pinned nobody writes it.
 * Why: XSA-401: between the check of a type and its use another vCPU gets a writable TLB entry (ABA).
 * How: both run for a fixed number of rounds; the pinning side looks for changes while the pin holds.
 * A failure means: the guest writes validated page tables, and with them everything.
 * Machine: cpus=2
 */
#include <guest.h>

#define ROUNDS 3000

static volatile uint64_t *view;
static volatile uint64_t *watcher;
static unsigned long mfn;
static volatile bool stop;
static volatile unsigned int writes, blocked;

static bool second_hook(struct frame *at)
{
	/* The writer's fault: its store is skipped (3 bytes: mov %rax, (%rbx)). */
	if (at->vector != VECTOR_PF || vcpu_here() != 1)
		return false;
	blocked++;
	at->rip += 3;
	return true;
}

static void writer(void *argument)
{
	(void)argument;
	while (!stop) {
		if (hc_update_va_mapping((uintptr_t)view, pte_make(mfn, PTE_RW_FLAGS), UVMF_NONE) == 0)
			writes++;
		/* Not present, and with nothing in it: what is written is an empty entry with software bits. */
		asm volatile("mov %%rax, (%%rbx)" : : "a"(0xe00ul), "b"(&view[3]) : "memory");
		asm volatile("mov %%rax, (%%rbx)" : : "a"(0ul), "b"(&view[3]) : "memory");
		hc_update_va_mapping((uintptr_t)view, 0, UVMF_NONE);
		asm volatile("mov %%rax, (%%rbx)" : : "a"(0xe00ul), "b"(&view[3]) : "memory");
		asm volatile("mov %%rax, (%%rbx)" : : "a"(0ul), "b"(&view[3]) : "memory");
	}
}

void test_main(void)
{
	uint64_t *page = page_alloc();
	unsigned int pins = 0, changes = 0;

	view = page_alloc();
	mfn = mfn_of(page);
	watcher = page;
	EXPECT_STATUS(table_seal(page), 0);
	trap_hook = second_hook;
	vcpu_start(1, writer, NULL);
	uint64_t end = time_now() + 8000000000ul;

	for (unsigned int round = 0; round < ROUNDS && time_now() < end; round++) {
		if (mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0))
			continue;
		pins++;
		uint64_t first = watcher[3];

		for (unsigned int i = 0; i < 50; i++)
			changes += watcher[3] != first;
		if (mmuext(MMUEXT_UNPIN_TABLE, mfn, 0))
			changes++;
	}
	stop = true;
	EXPECT_TRUE(vcpu_join(1));
	print("%u pins, %u writable mappings, %u stores blocked\n", pins, writes, blocked);
	EXPECT_EQ(changes, 0);
	EXPECT_TRUE(pins + writes > 0);
	/* The counts are whole: it can be each in turn. */
	EXPECT_STATUS(map((void *)view, 0), 0);
	EXPECT_STATUS(table_pin(page, 1), 0);
	EXPECT_STATUS(table_unpin(page), 0);
	EXPECT_STATUS(table_unseal(page), 0);
}
