/*
 * What: the oldest forms of three hypercalls: sched_op_compat, event_channel_op_compat and physdev_op_compat do what their
 *       successors do; operations that came later are ENOSYS in them.
 * Why: small kernels were written for them and never changed.
 * How: a channel to ourselves made, sent on, asked for and closed by structures with the operation in front; the I/O
 *      privilege level; yield and block; unknown operations, bad addresses.
 * A failure means: such a kernel does not start, or an old number reaches something new.
 */
#include <guest.h>

static long event(struct evtchn_op *op, uint32_t cmd)
{
	op->cmd = cmd;
	return HC(__HYPERVISOR_event_channel_op_compat, op, 0, 0, 0, 0);
}

static long physdev(struct physdev_op *op, uint32_t cmd)
{
	op->cmd = cmd;
	return HC(__HYPERVISOR_physdev_op_compat, op, 0, 0, 0, 0);
}

static void channels(void)
{
	struct evtchn_op op = {.u.alloc_unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF}};
	evtchn_port_t here, there;

	EXPECT_STATUS(event(&op, EVTCHNOP_alloc_unbound), 0);
	there = op.u.alloc_unbound.port;
	op.u.bind_interdomain = (struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = there};
	EXPECT_STATUS(event(&op, EVTCHNOP_bind_interdomain), 0);
	here = op.u.bind_interdomain.local_port;
	EXPECT_TRUE(here && here != there);

	port_clear(there);
	op.u.send.port = here;
	EXPECT_STATUS(event(&op, EVTCHNOP_send), 0);
	EXPECT_TRUE(port_pending(there));
	op.u.status = (struct evtchn_status){.dom = DOMID_SELF, .port = here};
	EXPECT_STATUS(event(&op, EVTCHNOP_status), 0);
	EXPECT_EQ(op.u.status.status, EVTCHNSTAT_interdomain);
	EXPECT_EQ(op.u.status.u.interdomain.port, there);
	op.u.close.port = here;
	EXPECT_STATUS(event(&op, EVTCHNOP_close), 0);
	EXPECT_STATUS(event(&op, EVTCHNOP_close), -XEN_EINVAL);

	EXPECT_STATUS(event(&op, EVTCHNOP_reset), -XEN_ENOSYS);
	EXPECT_STATUS(event(&op, 999), -XEN_ENOSYS);
	EXPECT_STATUS(HC(__HYPERVISOR_event_channel_op_compat, HYPERVISOR_VIRT_START, 0, 0, 0, 0), -XEN_EFAULT);
}

static void privilege(void)
{
	struct physdev_op op = {.u.set_iopl.iopl = 1};

	EXPECT_STATUS(physdev(&op, PHYSDEVOP_set_iopl), 0);
	TRY("cli", OUT(), IN());
	EXPECT_NO_FAULT();
	op.u.set_iopl.iopl = 0;
	EXPECT_STATUS(physdev(&op, PHYSDEVOP_set_iopl), 0);
	TRY("cli", OUT(), IN());
	EXPECT_FAULT(VECTOR_GP, 0);
	op.u.set_iopl.iopl = 4;
	EXPECT_STATUS(physdev(&op, PHYSDEVOP_set_iopl), -XEN_EINVAL);
	/* Was never here; some look at its arguments first. */
	EXPECT_REFUSED(physdev(&op, PHYSDEVOP_map_pirq));
	EXPECT_STATUS(HC(__HYPERVISOR_physdev_op_compat, HYPERVISOR_VIRT_START, 0, 0, 0, 0), -XEN_EFAULT);
}

static void scheduling(void)
{
	EXPECT_STATUS(HC(__HYPERVISOR_sched_op_compat, SCHEDOP_yield, 0, 0, 0, 0), 0);
	REQUIRE(port_bind_virq(VIRQ_TIMER, 0) > 0);
	hc_set_timer_op(time_now() + 1000000);
	EXPECT_STATUS(HC(__HYPERVISOR_sched_op_compat, SCHEDOP_block, 0, 0, 0, 0), 0);
	EXPECT_TRUE(upcall_count > 0);
	EXPECT_STATUS(HC(__HYPERVISOR_sched_op_compat, SCHEDOP_poll, HYPERVISOR_VIRT_START, 0, 0, 0), -XEN_ENOSYS);
	EXPECT_STATUS(HC(__HYPERVISOR_sched_op_compat, 99, 0, 0, 0, 0), -XEN_ENOSYS);
}

void test_main(void)
{
	channels();
	privilege();
	scheduling();
}
