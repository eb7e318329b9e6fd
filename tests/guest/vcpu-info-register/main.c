/*
 * What: register_vcpu_info moves a vCPU's record to guest memory with what was pending; afterwards only the new place
 *       counts; a second time and bad places are refused.
 * Why: kernels do it for each vCPU at boot, with events already under way.
 * How: makes an event pending while masked, moves the record, looks at both places, lets the event in.
 * A failure means: an event is lost at boot and the kernel hangs.
 */
#include <guest.h>

#define OFFSET 0x3c0

static long register_at(unsigned long mfn, unsigned int offset)
{
	struct vcpu_register_vcpu_info info = { .mfn = mfn, .offset = offset };

	return hc_vcpu_op(VCPUOP_register_vcpu_info, 0, &info);
}

static void refusals(void)
{
	unsigned long mfn = mfn_of(page_alloc());

	EXPECT_REFUSED(register_at(mfn, PAGE_BYTES - 63));
	EXPECT_REFUSED(register_at(mfn, PAGE_BYTES));
	EXPECT_REFUSED(register_at(mfn, ~0u - 10));
	EXPECT_REFUSED(register_at(0xffffffffful, 0));
	/* A page table would be written by the hypervisor itself. */
	EXPECT_REFUSED(register_at(mfn_of((void *)start_info->pt_base), 0));
	struct vcpu_register_vcpu_info info = { .mfn = mfn };

	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_vcpu_info, 7, &info), -XEN_ENOENT);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_register_vcpu_info, 0, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
}

void test_main(void)
{
	uint8_t *page = page_alloc();
	struct vcpu_info *new = (struct vcpu_info *)(page + OFFSET), *old = &shared->vcpu_info[0];
	long port = port_bind_ipi(0);

	REQUIRE(port > 0);
	refusals();
	EXPECT_STATUS(port_send((unsigned int)port), 0);
	EXPECT_EQ(old->evtchn_upcall_pending, 1);
	EXPECT_STATUS(register_at(mfn_of(page), OFFSET), 0);
	vcpu_info_moved(0, new);
	EXPECT_EQ(new->evtchn_upcall_pending, 1);
	EXPECT_EQ(new->evtchn_upcall_mask, 1);
	EXPECT_TRUE(new->evtchn_pending_sel & 1);
	EXPECT_TRUE(new->time.tsc_to_system_mul != 0);
	/* Nothing else in the page was touched. */
	EXPECT_EQ(page[OFFSET - 1] | page[OFFSET + 64], 0);
	EXPECT_EQ(event_count[port], 0);
	events_enable();
	EXPECT_EQ(event_count[port], 1);
	/* The old place is dead. */
	old->evtchn_upcall_pending = 0;
	old->evtchn_upcall_mask = 1;
	EXPECT_STATUS(port_send((unsigned int)port), 0);
	EXPECT_EQ(event_count[port], 2);
	EXPECT_EQ(old->evtchn_upcall_pending, 0);
	uint64_t before = time_now();

	time_wait(1000000);
	EXPECT_TRUE(time_now() > before);
	/* Faults report cr2 here too. */
	uint64_t value;

	EXPECT_TRUE(!try_read((void *)0x10000000018ul, &value));
	EXPECT_EQ(new->arch.cr2, 0x10000000018ul);
	/* Once only. */
	EXPECT_STATUS(register_at(mfn_of(page), OFFSET), -XEN_EINVAL);
}
