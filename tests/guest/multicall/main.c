/*
 * What: multicall runs its entries in order, stores each result, and returns 0; a nested one is EINVAL in its result;
 *       unknown numbers ENOSYS; a bad list EFAULT.
 * Why: kernels batch context switches and page-table updates.
 * How: batches of mixed calls, empty and long ones, lists that end in an unmapped page.
 * A failure means: part of a batch is lost, or results go astray.
 */
#include <guest.h>

static struct multicall_entry calls[512];

static void results(void)
{
	uint64_t *page = page_alloc();
	struct mmu_update one = { .ptr = machine_of(&page[3]), .val = 77 };

	calls[0] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .args = { XENVER_version } };
	calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_mmu_update,
					     .args = { (uintptr_t)&one, 1, 0, DOMID_SELF } };
	calls[2] = (struct multicall_entry) { .op = __HYPERVISOR_multicall, .args = { (uintptr_t)calls, 1 } };
	calls[3] = (struct multicall_entry) { .op = 63 };
	calls[4] = (struct multicall_entry) { .op = 1000000 };
	calls[5] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
					     .args = { XENVER_pagesize },
					     .result = 5 };
	EXPECT_STATUS(hc_multicall(calls, 6), 0);
	EXPECT_EQ(calls[0].result, 4 << 16 | 17);
	EXPECT_EQ(calls[1].result, 0);
	EXPECT_EQ(page[3], 77);
	EXPECT_EQ(calls[2].result, -XEN_EINVAL);
	EXPECT_EQ(calls[3].result, -XEN_ENOSYS);
	EXPECT_EQ(calls[4].result, -XEN_ENOSYS);
	EXPECT_EQ(calls[5].result, PAGE_BYTES);
}

static void lengths(void)
{
	EXPECT_STATUS(hc_multicall(calls, 0), 0);
	for (unsigned int i = 0; i < 512; i++)
		calls[i] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } };
	EXPECT_STATUS(hc_multicall(calls, 512), 0);
	unsigned int right = 0;

	for (unsigned int i = 0; i < 512; i++)
		right += calls[i].result == PAGE_BYTES;
	EXPECT_EQ(right, 512);
}

static void events_inside(void)
{
	long port = port_bind_ipi(0);
	struct evtchn_send send = { .port = (unsigned int)port };

	REQUIRE(port > 0);
	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_event_channel_op,
					     .args = { EVTCHNOP_send, (uintptr_t)&send } };
	calls[1] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } };
	events_enable();
	EXPECT_STATUS(hc_multicall(calls, 2), 0);
	EXPECT_EQ(event_count[port], 1);
	EXPECT_EQ(calls[1].result, PAGE_BYTES);
	events_disable();
}

static void bad_lists(void)
{
	struct multicall_entry *page = page_alloc(), *next = page_alloc();

	REQUIRE((uint8_t *)next == (uint8_t *)page + PAGE_BYTES);
	page[63] = (struct multicall_entry) { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } };
	EXPECT_STATUS(map(next, 0), 0);
	EXPECT_STATUS(hc_multicall(&page[63], 2), -XEN_EFAULT);
	EXPECT_EQ(page[63].result, PAGE_BYTES);
	EXPECT_STATUS(hc_multicall((void *)HYPERVISOR_VIRT_START, 1), -XEN_EFAULT);
	EXPECT_STATUS(hc_multicall((void *)0x800000000000ul, 1), -XEN_EFAULT);
	EXPECT_STATUS(hc_multicall((void *)0x10000000000ul, 1), -XEN_EFAULT);
}

void test_main(void)
{
	results();
	lengths();
	events_inside();
	bad_lists();
}
