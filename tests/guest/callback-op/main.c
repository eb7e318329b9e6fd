/*
 * What: callback_op register and unregister: every type, non-canonical addresses, unknown types; an NMI sent to ourselves
 *       comes by vector 2, is masked until iret, and keeps a vCPU from sleeping.
 * Why: the entry points of a kernel; NMIs for watchdogs and backtraces.
 * How: registers good and bad addresses; sends NMIs inside and outside an NMI handler, and in one multicall with a sleep.
 * A failure means: the hypervisor jumps to a bad address, NMIs nest, or wait for an event.
 */
#include <guest.h>

/* Whoever sleeps for so long was not woken. */
#define LONG_NS 1000000000ul
#define TRIES 10
#define UNDONE 0x55555555u

static unsigned int nmis, depth, deepest;
static struct multicall_entry calls[2];
static unsigned int timer_port;
static bool came_between;

static bool hook(struct frame *at)
{
	if (at->vector != VECTOR_NMI)
		return false;
	nmis++;
	came_between = calls[1].result == UNDONE;
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (nmis == 1)
		hc_vcpu_op(VCPUOP_send_nmi, 0, NULL);
	depth--;
	return true;
}

static void registrations(void)
{
	struct callback_register callback = { .type = CALLBACKTYPE_event, .address = 0x800000000000ul };
	struct callback_unregister gone;

	EXPECT_STATUS(hc_callback_op(CALLBACKOP_register, &callback), -XEN_EINVAL);
	callback.address = (uintptr_t)callback_event;
	callback.type = 99;
	EXPECT_ONE_OF(hc_callback_op(CALLBACKOP_register, &callback), -XEN_ENOSYS, -XEN_EINVAL);
	EXPECT_REFUSED(hc_callback_op(99, &callback));
	EXPECT_STATUS(hc_callback_op(CALLBACKOP_register, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
	EXPECT_STATUS(callback_set(CALLBACKTYPE_event, callback_event, true), 0);
	/* They stay: a kernel cannot do without, and registers others in their place. */
	static const uint16_t types[] = {CALLBACKTYPE_event, CALLBACKTYPE_failsafe, CALLBACKTYPE_syscall,
					 CALLBACKTYPE_sysenter, CALLBACKTYPE_syscall32};

	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		gone.type = types[i];
		EXPECT_STATUS(hc_callback_op(CALLBACKOP_unregister, &gone), -XEN_EINVAL);
	}
	gone.type = 8;
	EXPECT_STATUS(hc_callback_op(CALLBACKOP_unregister, &gone), -XEN_ENOSYS);
}

static void nmi(void)
{
	trap_hook = hook;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
	EXPECT_EQ(nmis, 2);
	EXPECT_EQ(deepest, 1);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_send_nmi, 7, NULL), -XEN_ENOENT);
}

/*
 * The NMI is pending when the vCPU goes to sleep, if both calls are done before it could be delivered: a multicall that lasts
 * too long goes back to the guest in between. Such a try does not count; nor does one at whose end the timer has come, since
 * that would wake it as well.
 */
static bool keeps_awake_once(unsigned int how, void *argument)
{
	struct vcpu_set_singleshot_timer end = { .timeout_abs_ns = time_now() + LONG_NS };
	unsigned int before = nmis, events_before = event_count[timer_port];

	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_vcpu_op, .args = { VCPUOP_send_nmi, 0, 0 } };
	calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_sched_op, .args = { how, (uintptr_t)argument } };
	calls[1].result = UNDONE;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &end), 0);
	EXPECT_STATUS(hc_multicall(calls, 2), 0);
	EXPECT_EQ(calls[0].result, 0);
	EXPECT_EQ(calls[1].result, 0);
	EXPECT_EQ(nmis, before + 1);
	events_disable();
	return !came_between && event_count[timer_port] == events_before && !port_pending(timer_port);
}

static void nmi_keeps_awake(unsigned int how, void *argument)
{
	bool did = false;

	for (unsigned int i = 0; i < TRIES && !did; i++)
		did = keeps_awake_once(how, argument);
	EXPECT_TRUE(did);
}

void test_main(void)
{
	struct sched_poll poll = {};
	long port;

	registrations();
	nmi();
	port = port_bind_virq(VIRQ_TIMER, 0);
	REQUIRE(port > 0);
	timer_port = (unsigned int)port;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	nmi_keeps_awake(SCHEDOP_block, NULL);
	nmi_keeps_awake(SCHEDOP_poll, &poll);
}
