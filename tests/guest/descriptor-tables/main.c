/*
 * What: set_gdt and update_descriptor: frames must be read-only, descriptors are checked and get DPL 3, system
 *       descriptors are refused; loaded segments come from the new table.
 * Why: per-CPU GDTs, thread-local segments of 32-bit processes; a call gate to ring 0 would be the machine.
 * How: builds a GDT with good and bad descriptors, installs it, loads selectors, changes entries while it is in use.
 * A failure means: TLS breaks, or a guest gets a gate or a ring-0 segment.
 * Machine: bochs=1
 */
#include <guest.h>

#define DATA 0x00cf92000000ffffull	/* flat data, DPL 0 */
#define CODE64 0x00af9a000000ffffull
#define CALL_GATE 0x00008c000008ffffull
#define TSS 0x0000890000000067ull

static uint64_t *gdt;

static void install(void)
{
	unsigned long frame;

	gdt = page_alloc();
	frame = mfn_of(gdt);
	gdt[1] = DATA;
	gdt[2] = CODE64;
	gdt[3] = DATA | 0x5000ull << 16;	/* base 0x5000 */
	/* Mapped writable: refused. */
	EXPECT_REFUSED(hc_set_gdt(&frame, 16));
	EXPECT_STATUS(table_seal(gdt), 0);
	EXPECT_STATUS(hc_set_gdt(&frame, 16), 0);
	/* In use: not to be had writable, nor as a page table. */
	EXPECT_REFUSED(table_unseal(gdt));
	EXPECT_REFUSED(table_pin(gdt, 1));
	/* DPL was forced to 3. */
	EXPECT_EQ(gdt[1] >> 45 & 3, 3);
	EXPECT_EQ(gdt[2] >> 45 & 3, 3);
}

static void selectors_load(void)
{
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0xb)));
	EXPECT_NO_FAULT();
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0)));
	TRY("lsl %%ax, %%rbx", OUT(), IN("a"(0x1b)), "rbx");
	EXPECT_NO_FAULT();
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0x2b)));
	/* All zeros is no segment at all. */
	EXPECT_FAULT(VECTOR_GP, 0x28);
}

static void updates(void)
{
	uint64_t machine = machine_of(gdt);

	EXPECT_STATUS(hc_update_descriptor(machine + 5 * 8, DATA), 0);
	EXPECT_EQ(gdt[5] >> 45 & 3, 3);
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0x2b)));
	EXPECT_NO_FAULT();
	asm volatile("mov %0, %%ds" : : "r"(0));
	EXPECT_STATUS(hc_update_descriptor(machine + 5 * 8, 0), 0);
	EXPECT_EQ(gdt[5], 0);
	/* Not present, but a segment: #NP, of which the hypervisor knows nothing. */
	EXPECT_STATUS(hc_update_descriptor(machine + 5 * 8, (DATA | 3ul << 45) & ~(1ul << 47)), 0);
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0x2b)));
	EXPECT_FAULT(VECTOR_NP, 0x28);
	/* System descriptors: a TSS is refused; a call gate too, or it is defused. */
	EXPECT_REFUSED(hc_update_descriptor(machine + 6 * 8, TSS));
	EXPECT_EQ(gdt[6], 0);
	if (hc_update_descriptor(machine + 6 * 8, CALL_GATE) == 0) {
		struct {
			uint32_t offset;
			uint16_t selector;
		} __attribute__((packed)) far = { 0, 6 * 8 + 3 };

		TRY("lcall *%[far]", OUT(), IN([far] "m"(far)));
		EXPECT_TRUE(caught.vector == VECTOR_GP || caught.vector == VECTOR_NP || caught.vector == VECTOR_PF);
	}
	hc_update_descriptor(machine + 6 * 8, 0);
	/* Not a descriptor's address, not our frame. */
	EXPECT_STATUS(hc_update_descriptor(machine + 5 * 8 + 4, DATA), -XEN_EINVAL);
	EXPECT_STATUS(hc_update_descriptor(0xffffffffful << 12, DATA), -XEN_EINVAL);
}

static void bad_tables(void)
{
	uint64_t *bad = page_alloc();
	unsigned long frames[16] = { mfn_of(bad) };

	bad[7] = TSS;
	EXPECT_STATUS(table_seal(bad), 0);
	EXPECT_REFUSED(hc_set_gdt(frames, 16));
	/* It did not become a descriptor page for good. */
	EXPECT_STATUS(table_unseal(bad), 0);
	frames[0] = mfn_of((void *)start_info->pt_base);
	EXPECT_REFUSED(hc_set_gdt(frames, 16));
	frames[0] = 0xffffffffful;
	EXPECT_REFUSED(hc_set_gdt(frames, 16));
	frames[0] = mfn_of(gdt);
	EXPECT_STATUS(hc_set_gdt(frames, 14 * 512 + 1), -XEN_EINVAL);
	EXPECT_STATUS(hc_set_gdt(frames, ~0u), -XEN_EINVAL);
	EXPECT_STATUS(hc_set_gdt((void *)HYPERVISOR_VIRT_START, 16), -XEN_EFAULT);
	/* The one in use survived all this. */
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0xb)));
	EXPECT_NO_FAULT();
	asm volatile("mov %0, %%ds" : : "r"(0));
}

static void remove(void)
{
	EXPECT_STATUS(hc_set_gdt(NULL, 0), 0);
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0xb)));
	EXPECT_TRUE(caught.vector == VECTOR_GP || caught.vector == VECTOR_NP);
	EXPECT_STATUS(table_unseal(gdt), 0);
	/* The hypervisor's own part of the table is there, and is not the guest's to load. */
	TRY("mov %%ax, %%ds", OUT(), IN("a"(FLAT_RING3_DS64)));
	EXPECT_NO_FAULT();
	TRY("mov %%ax, %%ds", OUT(), IN("a"(0xe010)));
	EXPECT_EQ(caught.vector, VECTOR_GP);
	asm volatile("mov %0, %%ds" : : "r"(0));
}

void test_main(void)
{
	install();
	selectors_load();
	updates();
	bad_tables();
	remove();
}
