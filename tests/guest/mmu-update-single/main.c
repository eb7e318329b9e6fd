/*
 * What: an mmu_update of one element, of the caller's own, without a place for the count: each kind of element, each refusal.
 * Why: kernels set one entry so where a page fault brought it; the hypervisor has a shorter way for it, which must not let
 *      an element through that would be refused in a list.
 * How: makes such calls while there is a table for the user (then the shorter way is taken) and looks at entry and memory.
 * A failure means: an entry gets into a table unchecked, or a kernel's page fault is not served.
 */
#include <guest.h>

#define MASK (PTE_MFN | PTE_P | PTE_RW)

static uint64_t *page, *entry;
static unsigned long mfn;

static long one(uint64_t ptr, uint64_t value)
{
	struct mmu_update u = { .ptr = ptr, .val = value };

	return hc_mmu_update(&u, 1, NULL, DOMID_SELF);
}

static void leaves(void)
{
	uint64_t *other = page_alloc();

	other[0] = 2;
	EXPECT_STATUS(one(machine_of(entry), pte_make(mfn_of(other), PTE_RW_FLAGS)), 0);
	mmuext(MMUEXT_INVLPG_LOCAL, (uintptr_t)page, 0);
	EXPECT_EQ(page[0], 2);
	EXPECT_STATUS(one(machine_of(entry), 0), 0);
	EXPECT_EQ(*entry, 0);
	/* Not present: any bits. */
	EXPECT_STATUS(one(machine_of(entry), 0x123450ul), 0);
	EXPECT_EQ(*entry, 0x123450ul);
	EXPECT_STATUS(one(machine_of(entry), pte_make(mfn, PTE_RO_FLAGS)), 0);
	mmuext(MMUEXT_INVLPG_LOCAL, (uintptr_t)page, 0);
	EXPECT_EQ(page[0], 1);
	EXPECT_TRUE(!try_write(page, 3));
	EXPECT_STATUS(one(machine_of(entry) | MMU_PT_UPDATE_PRESERVE_AD, pte_make(mfn, PTE_RW_FLAGS & ~PTE_D)), 0);
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P | PTE_RW));
	EXPECT_STATUS(one(machine_of(entry) | MMU_PT_UPDATE_NO_TRANSLATE, pte_make(mfn, PTE_RO_FLAGS)), 0);
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P));
	EXPECT_STATUS(one(machine_of(entry), pte_make(mfn, PTE_RW_FLAGS)), 0);
}

static void refusals(void)
{
	uint64_t before = *entry;

	EXPECT_REFUSED(one(machine_of(entry), pte_make(mfn, PTE_RW_FLAGS | 1ul << 59)));
	EXPECT_REFUSED(one(machine_of(entry), pte_make(mfn_of(entry), PTE_RW_FLAGS)));
	EXPECT_REFUSED(one(machine_of(entry), pte_make(0xffffffffful, PTE_RO_FLAGS)));
	EXPECT_REFUSED(one(machine_of(entry) + 4, pte_make(mfn, PTE_RO_FLAGS)));
	EXPECT_REFUSED(one(0xffffffffful << 12, 0));
	EXPECT_EQ(*entry, before);
	EXPECT_EQ(page[0], 1);
}

/* What is no entry of a leaf goes the general way. */
static void others(void)
{
	uint64_t *plain = page_alloc(), *level2 = entry_of(page, 2), upper = *level2;

	EXPECT_STATUS(one(machine_of(&plain[7]), 0x55aa), 0);
	EXPECT_EQ(plain[7], 0x55aa);
	EXPECT_STATUS(one(machine_of(level2), upper), 0);
	EXPECT_REFUSED(one(machine_of(level2), pte_make(mfn, PTE_RW_FLAGS)));
	EXPECT_EQ(*level2 & MASK, upper & MASK);
	EXPECT_STATUS(one((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, mfn_to_pfn(mfn)), 0);
}

static void lists_that_cannot_be_read(void)
{
	uint8_t *first = page_alloc(), *second = page_alloc();
	unsigned long missing = mfn_of(second);
	struct mmu_update *across = (struct mmu_update *)(second - 8), *hidden = (struct mmu_update *)HYPERVISOR_VIRT_START;
	uint64_t before = *entry;

	REQUIRE(second == first + PAGE_BYTES);
	across->ptr = machine_of(entry);
	across->val = pte_make(mfn, PTE_RO_FLAGS);
	EXPECT_STATUS(map(second, 0), 0);
	EXPECT_STATUS(hc_mmu_update(across, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	EXPECT_STATUS(hc_mmu_update((struct mmu_update *)second, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	EXPECT_STATUS(hc_mmu_update(hidden, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	/* It begins below the hypervisor's addresses, and above them where the addresses end. */
	EXPECT_STATUS(hc_mmu_update((struct mmu_update *)((uint64_t)hidden - 8), 1, NULL, DOMID_SELF), -XEN_EFAULT);
	EXPECT_STATUS(hc_mmu_update((struct mmu_update *)-8l, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	EXPECT_STATUS(hc_mmu_update((struct mmu_update *)0x800000000000ul, 1, NULL, DOMID_SELF), -XEN_EFAULT);
	EXPECT_EQ(*entry, before);
	EXPECT_STATUS(map_page(second, missing, PTE_RW_FLAGS), 0);
	EXPECT_STATUS(hc_mmu_update(across, 1, NULL, DOMID_SELF), 0);
	EXPECT_EQ(*entry & MASK, pte_make(mfn, PTE_P));
}

/* An event that became pending while the mask was set is there when the call is over. */
static void events_come_with_the_way_out(void)
{
	unsigned int port = port_bind_self(port_alloc_self()), before;

	events_disable();
	port_unmask(port);
	EXPECT_STATUS(port_send(port), 0);
	before = event_count[port];
	vcpu_info_here()->evtchn_upcall_mask = 0;
	EXPECT_STATUS(one(machine_of(entry), pte_make(mfn, PTE_RW_FLAGS)), 0);
	EXPECT_EQ(event_count[port], before + 1);
	events_disable();
	EXPECT_STATUS(port_close(port), 0);
}

void test_main(void)
{
	page = page_alloc();
	page[0] = 1;
	mfn = mfn_of(page);
	entry = entry_of(page, 1);
	callback_set(CALLBACKTYPE_event, callback_event, true);
	user_init();
	EXPECT_STATUS(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_top_table()), 0), 0);
	leaves();
	refusals();
	others();
	lists_that_cannot_be_read();
	events_come_with_the_way_out();
}
