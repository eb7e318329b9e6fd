/*
 * Page tables: single entries, batches, whole trees, and the switch from one root to another.
 *
 * A tree is made like a process's: its top table has the kernel's slots too. The tables lie in a part of the image;
 * what they map are frames that are mapped nowhere else.
 */
#include "measure.h"

#define BATCH 32
#define ENTRIES 512
/* The tables of 1 GiB, and the three above them. */
#define ARENA_TABLES (512 + 3)

#define PROCESS_TOP3 3
#define PROCESS_MIDDLES 6
#define PROCESS_LEAVES 50
#define PROCESS_LEAF_ENTRIES 20

static uint64_t arena[ARENA_TABLES][ENTRIES] __attribute__((aligned(PAGE_BYTES), section(".bss.page_aligned")));
static unsigned long data_first, data_count;

static unsigned long data_mfn(unsigned long index)
{
	return pfn_to_mfn(data_first + index % data_count);
}

static uint64_t table_entry(const void *table)
{
	return pte_make(mfn_of(table), PTE_RW_FLAGS);
}

static void arena_clear(unsigned int tables)
{
	for (unsigned int i = 0; i < tables; i++)
		for (unsigned int j = 0; j < ENTRIES; j++)
			arena[i][j] = 0;
}

static void arena_seal(unsigned int tables)
{
	for (unsigned int i = 0; i < tables; i++)
		REQUIRE(table_seal(arena[i]) == 0);
}

static void arena_unseal(unsigned int tables)
{
	for (unsigned int i = 0; i < tables; i++)
		REQUIRE(table_unseal(arena[i]) == 0);
}

static void kernel_slots_fill(uint64_t *top)
{
	const uint64_t *kernel = (const uint64_t *)start_info->pt_base;

	for (unsigned int slot = 272; slot < ENTRIES; slot++)
		top[slot] = kernel[slot];
}

static void leaf_fill(uint64_t *leaf, unsigned int entries, unsigned long first)
{
	for (unsigned int i = 0; i < entries; i++)
		leaf[i] = pte_make(data_mfn(first + i), PTE_RW_FLAGS);
}

/* A process of 60 tables: 1 + 3 + 6 + 50. */
static unsigned int process_fill(void)
{
	uint64_t(*third)[ENTRIES] = &arena[1];
	uint64_t(*middle)[ENTRIES] = &third[PROCESS_TOP3];
	uint64_t(*leaf)[ENTRIES] = &middle[PROCESS_MIDDLES];

	kernel_slots_fill(arena[0]);
	for (unsigned int i = 0; i < PROCESS_TOP3; i++)
		arena[0][i] = table_entry(third[i]);
	for (unsigned int i = 0; i < PROCESS_MIDDLES; i++)
		third[i % PROCESS_TOP3][i] = table_entry(middle[i]);
	for (unsigned int i = 0; i < PROCESS_LEAVES; i++) {
		middle[i % PROCESS_MIDDLES][i] = table_entry(leaf[i]);
		leaf_fill(leaf[i], PROCESS_LEAF_ENTRIES, i * PROCESS_LEAF_ENTRIES);
	}
	return 1 + PROCESS_TOP3 + PROCESS_MIDDLES + PROCESS_LEAVES;
}

static unsigned int gigabyte_fill(void)
{
	kernel_slots_fill(arena[0]);
	arena[0][0] = table_entry(arena[1]);
	arena[1][0] = table_entry(arena[2]);
	for (unsigned int i = 0; i < 512; i++) {
		arena[2][i] = table_entry(arena[3 + i]);
		leaf_fill(arena[3 + i], ENTRIES, i * ENTRIES);
	}
	return ARENA_TABLES;
}

/*
 * A hypervisor may put off what unpinning asks for: then the work falls into what follows, here the next pinning.
 * So the two together are a row too.
 */
static void tree_rows(const char *pin, const char *unpin, const char *both, unsigned int tables, unsigned int count)
{
	static uint64_t unpins[SAMPLES_LONG], sums[SAMPLES_LONG];

	arena_seal(tables);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t before = read_tsc();

		REQUIRE(table_pin(arena[0], 4) == 0);
		samples[i] = read_tsc() - before;
		before = read_tsc();
		REQUIRE(table_unpin(arena[0]) == 0);
		unpins[i] = read_tsc() - before;
		sums[i] = samples[i] + unpins[i];
	}
	row_print(pin, count, 1);
	samples_take(unpins, count);
	row_print(unpin, count, 1);
	samples_take(sums, count);
	row_print(both, count, 1);
	arena_unseal(tables);
}

/* One entry of a live table goes to and fro between absent and present, or between two frames. */
static void entry_rows(void)
{
	volatile void *page = page_alloc();
	uint64_t machine = entry_machine((void *)page, 1);
	uint64_t here = pte_of(page), there = pte_make(data_mfn(0), PTE_RW_FLAGS);
	static struct mmu_update batch[BATCH];
	static uint8_t spare[BATCH][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

	update(machine, 0);
	MEASURE_MANY("mmu_update, 1 entry: map or clear", SAMPLES_SHORT, 2, (update(machine, here), update(machine, 0)));
	update(machine, here);
	MEASURE_MANY("mmu_update, 1 entry: another frame", SAMPLES_SHORT, 2, (update(machine, there), update(machine, here)));
	MEASURE_MANY("mmu_update, 1 entry: read-only or not", SAMPLES_SHORT, 2,
		     (update(machine, here & ~PTE_RW), update(machine, here)));
	for (unsigned int i = 0; i < BATCH; i++)
		batch[i] = (struct mmu_update){ .ptr = entry_machine(spare[i], 1) | MMU_PT_UPDATE_PRESERVE_AD,
						.val = pte_of(spare[i]) & ~PTE_RW };
	MEASURE("mmu_update, 32 entries: read-only", hc_mmu_update(batch, BATCH, NULL, DOMID_SELF));
	for (unsigned int i = 0; i < BATCH; i++) {
		batch[i].ptr &= ~7ul;
		batch[i].val = i & 1 ? pte_of(spare[i - 1]) : 0;
		if (i & 1)
			batch[i].ptr = batch[i - 1].ptr;
	}
	MEASURE("mmu_update, 32 entries: clear and map", hc_mmu_update(batch, BATCH, NULL, DOMID_SELF));
	MEASURE("mmu_update, machine-to-physical entry",
		update(machine_of(page) | MMU_MACHPHYS_UPDATE, mfn_to_pfn(mfn_of(page))));

	unsigned long va = (unsigned long)page;

	MEASURE_MANY("update_va_mapping, no flush", SAMPLES_SHORT, 2,
		     (hc_update_va_mapping(va, there, 0), hc_update_va_mapping(va, here, 0)));
	MEASURE_MANY("update_va_mapping, invlpg", SAMPLES_SHORT, 2,
		     (hc_update_va_mapping(va, there, UVMF_INVLPG), hc_update_va_mapping(va, here, UVMF_INVLPG)));
	MEASURE_MANY("update_va_mapping, flush", SAMPLES_SHORT, 2,
		     (hc_update_va_mapping(va, there, UVMF_TLB_FLUSH), hc_update_va_mapping(va, here, UVMF_TLB_FLUSH)));
}

static void emulated_rows(void)
{
	volatile void *page = page_alloc();
	volatile uint64_t *entry = entry_of(page, 1);
	uint64_t here = pte_of(page), there = pte_make(data_mfn(0), PTE_RW_FLAGS);

	hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	MEASURE_MANY("page-table write, emulated (mov)", SAMPLES_SHORT, 2, (*entry = there, *entry = here));
	MEASURE("page-table write, emulated (lock and)",
		asm volatile("lock andq %1, (%0)" : : "r"(entry), "r"(~PTE_RW) : "memory"));
	*entry = here;
}

static void flush_rows(void)
{
	MEASURE("mmuext tlb_flush_local", mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0));
	MEASURE("mmuext invlpg_local", mmuext(MMUEXT_INVLPG_LOCAL, VIRT_BASE, 0));
	MEASURE("mmuext tlb_flush_all", mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0));
	MEASURE("mmuext clear_page", mmuext(MMUEXT_CLEAR_PAGE, data_mfn(1), 0));
	MEASURE("mmuext copy_page", mmuext(MMUEXT_COPY_PAGE, data_mfn(1), data_mfn(2)));
}

static void pair_make(struct mmuext_op *pair, const void *kernel_top, const void *user_top)
{
	pair[0] = (struct mmuext_op){ .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = mfn_of(kernel_top) };
	pair[1] = (struct mmuext_op){ .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = mfn_of(user_top) };
}

/*
 * Two address spaces, both pinned, and the way from one to the other and back. A switch as kernels do it is one
 * multicall: the two roots, the kernel's stack, the segment base of the thread.
 */
static void switch_rows(void)
{
	static struct mmuext_op there[2], back[2];
	static struct multicall_entry calls[2][3];
	const void *first = (const void *)start_info->pt_base;
	uint64_t here;

	user_init();
	kernel_slots_fill(arena[0]);
	kernel_slots_fill(arena[1]);
	for (unsigned int i = 0; i < 2; i++)
		REQUIRE(table_seal(arena[i]) == 0 && table_pin(arena[i], 4) == 0);
	pair_make(there, arena[0], arena[1]);
	pair_make(back, first, user_top_table());
	MEASURE_MANY("new_baseptr and new_user_baseptr", SAMPLES_SHORT, 2,
		     (hc_mmuext_op(there, 2, NULL, DOMID_SELF), hc_mmuext_op(back, 2, NULL, DOMID_SELF)));
	asm("mov %%rsp, %0" : "=r"(here));
	for (unsigned int i = 0; i < 2; i++) {
		calls[i][0] = (struct multicall_entry){ .op = __HYPERVISOR_mmuext_op,
							.args = { (unsigned long)(i ? back : there), 2, 0, DOMID_SELF } };
		calls[i][1] = (struct multicall_entry){ .op = __HYPERVISOR_stack_switch,
							.args = { FLAT_KERNEL_SS, (here - 1024) & ~15ul } };
		calls[i][2] = (struct multicall_entry){ .op = __HYPERVISOR_set_segment_base,
							.args = { SEGBASE_FS, 0x1000 * (i + 1) } };
	}
	MEASURE_MANY("context switch: roots, stack, segment base", SAMPLES_SHORT, 2,
		     (hc_multicall(calls[0], 3), hc_multicall(calls[1], 3)));
	for (unsigned int i = 0; i < 2; i++)
		REQUIRE(table_unpin(arena[i]) == 0 && table_unseal(arena[i]) == 0);
}

void tables_measure(void)
{
	/* The frames that nothing else will ask for. */
	data_first = start_info->nr_pages - start_info->nr_pages / 2;
	data_count = start_info->nr_pages / 2 - 1;
	entry_rows();
	emulated_rows();
	flush_rows();
	arena_clear(2);
	switch_rows();
	arena_clear(ARENA_TABLES);
	tree_rows("pin, a process of 60 tables", "unpin, a process of 60 tables",
		  "pin and unpin, a process of 60 tables", process_fill(), SAMPLES_LONG);
	arena_clear(ARENA_TABLES);
	tree_rows("pin, 1 GiB (515 tables)", "unpin, 1 GiB (515 tables)", "pin and unpin, 1 GiB (515 tables)",
		  gigabyte_fill(), 5);
}
