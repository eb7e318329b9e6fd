/*
 * One user address space. Its L4 has one entry, slot 0, which the kernel's L4 shares, so that the kernel reaches the
 * same pages at the same addresses. It is pinned; NEW_USER_BASEPTR points to it from the first user_init on.
 */
#include "guest.h"

static uint64_t *top, *level3, *level2, *level1;
static void *pages[USER_PAGES];
static struct frame *running;
static uint64_t return_rsp;

static void sealed(void *table)
{
	if (table_seal(table))
		FAIL("a user page table could not be made read-only");
}

static void tables_build(void)
{
	top = page_alloc();
	level3 = page_alloc();
	level2 = page_alloc();
	level1 = page_alloc();
	for (unsigned int i = 0; i < USER_PAGES; i++) {
		pages[i] = page_alloc();
		level1[i] = pte_make(mfn_of(pages[i]), PTE_RW_FLAGS);
	}
	level2[(USER_BASE >> 21) & 511] = pte_make(mfn_of(level1), PTE_RW_FLAGS);
	level3[0] = pte_make(mfn_of(level2), PTE_RW_FLAGS);
	top[0] = pte_make(mfn_of(level3), PTE_RW_FLAGS);
	sealed(level1);
	sealed(level2);
	sealed(level3);
	sealed(top);
}

void user_init(void)
{
	if (top)
		return;
	tables_build();
	for (long i = 0; i < (user_text_end - user_text_start + 4095) / 4096 && i < 8; i++)
		bytes_copy(pages[i], user_text_start + i * 4096, PAGE_BYTES);
	if (table_pin(top, 4))
		FAIL("the user L4 could not be pinned");
	if (update(entry_machine((void *)USER_BASE, 4), pte_make(mfn_of(level3), PTE_RW_FLAGS)))
		FAIL("the kernel's L4 does not take the user's slot");
	if (mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(top), 0))
		FAIL("NEW_USER_BASEPTR is refused");
}

void *user_page(unsigned int index)
{
	return pages[index];
}

uint64_t user_address(const char *code)
{
	return USER_BASE + (uint64_t)(code - user_text_start);
}

uint64_t *user_top_table(void)
{
	return top;
}

uint64_t *user_entry(unsigned int index)
{
	return &level1[index];
}

struct frame user_frame(const char *code)
{
	user_init();
	return (struct frame) {
		.rip = user_address(code),
		.cs = USER_CS,
		.rflags = EFLAGS_IF | 2,
		.rsp = USER_STACK_TOP,
		.ss = USER_SS,
	};
}

static unsigned int run(struct frame *frame)
{
	running = frame;
	frame_run(frame, &return_rsp);
	return (unsigned int)running->vector;
}

unsigned int user_run(struct frame *frame)
{
	uint64_t here;

	/* Entries from user mode start below everything that frame_run keeps: 1 KiB under this function's frame. */
	asm("mov %%rsp, %0" : "=r"(here));
	if (hc_stack_switch(FLAT_KERNEL_SS, (here - 1024) & ~15ul))
		FAIL("stack_switch is refused");
	return run(frame);
}

unsigned int kernel_run(struct frame *frame)
{
	attempt = (struct attempt) {};
	return run(frame);
}

void user_leave(struct frame *frame)
{
	if (!running)
		frame_die(frame, "a user frame, but no user code was started");
	*running = *frame;
	/* The mask the entry saved comes back, as iret would bring it. */
	vcpu_info_here()->evtchn_upcall_mask = (uint8_t)(frame->cs >> 32);
	frame_leave(return_rsp);
}
