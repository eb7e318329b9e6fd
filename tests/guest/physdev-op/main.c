/*
 * What: physdev_op: I/O APIC registers, interrupt status and routing questions, and wrong numbers.
 * Why: domain 0's kernel counts pins and routes interrupts with it.
 * How: reads the version register; maps a GSI to a pirq, binds, closes and unmaps it; asks for impossible ones.
 * A failure means: no device interrupts in domain 0, or a number out of range is used as an index (XSA-87, XSA-237).
 */
#include <guest.h>

static void io_apic(void)
{
	struct physdev_apic apic = { .apic_physbase = 0xfec00000, .reg = 1 };

	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_apic_read, &apic), 0);
	EXPECT_EQ(apic.value & 0xff00ff, 0x170000 | (apic.value & 0xff));
	apic.apic_physbase = 0x12345000;
	EXPECT_REFUSED(hc_physdev_op(PHYSDEVOP_apic_read, &apic));
}

static void interrupts(void)
{
	struct physdev_map_pirq map_pirq = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 11, .pirq = 11
	};
	struct physdev_irq_status_query query = { .irq = 11 };
	struct evtchn_bind_pirq bind = { .pirq = 11, .flags = BIND_PIRQ__WILL_SHARE };
	struct physdev_setup_gsi setup = { .gsi = 11, .triggering = 1, .polarity = 1 };
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = 11 };
	struct physdev_eoi eoi = { .irq = 11 };
	struct evtchn_status status;

	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_map_pirq, &map_pirq), 0);
	EXPECT_EQ(map_pirq.pirq, 11);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_setup_gsi, &setup), 0);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_irq_status_query, &query), 0);
	EXPECT_EQ(query.flags & XENIRQSTAT_needs_eoi, XENIRQSTAT_needs_eoi);
	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_bind_pirq, &bind), 0);
	EXPECT_STATUS(port_status(bind.port, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_pirq);
	EXPECT_EQ(status.u.pirq, 11);
	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_bind_pirq, &bind), -XEN_EEXIST);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_eoi, &eoi), 0);
	EXPECT_STATUS(port_close(bind.port), 0);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_unmap_pirq, &unmap), 0);
}

static void wrong_numbers(void)
{
	static const unsigned int bad[] = { 5000, 0x7fffffff, ~0u };

	for (unsigned int i = 0; i < 3; i++) {
		struct physdev_irq_status_query query = { .irq = bad[i] };
		struct physdev_eoi eoi = { .irq = bad[i] };
		struct evtchn_bind_pirq bind = { .pirq = bad[i] };
		struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = (int)bad[i] };
		struct physdev_map_pirq map_pirq = {
			.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = (int)bad[i], .pirq = (int)bad[i]
		};

		EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_irq_status_query, &query), -XEN_EINVAL);
		EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_eoi, &eoi), -XEN_EINVAL);
		EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_bind_pirq, &bind), -XEN_EINVAL);
		EXPECT_REFUSED(hc_physdev_op(PHYSDEVOP_unmap_pirq, &unmap));
		EXPECT_REFUSED(hc_physdev_op(PHYSDEVOP_map_pirq, &map_pirq));
	}
	EXPECT_ONE_OF(hc_physdev_op(99, NULL), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
	EXPECT_STATUS(hc_physdev_op(PHYSDEVOP_eoi, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
}

void test_main(void)
{
	io_apic();
	interrupts();
	wrong_numbers();
}
