/*
 * What: allocating, binding, sending, closing and asking the status of ports inside one domain.
 * Why: every driver, timer and IPI is a port.
 * How: an interdomain pair to ourselves, with the states of each step; wrong numbers, wrong states, closed ports.
 * A failure means: drivers do not connect, or a guest reaches ports that are not its own.
 */
#include <guest.h>

static struct evtchn_status status;

static void a_pair_to_ourselves(void)
{
	long first = port_alloc_self();

	REQUIRE(first > 0);
	EXPECT_STATUS(port_status((unsigned int)first, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_unbound);
	/* Nobody there yet. */
	EXPECT_TRUE(port_send((unsigned int)first) <= 0);
	port_clear((unsigned int)first);
	long second = port_bind_self((unsigned int)first);

	REQUIRE(second > 0 && second != first);
	EXPECT_STATUS(port_status((unsigned int)first, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_interdomain);
	EXPECT_EQ(status.u.interdomain.port, second);
	EXPECT_EQ(status.u.interdomain.dom, 0);
	/* A new binding is pending once, at the end that bound it. */
	EXPECT_TRUE(port_pending((unsigned int)second));
	port_clear((unsigned int)second);
	EXPECT_STATUS(port_send((unsigned int)first), 0);
	EXPECT_TRUE(port_pending((unsigned int)second));
	EXPECT_TRUE(!port_pending((unsigned int)first));
	EXPECT_STATUS(port_send((unsigned int)second), 0);
	EXPECT_TRUE(port_pending((unsigned int)first));
	/* Bound ports cannot be bound again. */
	EXPECT_STATUS(port_bind_self((unsigned int)first), -XEN_EINVAL);
	EXPECT_STATUS(port_close((unsigned int)first), 0);
	EXPECT_STATUS(port_status((unsigned int)first, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_closed);
	EXPECT_STATUS(port_status((unsigned int)second, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_unbound);
	EXPECT_STATUS(port_close((unsigned int)second), 0);
	EXPECT_STATUS(port_close((unsigned int)second), -XEN_EINVAL);
	/* The lowest free number is given again, and it is clean. */
	EXPECT_EQ(port_alloc_self(), first);
	EXPECT_TRUE(!port_pending((unsigned int)first));
}

static void virtual_interrupts(void)
{
	long port = port_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(port > 0);
	EXPECT_STATUS(port_status((unsigned int)port, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_virq);
	EXPECT_EQ(status.u.virq, VIRQ_TIMER);
	EXPECT_STATUS(port_bind_virq(VIRQ_TIMER, 0), -XEN_EEXIST);
	EXPECT_STATUS(port_bind_virq(VIRQ_TIMER, 5), -XEN_ENOENT);
	EXPECT_STATUS(port_bind_virq(99, 0), -XEN_EINVAL);
	EXPECT_STATUS(port_close((unsigned int)port), 0);
	EXPECT_EQ(port_bind_virq(VIRQ_TIMER, 0), port);
	/* Global ones, for domain 0, once. */
	port = port_bind_virq(VIRQ_DOM_EXC, 0);
	EXPECT_TRUE(port > 0);
	EXPECT_STATUS(port_bind_virq(VIRQ_DOM_EXC, 0), -XEN_EEXIST);
	EXPECT_STATUS(port_send((unsigned int)port), -XEN_EINVAL);
}

static void inter_processor(void)
{
	long port = port_bind_ipi(0);

	REQUIRE(port > 0);
	EXPECT_STATUS(port_status((unsigned int)port, &status), 0);
	EXPECT_EQ(status.status, EVTCHNSTAT_ipi);
	EXPECT_STATUS(port_send((unsigned int)port), 0);
	EXPECT_TRUE(port_pending((unsigned int)port));
	EXPECT_STATUS(port_bind_ipi(7), -XEN_ENOENT);
	/* It stays where it is. */
	struct evtchn_bind_vcpu bind = { .port = (unsigned int)port, .vcpu = 0 };

	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_bind_vcpu, &bind), -XEN_EINVAL);
}

static void wrong_numbers(void)
{
	static const unsigned int bad[] = { 0, 3000, 4095, 4096, 131072, 0x7fffffff, ~0u };
	struct evtchn_bind_interdomain bind = { .remote_dom = 7, .remote_port = 1 };
	struct evtchn_alloc_unbound alloc = { .dom = 7, .remote_dom = DOMID_SELF };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_STATUS(port_send(bad[i]), -XEN_EINVAL);
		EXPECT_STATUS(port_close(bad[i]), -XEN_EINVAL);
		EXPECT_TRUE(port_unmask_call(bad[i]) <= 0);
		EXPECT_REFUSED(port_bind_self(bad[i]));
		if (bad[i] != 0 && bad[i] < 4096)
			continue;
		long got = port_status(bad[i], &status);

		EXPECT_TRUE(got == -XEN_EINVAL || (got == 0 && status.status == EVTCHNSTAT_closed));
	}
	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_bind_interdomain, &bind), -XEN_ESRCH);
	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), -XEN_ESRCH);
	EXPECT_ONE_OF(hc_event_channel_op(99, &alloc), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
	EXPECT_STATUS(hc_event_channel_op(EVTCHNOP_send, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
}

void test_main(void)
{
	a_pair_to_ourselves();
	virtual_interrupts();
	inter_processor();
	wrong_numbers();
}
