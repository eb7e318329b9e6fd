/*
 * What: what a kernel flushes is flushed for its programs too, which have a root of their own: by each kind of flush, by a new
 *       root for them or for itself, also if it is the old one. And back: what a program has touched, the kernel sees anew.
 * Why: with process-context identifiers the switch between the two flushes nothing.
 * How: a program reads a page; the kernel changes the entry, flushes in each way, and lets it read again.
 * Machine: bochs=1
 * A failure means: a program reads or writes a page that is no longer its own.
 */
#include <guest.h>

USER_CODE(code_read, "mov (%rdi), %rax; ud2");

enum { PAGE = 10 };
static unsigned long first, second;
static unsigned long mask = 1;
static uint64_t *volatile view;

static uint64_t program_reads(void)
{
	struct frame frame = user_frame(code_read);

	frame.rdi = (uint64_t)view;
	EXPECT_EQ(user_run(&frame), VECTOR_UD);
	return frame.rax;
}

/* The next two system calls go by the short way, with both spaces in use. */
static void entry_set(unsigned long mfn)
{
	EXPECT_STATUS(update(machine_of(user_entry(PAGE)), pte_make(mfn, PTE_RW_FLAGS)), 0);
}

static void first_is_known(void)
{
	entry_set(first);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	EXPECT_EQ(program_reads(), 1);
	EXPECT_EQ(*view, 1);
	entry_set(second);
}

static void second_is_seen(void)
{
	EXPECT_EQ(program_reads(), 2);
	EXPECT_EQ(*view, 2);
}

static void changed_then(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
	first_is_known();
	EXPECT_STATUS(mmuext(cmd, arg1, arg2), 0);
	second_is_seen();
}

/* The flush that is part of a change. */
static void changed_with(unsigned long flags)
{
	first_is_known();
	EXPECT_STATUS(hc_update_va_mapping((uintptr_t)view, pte_make(second, PTE_RW_FLAGS), flags), 0);
	second_is_seen();
}

/* Another root whose page there is the second. */
static void another_root(void)
{
	uint64_t *top = page_alloc(), *level3 = page_alloc(), *level2 = page_alloc(), *level1 = page_alloc();

	first_is_known();
	entry_set(first);
	for (unsigned int i = 0; i < USER_PAGES; i++)
		level1[i] = pte_make(mfn_of(user_page(i)), PTE_RW_FLAGS);
	level1[PAGE] = pte_make(second, PTE_RW_FLAGS);
	level2[USER_BASE >> 21 & 511] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	level3[0] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	top[0] = pte_make(mfn_of(level3), PTE_RW_FLAGS);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_STATUS(table_seal((uint64_t *[]){ level1, level2, level3, top }[i]), 0);
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(top), 0), 0);
	EXPECT_EQ(program_reads(), 2);
	EXPECT_EQ(*view, 1);
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0), 0);
	EXPECT_EQ(program_reads(), 1);
}

/* Both roots with one call, as at a switch of processes. */
static void both_roots(void)
{
	struct mmuext_op both[2] = {
		{ .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = mfn_of((void *)start_info->pt_base) },
		{ .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = mfn_of(user_top_table()) },
	};

	first_is_known();
	EXPECT_STATUS(hc_mmuext_op(both, 2, NULL, DOMID_SELF), 0);
	second_is_seen();
}

void test_main(void)
{
	uint64_t *one = page_alloc(), *two = page_alloc();

	one[0] = 1;
	two[0] = 2;
	first = mfn_of(one);
	second = mfn_of(two);
	user_init();
	view = (uint64_t *)(USER_BASE + PAGE * PAGE_BYTES);
	changed_then(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
	changed_then(MMUEXT_INVLPG_LOCAL, (uintptr_t)view, 0);
	changed_then(MMUEXT_TLB_FLUSH_MULTI, 0, (uintptr_t)&mask);
	changed_then(MMUEXT_INVLPG_MULTI, (uintptr_t)view, (uintptr_t)&mask);
	changed_then(MMUEXT_TLB_FLUSH_ALL, 0, 0);
	changed_then(MMUEXT_INVLPG_ALL, (uintptr_t)view, 0);
	changed_then(MMUEXT_NEW_BASEPTR, mfn_of((void *)start_info->pt_base), 0);
	changed_then(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0);
	changed_with(UVMF_TLB_FLUSH);
	changed_with(UVMF_INVLPG);
	changed_with(UVMF_TLB_FLUSH | UVMF_ALL);
	changed_with(UVMF_INVLPG | UVMF_ALL);
	another_root();
	both_roots();
}
