/*
 * What: stores of kernel code to a live, read-only mapped L1 table are emulated like mmu_update: mov, xchg, lock
 *       cmpxchg, lock and/or/btr, of 1 to 8 bytes; bad values and tables of other levels fault.
 * Why: kernels change single entries so outside of batches (ptep_get_and_clear, set_pte_at).
 * How: executes each form on an entry of a live table and compares entry, registers, flags and the mapping; where the code ends
 *       a page, under single step, with an event pending, and where the way to the table has just changed. All twice: by the
 *       general way of the hypervisor, and by the short one.
 * A failure means: kernels fault at random, or an entry gets in unchecked.
 */
#include <guest.h>

/* A place in the address space where nothing is: L4 slot 5. */
#define HERE (5ul << 39)

static uint64_t *page;
static volatile uint64_t *entry;
static unsigned long mfn, other_mfn;

#define MASK (PTE_MFN | PTE_P | PTE_RW | PTE_NX | PTE_SOFT0)

static void flush(void)
{
	mmuext(MMUEXT_INVLPG_LOCAL, (uintptr_t)page, 0);
}

static void mov_of_8_bytes(void)
{
	TRY("mov %[value], (%[entry])", OUT(),
	    IN([value] "r"(pte_make(other_mfn, PTE_RW_FLAGS)), [entry] "r"(entry)));
	EXPECT_NO_FAULT();
	flush();
	EXPECT_EQ(page[0], 2);
	TRY("movq $0, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry, 0);
}

static void exchange(void)
{
	uint64_t value = pte_make(mfn, PTE_RW_FLAGS);

	TRY("xchg %[value], (%[entry])", OUT([value] "+r"(value)), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(value, 0);
	flush();
	EXPECT_EQ(page[0], 1);
	value = 0;
	TRY("xchg %[value], (%[entry])", OUT([value] "+r"(value)), IN([entry] "r"(entry)));
	EXPECT_EQ(value & (PTE_MFN | PTE_P | PTE_RW), pte_make(mfn, PTE_P | PTE_RW));
	EXPECT_EQ(*entry, 0);
}

static void compare_and_exchange(void)
{
	uint64_t old = 0, new = pte_make(mfn, PTE_RW_FLAGS);
	uint8_t equal = 0;

	TRY("lock cmpxchg %[new], (%[entry]); setz %[equal]", OUT("+a"(old), [equal] "=q"(equal)),
	    IN([new] "r"(new), [entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(equal, 1);
	EXPECT_EQ(*entry & MASK, new & MASK);
	/* The comparison fails: nothing is stored, rax gets what is there, ZF is clear. */
	old = 0x1234;
	TRY("lock cmpxchg %[new], (%[entry]); setz %[equal]", OUT("+a"(old), [equal] "=q"(equal)),
	    IN([new] "r"(0ul), [entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(equal, 0);
	EXPECT_EQ(old, *entry);
	EXPECT_EQ(*entry & MASK, new & MASK);
}

static void bits_of_all_widths(void)
{
	TRY("lock andb $~2, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P));
	flush();
	EXPECT_TRUE(!try_write(page, 1));
	TRY("lock orb $2, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	flush();
	EXPECT_TRUE(try_write(page, 1));
	TRY("lock orw $0x200, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P | PTE_RW | PTE_SOFT0));
	TRY("lock andl $~0x200, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P | PTE_RW));
	TRY("lock orl $0x80000000, 4(%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P | PTE_RW | PTE_NX));
	TRY("andq %[mask], (%[entry])", OUT(), IN([entry] "r"(entry), [mask] "r"(~PTE_NX)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P | PTE_RW));
}

static void bit_tests(void)
{
	uint8_t carry = 0;

	TRY("lock btrq $1, (%[entry]); setc %[carry]", OUT([carry] "=q"(carry)), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(carry, 1);
	EXPECT_EQ(*entry & PTE_RW, 0);
	TRY("lock btrq $1, (%[entry]); setc %[carry]", OUT([carry] "=q"(carry)), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(carry, 0);
	TRY("lock btsq $1, (%[entry]); setc %[carry]", OUT([carry] "=q"(carry)), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(carry, 0);
	EXPECT_EQ(*entry & PTE_RW, PTE_RW);
}

/* The forms that are recognised at a glance, with each kind of operand, and their like that are not. */
static void forms_of_operands(void)
{
	uint64_t writable = pte_make(mfn, PTE_RW_FLAGS), readable = pte_make(mfn, PTE_RO_FLAGS), value;

	TRY("mov %[value], -8(%[entry])", OUT(), IN([value] "r"(readable), [entry] "r"(entry + 1)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, readable & MASK);
	TRY("mov %[value], 0x100(%[entry])", OUT(), IN([value] "r"(writable), [entry] "r"(entry - 32)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, writable & MASK);
	TRY("mov %[value], (%[entry], %[index], 8)", OUT(),
	    IN([value] "r"(readable), [entry] "r"(entry - 2), [index] "r"(2ul)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, readable & MASK);
	value = writable;
	TRY("mov %[entry], %%r12; xchg %[value], (%%r12)", OUT([value] "+r"(value)), IN([entry] "r"(entry)), "r12");
	EXPECT_NO_FAULT();
	EXPECT_EQ(value & MASK, readable & MASK);
	EXPECT_EQ(*entry & MASK, writable & MASK);
	TRY("lock andb $0x7f, 7(%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, writable & MASK);
	TRY("lock andq $-3, 8(%[entry])", OUT(), IN([entry] "r"(entry - 1)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, readable & MASK);
	TRY("mov %[value], (%[entry])", OUT(), IN([value] "r"(writable), [entry] "r"(entry)));
	EXPECT_EQ(*entry & MASK, writable & MASK);
}

static void bad_values_fault_in_each_form(void)
{
	uint64_t bad = pte_make(mfn_of((void *)start_info->pt_base), PTE_RW_FLAGS), before = *entry, value = bad;

	TRY("xchg %[value], (%[entry])", OUT([value] "+r"(value)), IN([entry] "r"(entry)));
	EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
	EXPECT_EQ(*entry, before);
	EXPECT_EQ(value, bad);
	value = before;
	TRY("lock cmpxchg %[new], (%[entry])", OUT("+a"(value)), IN([new] "r"(bad), [entry] "r"(entry)));
	EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
	EXPECT_EQ(*entry, before);
	/* All bits: a protection key, and an address that no CPU has. */
	TRY("movq $-1, (%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
	EXPECT_EQ(*entry, before);
}

static void bad_values_fault(void)
{
	uint64_t before = *entry;

	/* A page table, writable. */
	TRY("mov %[value], (%[entry])", OUT(),
	    IN([value] "r"(pte_make(mfn_of((void *)start_info->pt_base), PTE_RW_FLAGS)), [entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.error, PF_P | PF_W);
	EXPECT_EQ(*entry, before);
	TRY("mov %[value], (%[entry])", OUT(),
	    IN([value] "r"(pte_make(0xffffffffful, PTE_RW_FLAGS)), [entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(*entry, before);
	/* Unaligned: not an entry. */
	TRY("movq $0, 4(%[entry])", OUT(), IN([entry] "r"(entry)));
	EXPECT_TRUE(caught.vector == VECTOR_PF || caught.vector == VECTOR_NONE);
	if (caught.vector == VECTOR_NONE)
		EXPECT_EQ(*entry & 0xffffffff, before & 0xffffffff);
}

static void upper_levels_fault(void)
{
	for (unsigned int level = 2; level <= 4; level++) {
		uint64_t *upper = entry_of(page, level);
		uint64_t before = *upper;

		EXPECT_TRUE(!try_write(upper, before));
		EXPECT_FAULT(VECTOR_PF, PF_P | PF_W);
		EXPECT_EQ(caught.cr2, upper);
		EXPECT_EQ(*upper, before);
	}
}

/* A usual store whose 8 bytes reach into a page that is not there; what faults after all has its own address in cr2. */
static void at_the_end_of_a_page(void)
{
	static const uint8_t mov[] = { 0x48, 0x89, 0x07, 0xc3 }; /* mov %rax, (%rdi); ret */
	uint8_t *first = page_alloc(), *second = page_alloc();
	uint64_t readable = pte_make(mfn, PTE_RO_FLAGS), before;

	REQUIRE(second == first + PAGE_BYTES);
	bytes_copy(second - sizeof(mov), mov, sizeof(mov));
	EXPECT_STATUS(map(second, 0), 0);
	TRY("call *%[to]", OUT(), IN([to] "r"(second - sizeof(mov)), "a"(readable), "D"(entry)));
	EXPECT_NO_FAULT();
	EXPECT_EQ(*entry & MASK, readable & MASK);
	before = *entry;
	TRY("call *%[to]", OUT(), IN([to] "r"(second - sizeof(mov)), "a"(~0ul), "D"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_PF);
	EXPECT_EQ(caught.cr2, entry);
	EXPECT_EQ(*entry, before);
}

/* A store under single step is followed by its #DB. */
static void single_step(void)
{
	uint64_t writable = pte_make(mfn, PTE_RW_FLAGS);

	TRY("pushfq; orl $0x100, (%%rsp); popfq; mov %[value], (%[entry]); nop", OUT(),
	    IN([value] "r"(writable), [entry] "r"(entry)));
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_EQ(*entry & MASK, writable & MASK);
}

/* The same address leads to another table as soon as an upper entry, or the root, says so. */
static void the_way_to_the_entry_changes(void)
{
	uint64_t *one = page_alloc(), *two = page_alloc(), *views = page_alloc(), *other_views = page_alloc();
	uint64_t *level2 = page_alloc(), *level3 = page_alloc(), *top;
	volatile uint64_t *here = (uint64_t *)HERE;

	views[0] = pte_make(mfn_of(one), PTE_RO_FLAGS);
	other_views[0] = pte_make(mfn_of(two), PTE_RO_FLAGS);
	level2[0] = pte_make(mfn_of(views), PTE_RW_FLAGS);
	level2[1] = pte_make(mfn_of(other_views), PTE_RW_FLAGS);
	level2[2] = pte_make(mfn_of(one), PTE_RW_FLAGS);
	level2[3] = pte_make(mfn_of(two), PTE_RW_FLAGS);
	level3[0] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	for (unsigned int i = 0; i < 6; i++)
		EXPECT_STATUS(table_seal((uint64_t *[]){ one, two, views, other_views, level2, level3 }[i]), 0);
	EXPECT_STATUS(update(entry_machine((void *)HERE, 4), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	top = top_table_alloc();

	here[5] = pte_make(mfn, PTE_RO_FLAGS);
	EXPECT_EQ(one[5] & MASK, pte_make(mfn, PTE_P));
	EXPECT_STATUS(update(machine_of(&level2[0]), pte_make(mfn_of(other_views), PTE_RW_FLAGS)), 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	here[5] = pte_make(other_mfn, PTE_RO_FLAGS);
	EXPECT_EQ(one[5] & MASK, pte_make(mfn, PTE_P));
	EXPECT_EQ(two[5] & MASK, pte_make(other_mfn, PTE_P));
	/* A root without it: nothing is there. */
	EXPECT_STATUS(update(entry_machine((void *)HERE, 4), 0), 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	EXPECT_TRUE(!try_write(here + 5, 0));
	EXPECT_FAULT(VECTOR_PF, PF_W);
	EXPECT_EQ(two[5] & MASK, pte_make(other_mfn, PTE_P));
	/* Another root. */
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(top), 0), 0);
	EXPECT_STATUS(update(machine_of(&top[(HERE >> 39) & 511]), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	here[5] = 0;
	EXPECT_EQ(two[5], 0);
	EXPECT_STATUS(update(machine_of(&top[(HERE >> 39) & 511]), 0), 0);
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of((void *)start_info->pt_base), 0), 0);
	/* No use of them is left. */
	for (unsigned int i = 0; i < 6; i++)
		EXPECT_STATUS(table_unseal((uint64_t *[]){ level3, level2, views, other_views, one, two }[i]), 0);
}

/* An event that became pending while the mask was set is there as soon as the hypervisor is entered for a store. */
static void events_come_with_the_way_out(void)
{
	unsigned int port, before;

	port = port_alloc_self();
	port = port_bind_self(port);
	events_disable();
	port_unmask(port);
	EXPECT_STATUS(port_send(port), 0);
	before = event_count[port];
	vcpu_info_here()->evtchn_upcall_mask = 0;
	EXPECT_EQ(event_count[port], before);
	*entry = *entry;
	EXPECT_EQ(event_count[port], before + 1);
	events_disable();
	EXPECT_STATUS(port_close(port), 0);
}

static void all(void)
{
	mov_of_8_bytes();
	exchange();
	compare_and_exchange();
	bits_of_all_widths();
	bit_tests();
	forms_of_operands();
	bad_values_fault();
	bad_values_fault_in_each_form();
	upper_levels_fault();
	at_the_end_of_a_page();
	single_step();
	the_way_to_the_entry_changes();
	events_come_with_the_way_out();
}

void test_main(void)
{
	uint64_t *other = page_alloc();

	hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	page = page_alloc();
	page[0] = 1;
	other[0] = 2;
	mfn = mfn_of(page);
	other_mfn = mfn_of(other);
	entry = entry_of(page, 1);
	callback_set(CALLBACKTYPE_event, callback_event, true);
	all();
	/* With a table for the user the hypervisor knows a shorter way for the usual stores. */
	user_init();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0), 0);
	EXPECT_STATUS(map_page(page, mfn, PTE_RW_FLAGS), 0);
	all();
}
