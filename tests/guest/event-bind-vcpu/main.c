/*
 * What: bind_vcpu moves a port to another vCPU: its upcall comes there; IPIs and per-vCPU VIRQs stay; wrong ports and
 *       vCPUs are refused. unmask by call works for another vCPU's port.
 * Why: interrupt balancing of SMP kernels.
 * How: an interdomain pair to ourselves; sends before and after the move, and while the port is masked.
 * A failure means: events arrive on the wrong processor, or on none.
 * Machine: cpus=2
 */
#include <guest.h>

static volatile bool ready, stop;

static void second(void *argument)
{
	(void)argument;
	events_enable();
	ready = true;
	while (!stop)
		cpu_relax();
	events_disable();
}

static bool pending_at(unsigned int vcpu, unsigned int port)
{
	return vcpu_info_of(vcpu)->evtchn_pending_sel >> (port / 64) & 1;
}

static long bind(unsigned int port, unsigned int vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

	return hc_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

void test_main(void)
{
	long first = port_alloc_self(), second_port, virq = port_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(first > 0 && virq > 0);
	second_port = port_bind_self((unsigned int)first);
	REQUIRE(second_port > 0);
	/* No tick of old may come between. */
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	unsigned int port = (unsigned int)second_port;

	port_clear(port);
	vcpu_info_of(0)->evtchn_pending_sel = 0;
	vcpu_info_of(0)->evtchn_upcall_pending = 0;
	EXPECT_STATUS(port_send((unsigned int)first), 0);
	EXPECT_TRUE(pending_at(0, port));
	EXPECT_TRUE(!pending_at(1, port));
	port_clear(port);
	vcpu_info_of(0)->evtchn_pending_sel = 0;
	vcpu_info_of(0)->evtchn_upcall_pending = 0;

	EXPECT_STATUS(bind(port, 7), -XEN_ENOENT);
	EXPECT_REFUSED(bind((unsigned int)virq, 1));
	EXPECT_REFUSED(bind((unsigned int)port_bind_ipi(0), 1));
	EXPECT_REFUSED(bind(0, 1));
	EXPECT_REFUSED(bind(4000, 1));
	EXPECT_STATUS(bind(port, 1), 0);
	vcpu_start(1, second, NULL);
	uint64_t end = time_now() + 5000000000ul;

	while (!ready && time_now() < end)
		cpu_relax();
	EXPECT_STATUS(port_send((unsigned int)first), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 1, 2000000000ul));
	EXPECT_EQ(vcpu_info_of(0)->evtchn_upcall_pending, 0);
	/* Masked; then opened from here for there. */
	port_mask(port);
	EXPECT_STATUS(port_send((unsigned int)first), 0);
	time_wait(5000000);
	EXPECT_EQ(event_count[port], 1);
	EXPECT_STATUS(port_unmask_call(port), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 2, 2000000000ul));
	stop = true;
	EXPECT_TRUE(vcpu_join(1));
}
