/*
 * What: no call keeps the processor for longer than a millisecond, however much it has to do: between two pieces of it
 *       the guest takes its interrupts.
 * Why: one domain's large page tables must not stop the others, nor its own timers.
 * How: an emulator that counts an instruction as a nanosecond; a timer every 200 us, whose upcalls note how late they are,
 *      while 64 MiB of page tables are pinned, unpinned, linked, unlinked and made a root, by hypercall and by an instruction
 *      that traps, and long lists are worked off.
 * A failure means: a check for preemption is missing on that way; latencies grow with what a guest has.
 * Machine: icount=1 cpu=max,-smap,-erms,-fsrm memory=400 dom0=256 seconds=300
 */
#include <guest.h>

#define TABLES (32 * 512u)
#define US 1000ul
#define LATE_MAX (1000 * US)
#define PERIOD (200 * US)
#define SPARE_VA ((void *)0x200000000000ul) /* a slot of the L4 that nothing uses */

static unsigned long level1[TABLES], level2[TABLES / 512], level3, top;
static volatile uint64_t deadline, latest;
static volatile unsigned int ticks;

static bool tick(struct frame *frame)
{
	uint64_t late;

	if (frame->vector != VECTOR_EVENT)
		return false;
	late = time_now() - deadline;
	if (late > latest && late < 1ul << 62)
		latest = late;
	ticks++;
	event_upcall();
	deadline = time_now() + PERIOD;
	hc_set_timer_op(deadline);
	return true;
}

static void measure(void)
{
	ticks = 0;
	latest = 0;
	deadline = time_now() + PERIOD;
	hc_set_timer_op(deadline);
}

static void judge(const char *what, bool is_long)
{
	print("%s: %u ticks, at most %lu us late\n", what, ticks, latest / US);
	EXPECT_TRUE(latest < LATE_MAX);
	/* It was long enough to say something. */
	if (is_long)
		EXPECT_TRUE(ticks > 3);
}

/* A frame that nothing maps, with these entries written to it through a window. */
static unsigned long table_make(uint64_t *window, const unsigned long *frames, unsigned int count)
{
	unsigned long mfn = pfn_to_mfn(pfn_alloc());

	REQUIRE(map_page(window, mfn, PTE_RW_FLAGS) == 0);
	for (unsigned int i = 0; i < 512; i++)
		window[i] = i < count ? pte_make(frames[i], PTE_RW_FLAGS) : 0;
	return mfn;
}

static void tables_make(void)
{
	static unsigned long data[512];
	uint64_t *window = page_alloc();

	data[0] = mfn_of(page_alloc());
	for (unsigned int i = 1; i < 512; i++)
		data[i] = data[0];
	for (unsigned int i = 0; i < TABLES; i++)
		level1[i] = table_make(window, data, 512);
	for (unsigned int i = 0; i < TABLES / 512; i++)
		level2[i] = table_make(window, &level1[i * 512], 512);
	level3 = table_make(window, level2, TABLES / 512);
	top = table_make(window, &level3, 1);
	REQUIRE(map(window, 0) == 0);
}

static void pins(void)
{
	measure();
	EXPECT_STATUS(mmuext(MMUEXT_PIN_L3_TABLE, level3, 0), 0);
	judge("pin", true);
	measure();
	EXPECT_STATUS(mmuext(MMUEXT_UNPIN_TABLE, level3, 0), 0);
	/* What is left of it may be done by the next call. */
	judge("unpin", false);
}

static void links(void)
{
	measure();
	EXPECT_STATUS(update(entry_machine(SPARE_VA, 4), pte_make(level3, PTE_RW_FLAGS)), 0);
	judge("link", true);
	measure();
	EXPECT_STATUS(update(entry_machine(SPARE_VA, 4), 0), 0);
	judge("unlink", true);
}

static void roots(void)
{
	measure();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, top, 0), 0);
	judge("new root", true);
	measure();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	/* The old one goes by this call, or with the next. */
	EXPECT_STATUS(update(entry_machine(SPARE_VA, 4), 0), 0);
	judge("no root", true);
}

/* MOV to CR3 validates like the hypercall, but no hypercall comes before it: the last entry is the timer's interrupt, whose
   event is let in only by the next. */
static void root_by_instruction(void)
{
	unsigned long old = mfn_of((void *)start_info->pt_base);
	uint64_t *root = top_table_alloc();

	uint64_t address = machine_of(root);

	REQUIRE(update(address + 8 * (((uint64_t)SPARE_VA >> 39) & 511), pte_make(level3, PTE_RW_FLAGS)) == 0);
	events_disable();
	measure();
	while (!*(volatile uint8_t *)&vcpu_info_here()->evtchn_upcall_pending)
		cpu_relax();
	deadline = time_now();
	*(volatile uint8_t *)&vcpu_info_here()->evtchn_upcall_mask = 0;
	asm volatile("mov %0, %%cr3" : : "r"(address) : "memory");
	judge("mov to cr3", true);
	measure();
	asm volatile("mov %0, %%cr3" : : "r"(old << 12) : "memory");
	EXPECT_STATUS(update(entry_machine(SPARE_VA, 4), 0), 0);
	judge("mov back", false);
}

static void reservations(void)
{
	static xen_pfn_t list[TABLES];
	struct xen_memory_reservation r = {.nr_extents = TABLES, .domid = DOMID_SELF};

	set_xen_guest_handle(r.extent_start, list);
	for (unsigned int i = 0; i < TABLES; i++)
		list[i] = level1[i];
	measure();
	EXPECT_STATUS(hc_memory_op(XENMEM_decrease_reservation, &r), TABLES);
	judge("decrease", true);
	for (unsigned int i = 0; i < TABLES; i++)
		list[i] = mfn_to_pfn(level1[i]);
	r.nr_extents = TABLES / 2;
	measure();
	EXPECT_STATUS(hc_memory_op(XENMEM_populate_physmap, &r), TABLES / 2);
	judge("populate", true);
	/* Blocks of 2 MiB; there may be no more of them at some point. */
	r.nr_extents = TABLES / 2 / 512;
	r.extent_order = 9;
	measure();
	EXPECT_TRUE(hc_memory_op(XENMEM_populate_physmap, &r) >= 0);
	judge("populate with blocks", false);
}

static void lists(void)
{
	static struct mmu_update updates[20000];
	static struct multicall_entry calls[5000];
	unsigned int done;

	for (unsigned int i = 0; i < 20000; i++)
		updates[i] = (struct mmu_update){level3 << 12 | MMU_MACHPHYS_UPDATE, mfn_to_pfn(level3)};
	measure();
	EXPECT_STATUS(hc_mmu_update(updates, 20000, &done, DOMID_SELF), 0);
	judge("mmu_update", true);
	for (unsigned int i = 0; i < 5000; i++)
		calls[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version, .args = {XENVER_version}};
	measure();
	EXPECT_STATUS(hc_multicall(calls, 5000), 0);
	judge("multicall", false);
}

void test_main(void)
{
	if (!(port_bind_virq(VIRQ_TIMER, 0) > 0))
		FAIL("no timer");
	tables_make();
	trap_hook = tick;
	events_enable();
	pins();
	links();
	roots();
	root_by_instruction();
	lists();
	reservations();
	hc_set_timer_op(0);
	trap_hook = NULL;
}
