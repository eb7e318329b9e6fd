/*
 * What: the builder's page tables: four-level, 4 KiB leaves, tables themselves read-only, the rest writable and
 *       executable, at least 512 KiB of slack behind the boot stack.
 * Why: kernels patch their own text at once and allocate early memory from the slack.
 * How: walks the tables from pt_base; writes to text, to the slack and to a table.
 * A failure means: an early write of a real kernel faults, or, far worse, a table can be written.
 */
#include <guest.h>

static bool is_leaf_table(const uint64_t *table)
{
	for (unsigned long va = VIRT_BASE; entry_of((void *)va, 1); va += 0x200000)
		if ((uintptr_t)entry_of((void *)va, 1) / PAGE_BYTES == (uintptr_t)table / PAGE_BYTES)
			return true;
	return false;
}

static void tables_are_read_only(void)
{
	for (unsigned long i = 0; i < start_info->nr_pt_frames; i++) {
		uint64_t *table = (uint64_t *)(start_info->pt_base + i * PAGE_BYTES);

		EXPECT_EQ(pte_of(table) & (PTE_P | PTE_RW), PTE_P);
		/* A store to a leaf table is emulated; see emulated-writes. */
		if (is_leaf_table(table))
			continue;
		EXPECT_TRUE(!try_write(&table[0], 0));
		EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
		EXPECT_EQ(caught.cr2, &table[0]);
	}
}

static void upper_levels_are_present(void)
{
	for (unsigned int level = 2; level <= 4; level++) {
		uint64_t *entry = entry_of((void *)start_info, level);

		REQUIRE(entry);
		EXPECT_EQ(*entry & (PTE_P | PTE_RW | PTE_US | PTE_A), PTE_P | PTE_RW | PTE_US | PTE_A);
		EXPECT_EQ(*entry & PTE_PSE, 0);
	}
}

static void text_is_writable(void)
{
	volatile uint8_t *text = (volatile uint8_t *)(uintptr_t)&text_is_writable;

	*text = *text;
	EXPECT_EQ(pte_of((void *)text) & (PTE_P | PTE_RW | PTE_US | PTE_NX), PTE_P | PTE_RW | PTE_US);
}

static void slack_is_there(void)
{
	unsigned long end = boot_registers[BOOT_RSP];
	unsigned long slack = 0;

	while (slack < 4096 && pte_of((void *)(end + slack * PAGE_BYTES)) & PTE_P)
		slack++;
	EXPECT_TRUE(slack >= 128);
	EXPECT_TRUE(try_write((void *)(end + (slack - 1) * PAGE_BYTES), 1));
	EXPECT_EQ((end + slack * PAGE_BYTES) % 0x400000, 0);
}

static void hypervisor_slots_are_not_the_guest_s(void)
{
	uint64_t value;

	/* The M2P is there for us to read, and not to write. */
	EXPECT_TRUE(try_read((void *)MACH2PHYS_VIRT_START, &value));
	EXPECT_TRUE(!try_write((void *)MACH2PHYS_VIRT_START, 0));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	/* What is above it can neither be read nor written. */
	EXPECT_TRUE(!try_read((void *)(HYPERVISOR_VIRT_END - 4096), &value));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_TRUE(!try_write((void *)(HYPERVISOR_VIRT_END - 4096), 0));
	EXPECT_EQ(caught.vector, VECTOR_PF);
}

void test_main(void)
{
	tables_are_read_only();
	upper_levels_are_present();
	text_is_writable();
	slack_is_there();
	hypervisor_slots_are_not_the_guest_s();
}
