/*
 * Two domains on one CPU that wake each other. Words of the command line: "peer=N", the other's number, and "measures" for the
 * one that takes the samples; it opens a port for the other, which tries all ports until it finds that one.
 *
 * First each waits for the other's event; then both do nothing but yield.
 */
#include <measure.h>

const char test_name[] = "bench-pair";

#define PEER_WORD "peer="
#define ROUND_TRIPS (WARM_UP + SAMPLES_SHORT)

static unsigned int port;
static unsigned int seen;

static domid_t peer_read(void)
{
	const char *at = (const char *)start_info->cmd_line;
	unsigned int peer = 0;

	while (*at && bytes_compare(at, PEER_WORD, sizeof(PEER_WORD) - 1))
		at++;
	REQUIRE(*at);
	for (at += sizeof(PEER_WORD) - 1; *at >= '0' && *at <= '9'; at++)
		peer = peer * 10 + (unsigned int)(*at - '0');
	return (domid_t)peer;
}

/* Looks with events shut, so that none comes between the look and the sleep; blocking opens them. */
static void event_wait(void)
{
	events_disable();
	while (event_count[port] == seen) {
		hc_sched_op(SCHEDOP_block, NULL);
		events_disable();
	}
	seen++;
}

static void port_open(domid_t peer)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = peer };

	REQUIRE(hc_event_channel_op(EVTCHNOP_alloc_unbound, &op) == 0);
	port = op.port;
	port_unmask(port);
}

static bool port_join(domid_t peer, unsigned int remote)
{
	struct evtchn_bind_interdomain op = { .remote_dom = peer, .remote_port = remote };

	if (hc_event_channel_op(EVTCHNOP_bind_interdomain, &op))
		return false;
	port = op.local_port;
	/* A new channel has its mark set, in case an event was lost before. */
	port_clear(port);
	port_unmask(port);
	return true;
}

static void port_find(domid_t peer)
{
	for (unsigned int remote = 1;; remote = remote % 63 + 1) {
		if (port_join(peer, remote))
			return;
		hc_sched_op(SCHEDOP_yield, NULL);
	}
}

static void measure(domid_t peer)
{
	calibrate();
	port_open(peer);
	event_wait();
	MEASURE("event to another domain and back", (port_send(port), event_wait()));
	MEASURE("yield to another domain and back", hc_sched_op(SCHEDOP_yield, NULL));
	EXPECT_EQ(seen, 1 + ROUND_TRIPS);
}

static void serve(domid_t peer)
{
	port_find(peer);
	port_send(port);
	for (unsigned int i = 0; i < ROUND_TRIPS; i++) {
		event_wait();
		port_send(port);
	}
	for (;;)
		hc_sched_op(SCHEDOP_yield, NULL);
}

void test_main(void)
{
	domid_t peer = peer_read();

	events_disable();
	/* As Linux does: with a tick each switch sets a timer and stops it. */
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	if (option_is("measures"))
		measure(peer);
	else
		serve(peer);
}
