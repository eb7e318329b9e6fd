/*
 * What: NEW_BASEPTR and NEW_USER_BASEPTR: a new root is validated and takes effect; frames that are no L4 are refused
 *       and the old root stays; user base 0 takes it away.
 * Why: every switch of processes.
 * How: switches to a copy of the live root that differs in one slot, back, and to impossible frames; both roots by one
 *      list, as kernels do at each switch (by assembly), and by lists that are nearly that one. With counted instructions,
 *      since a list that is interrupted comes back with other arguments.
 * Machine: icount=1
 * A failure means: a vCPU runs on something that is not a page table, or processes see each other's memory.
 */
#include <guest.h>

#define HERE (7ul << 39)

static void kernel_root(void)
{
	uint64_t *old = (uint64_t *)start_info->pt_base;
	uint64_t *new = top_table_alloc(), *level3 = page_alloc();
	uint64_t value;

	EXPECT_STATUS(table_seal(level3), 0);
	/* Not pinned: it is validated on the way. */
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(new), 0), 0);
	EXPECT_REFUSED(table_unseal(new));
	asm volatile("mov %%cr3, %0" : "=r"(value));
	EXPECT_EQ(value, xen_pfn_to_cr3(mfn_of(new)));
	EXPECT_STATUS(update(machine_of(&new[7]), pte_make(mfn_of(level3), PTE_RW_FLAGS)), 0);
	EXPECT_EQ(old[7], 0);
	EXPECT_STATUS(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(old), 0), 0);
	/* The old one is free: nothing else held it. */
	EXPECT_STATUS(table_unseal(new), 0);
	EXPECT_STATUS(table_unseal(level3), 0);
}

static void refusals(void)
{
	uint64_t *table = page_alloc();
	uint64_t before, after;

	asm volatile("mov %%cr3, %0" : "=r"(before));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(page_alloc()), 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, 0xffffffffful, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, ~0ul, 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, start_info->shared_info >> 12, 0));
	EXPECT_STATUS(table_seal(table), 0);
	EXPECT_STATUS(table_pin(table, 2), 0);
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(table), 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(table), 0));
	EXPECT_REFUSED(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(page_alloc()), 0));
	asm volatile("mov %%cr3, %0" : "=r"(after));
	EXPECT_EQ(after, before);
}

static void user_root(void)
{
	uint64_t *top;

	user_init();
	top = user_top_table();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(top), 0), 0);
	EXPECT_STATUS(table_unpin(top), 0);
	EXPECT_REFUSED(table_unseal(top));
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	EXPECT_STATUS(table_unseal(top), 0);
}

/* Both roots by one list, as a kernel asks for it. */

static uint64_t *kernel_top, *other_top, *user_top, *other_user_top;

static uint64_t cr3(void)
{
	uint64_t value;

	asm volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

/* The call with all registers known; what it must leave alone is compared. */
static long switch_call(const struct mmuext_op *list, uint64_t count)
{
	register uint64_t r8 asm("r8") = 0x8888888888888888, r9 asm("r9") = 0x9999999999999999;
	register uint64_t r10 asm("r10") = DOMID_SELF;
	uint64_t number = __HYPERVISOR_mmuext_op, at = (uintptr_t)list, n = count, rdx = 0;

	asm volatile("syscall" : "+a"(number), "+D"(at), "+S"(n), "+d"(rdx), "+r"(r8), "+r"(r9), "+r"(r10)
		     : : "rcx", "r11", "memory");
	EXPECT_TRUE(at == (uintptr_t)list && n == count && rdx == 0 && r8 == 0x8888888888888888 &&
		    r9 == 0x9999999999999999 && r10 == DOMID_SELF);
	return (long)number;
}

static struct mmuext_op *list_fill(struct mmuext_op *list, unsigned long kernel, unsigned long user)
{
	bytes_fill(list, 0xff, 2 * sizeof(*list));
	list[0].cmd = MMUEXT_NEW_BASEPTR;
	list[0].arg1.mfn = kernel;
	list[1].cmd = MMUEXT_NEW_USER_BASEPTR;
	list[1].arg1.mfn = user;
	return list;
}

static long both(uint64_t *kernel, uint64_t *user)
{
	struct mmuext_op list[2];

	return switch_call(list_fill(list, mfn_of(kernel), mfn_of(user)), 2);
}

/* Slot 7 of the second kernel root and page 1 of the second user root tell them from the first. */
static void both_roots(void)
{
	kernel_top = (uint64_t *)start_info->pt_base;
	other_top = top_table_alloc();
	user_top = user_top_table();
	other_user_top = page_alloc();
	EXPECT_STATUS(table_pin(other_top, 4), 0);
	EXPECT_STATUS(table_seal(other_user_top), 0);
	EXPECT_STATUS(table_pin(other_user_top, 4), 0);
	EXPECT_STATUS(table_pin(user_top, 4), 0);
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top), 0), 0);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_STATUS(both(other_top, other_user_top), 0);
		EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(other_top)));
		EXPECT_STATUS(both(kernel_top, user_top), 0);
		EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
		/* The same again: nothing but a flush. */
		EXPECT_STATUS(both(kernel_top, user_top), 0);
	}
}

/* Programs run on the root that was named last. */
USER_CODE(code_trap, "ud2");
static void user_sees_its_root(void)
{
	struct frame frame = user_frame(code_trap);

	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	EXPECT_STATUS(both(kernel_top, other_user_top), 0);
	frame = user_frame(code_trap);
	EXPECT_EQ(user_run(&frame), VECTOR_PF);
	EXPECT_STATUS(both(kernel_top, user_top), 0);
	frame = user_frame(code_trap);
	EXPECT_EQ(user_run(&frame), VECTOR_UD);
}

/* The first is done, the second refused. */
static void second_is_refused(void)
{
	struct mmuext_op list[2];

	EXPECT_REFUSED(switch_call(list_fill(list, mfn_of(other_top), mfn_of(page_alloc())), 2));
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(other_top)));
	EXPECT_REFUSED(switch_call(list_fill(list, mfn_of(kernel_top), ~0ul), 2));
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
	EXPECT_REFUSED(switch_call(list_fill(list, mfn_of(page_alloc()), mfn_of(user_top)), 2));
	EXPECT_REFUSED(switch_call(list_fill(list, 1ul << 40, mfn_of(user_top)), 2));
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
}

static void nearly_that_list(void)
{
	struct mmuext_op list[2], *low = (struct mmuext_op *)USER_DATA;

	/* The wrong way round, and twice the same. */
	list_fill(list, mfn_of(kernel_top), mfn_of(user_top));
	list[0].cmd = MMUEXT_NEW_USER_BASEPTR;
	list[1].cmd = MMUEXT_NEW_BASEPTR;
	list[0].arg1.mfn = mfn_of(user_top);
	list[1].arg1.mfn = mfn_of(other_top);
	EXPECT_STATUS(switch_call(list, 2), 0);
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(other_top)));
	EXPECT_STATUS(both(kernel_top, user_top), 0);
	list_fill(list, mfn_of(other_top), mfn_of(user_top));
	list[1].cmd = MMUEXT_NEW_BASEPTR;
	list[1].arg1.mfn = mfn_of(kernel_top);
	EXPECT_STATUS(switch_call(list, 2), 0);
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
	/* Only the first element counts. */
	EXPECT_STATUS(switch_call(list_fill(list, mfn_of(other_top), ~0ul), 1), 0);
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(other_top)));
	/* A list among the addresses of programs. */
	EXPECT_STATUS(switch_call(list_fill(low, mfn_of(kernel_top), mfn_of(user_top)), 2), 0);
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
	/* Another domain's roots are not ours to set. */
	EXPECT_REFUSED(hc_mmuext_op(list_fill(list, mfn_of(other_top), mfn_of(user_top)), 2, NULL, DOMID_IO));
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
}

/* Lists that cannot be read: nothing happens to what they would have named. */
static void list_is_not_there(void)
{
	uint8_t *page = page_alloc(), *next = page_alloc();
	static const uint64_t addresses[] = { 0, 0x800000000000ul, HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END - 24,
					      HYPERVISOR_VIRT_END - 8, HYPERVISOR_VIRT_END, -1ul, -40ul, -48ul };
	uint64_t saved;

	for (unsigned int i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		EXPECT_STATUS(switch_call((struct mmuext_op *)addresses[i], 2), -XEN_EFAULT);
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
	/* The first element's end is the page's: it is done, and then the next page is missing. */
	if (next != page + 4096)
		FAIL("pages are not neighbours");
	saved = pte_of(next);
	for (unsigned int bytes = 24; bytes < 48; bytes += 8) {
		struct mmuext_op *list = (struct mmuext_op *)(next - bytes);

		list_fill(list, mfn_of(other_top), mfn_of(user_top));
		EXPECT_STATUS(map(next, 0), 0);
		EXPECT_STATUS(switch_call(list, 2), -XEN_EFAULT);
		EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(other_top)));
		EXPECT_STATUS(map(next, saved), 0);
		EXPECT_STATUS(both(kernel_top, user_top), 0);
	}
}

/* Under a single step the call is followed by its trap, and is done once. */
static void single_step(void)
{
	struct mmuext_op list[2];
	uint64_t number = __HYPERVISOR_mmuext_op;

	list_fill(list, mfn_of(other_top), mfn_of(user_top));
	TRY("mov %[domid], %%r10; pushfq; orl $0x100, (%%rsp); popfq; syscall; nop; nop", OUT("+a"(number)),
	    IN("D"(list), "S"(2ul), "d"(0ul), [domid] "i"(DOMID_SELF)), "rcx", "r10", "r11");
	EXPECT_EQ(caught.vector, VECTOR_DB);
	EXPECT_STATUS(both(kernel_top, user_top), 0);
	EXPECT_EQ(cr3(), xen_pfn_to_cr3(mfn_of(kernel_top)));
}

/* A root that nothing else holds goes with the switch, and may come back; every reference is given back. */
static void references_are_exact(void)
{
	EXPECT_STATUS(both(other_top, other_user_top), 0);
	EXPECT_STATUS(table_unpin(other_top), 0);
	EXPECT_STATUS(table_unpin(other_user_top), 0);
	EXPECT_REFUSED(table_unseal(other_top));
	EXPECT_REFUSED(table_unseal(other_user_top));
	EXPECT_STATUS(both(kernel_top, user_top), 0);
	EXPECT_STATUS(both(other_top, other_user_top), 0);
	EXPECT_STATUS(both(kernel_top, user_top), 0);
	EXPECT_STATUS(table_unseal(other_top), 0);
	EXPECT_STATUS(table_unseal(other_user_top), 0);
}

void test_main(void)
{
	kernel_root();
	refusals();
	user_root();
	EXPECT_STATUS(table_seal(user_top_table()), 0);
	both_roots();
	user_sees_its_root();
	second_is_refused();
	nearly_that_list();
	list_is_not_there();
	single_step();
	references_are_exact();
}
