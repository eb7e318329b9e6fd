/*
 * Events and timers. The upcall's handler is the shortest one, so a row is the hypervisor's part.
 */
#include "measure.h"

#define MS 1000000ul

void stub_event(void);
struct vcpu_info *stub_vcpu_info;
volatile uint64_t *stub_pending;
volatile uint64_t stub_events;

static void bind_and_close(void)
{
	long port = port_bind_ipi(0);

	port_close((unsigned int)port);
}

static void timer_set(uint64_t deadline)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = deadline };

	hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer);
}

static void send_rows(void)
{
	unsigned int remote, local, ipi;

	events_disable();
	remote = (unsigned int)port_alloc_self();
	local = (unsigned int)port_bind_self(remote);
	ipi = (unsigned int)port_bind_ipi(0);

	stub_pending = &shared->evtchn_pending[remote / 64];
	REQUIRE(remote / 64 == local / 64);
	REQUIRE(ipi / 64 == local / 64);
	MEASURE("event send, already pending", port_send(local));
	/* Binding marks a port pending, too. */
	*stub_pending = 0;
	stub_vcpu_info->evtchn_upcall_pending = 0;
	stub_vcpu_info->evtchn_pending_sel = 0;
	events_enable();
	stub_events = 0;
	MEASURE("event to self, with upcall", port_send(local));
	MEASURE("ipi to self, with upcall", port_send(ipi));
	EXPECT_EQ(stub_events, 2 * (WARM_UP + SAMPLES_SHORT));
	events_disable();
	MEASURE("bind_ipi and close", bind_and_close());
	port_close(ipi);
	port_close(local);
	port_close(remote);
}

/* Time from the deadline to the return from block, the upcall with it; the wait itself is no cost. */
static void wake_row(unsigned int port)
{
	stub_pending = &shared->evtchn_pending[port / 64];
	for (unsigned int i = 0; i < SAMPLES_LONG; i++) {
		events_disable();
		uint64_t deadline = time_now() + MS;

		timer_set(deadline);
		hc_sched_op(SCHEDOP_block, NULL);
		samples[i] = time_now() - deadline;
	}
	row_print("block, woken by a timer: lateness", SAMPLES_LONG, 1);
	events_disable();
}

static void block_pending(unsigned int port)
{
	stub_pending = &shared->evtchn_pending[port / 64];
	hc_sched_op(SCHEDOP_block, NULL);
	events_disable();
}

static void timer_rows(void)
{
	unsigned int port = (unsigned int)port_bind_virq(VIRQ_TIMER, 0);
	uint64_t far = time_now() + 3600000 * MS;

	MEASURE("set_singleshot_timer, far ahead", timer_set(far));
	MEASURE("set_timer_op, far ahead", hc_set_timer_op(far));
	MEASURE("stop_singleshot_timer", hc_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
	wake_row(port);
	MEASURE("block, nothing to wait for",
		vcpu_info_here()->evtchn_upcall_pending = 1; block_pending(port));
	port_close(port);
}

void events_measure(void)
{
	stub_vcpu_info = vcpu_info_here();
	REQUIRE(callback_set(CALLBACKTYPE_event, stub_event, true) == 0);
	send_rows();
	timer_rows();
	REQUIRE(callback_set(CALLBACKTYPE_event, callback_event, true) == 0);
}
