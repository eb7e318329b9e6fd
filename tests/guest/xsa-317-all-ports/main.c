/*
 * What: ports are allocated up to the limit and refused behind it; each can be polled, asked and closed; EVTCHNOP_reset
 *       closes all.
 * Why: XSA-317, XSA-221: ports high in the range hit structures that were not there; XSA-496: binding with none left.
 * How: allocates until ENOSPC, then uses the first, the last and some between, binds a VIRQ with none left, resets.
 * A failure means: the hypervisor follows a NULL pointer, or a guest takes all its memory.
 */
#include <guest.h>

void test_main(void)
{
	struct evtchn_status status;
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	unsigned int count = 0, last = 0;
	long port;

	while ((port = port_alloc_self()) > 0 && count < 140000) {
		count++;
		last = (unsigned int)port;
	}
	print("%u ports, last %u, then %ld\n", count, last, port);
	EXPECT_STATUS(port, -XEN_ENOSPC);
	EXPECT_TRUE(count >= 1000);
	EXPECT_TRUE(last < 4096);
	EXPECT_STATUS(port_bind_virq(VIRQ_DEBUG, 0), -XEN_ENOSPC);
	EXPECT_STATUS(port_bind_ipi(0), -XEN_ENOSPC);
	EXPECT_STATUS(port_status(last, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_unbound);
	for (unsigned int i = 1; i <= last; i += 97) {
		evtchn_port_t ports[1] = { i };
		struct sched_poll poll = { .nr_ports = 1, .timeout = 1 };

		set_xen_guest_handle(poll.ports, ports);
		EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), 0);
	}
	EXPECT_STATUS(port_close(last), 0);
	EXPECT_EQ(port_bind_self(1), last);
	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_reset, &reset), 0);
	EXPECT_STATUS(port_status(last, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_closed);
	EXPECT_STATUS(port_status(1, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_closed);
	EXPECT_TRUE(port_bind_virq(VIRQ_DEBUG, 0) > 0);
}
