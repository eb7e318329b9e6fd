/*
 * What: the tick that is there until it is stopped; the one-shot timer: fires VIRQ_TIMER near its deadline, ETIME or at once for
 *       the past, stop, a new one replaces the old; set_timer_op; block sleeps until it; poll ends at its timeout.
 * Why: the only clock interrupt a guest has.
 * How: sets deadlines and waits for events, busy and asleep, comparing with the guest's clock; all of it once without and once
 *      with a table for a user, since then the hypervisor has a shorter way for the one-shot timer.
 * A failure means: a guest sleeps too long, for ever, or not at all.
 */
#include <guest.h>

#define MS 1000000ul

static unsigned int port;

static long set(uint64_t deadline, uint32_t flags)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = deadline, .flags = flags };

	return hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer);
}

static unsigned int fired(void)
{
	return event_count[port];
}

static void fires_in_time(void)
{
	uint64_t start = time_now();

	events_enable();
	EXPECT_STATUS(set(start + 10 * MS, 0), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 1, 2000 * MS));
	EXPECT_TRUE(time_now() - start >= 9 * MS);
	/* Once. */
	time_wait(20 * MS);
	EXPECT_EQ(fired(), 1);
}

static void the_past(void)
{
	EXPECT_STATUS(set(time_now() - MS, 0), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 2, 2000 * MS));
	/* The flag asks for a refusal of the past; 4.17 as Debian has it ignores the flag and fires at once. */
	long status = set(time_now() - MS, VCPU_SSHOTTMR_future);

	EXPECT_ONE_OF(status, 0, -XEN_ETIME);
	time_wait(5 * MS);
	EXPECT_EQ(fired(), status ? 2 : 3);
	event_count[port] = 2;
	EXPECT_STATUS(set(time_now() + 10 * MS, VCPU_SSHOTTMR_future), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 3, 2000 * MS));
}

static void stop_and_replace(void)
{
	EXPECT_STATUS(set(time_now() + 20 * MS, 0), 0);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	time_wait(40 * MS);
	EXPECT_EQ(fired(), 3);
	EXPECT_STATUS(set(time_now() + 10000 * MS, 0), 0);
	EXPECT_STATUS(set(time_now() + 5 * MS, 0), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 4, 2000 * MS));
}

static void the_old_call(void)
{
	EXPECT_STATUS(hc_set_timer_op(time_now() + 5 * MS), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 5, 2000 * MS));
	EXPECT_STATUS(hc_set_timer_op(time_now() + 20 * MS), 0);
	EXPECT_STATUS(hc_set_timer_op(0), 0);
	time_wait(40 * MS);
	EXPECT_EQ(fired(), 5);
}

static void block_sleeps(void)
{
	uint64_t start = time_now();

	events_disable();
	EXPECT_STATUS(set(start + 20 * MS, 0), 0);
	/* block opens the mask itself. */
	EXPECT_STATUS(hc_sched_op(SCHEDOP_block, NULL), 0);
	EXPECT_TRUE(time_now() - start >= 19 * MS);
	EXPECT_EQ(fired(), 6);
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 0);
	/* With an event pending it does not sleep. */
	events_disable();
	EXPECT_STATUS(set(time_now() + MS, 0), 0);
	time_wait(20 * MS);
	EXPECT_STATUS(hc_sched_op(SCHEDOP_block, NULL), 0);
	EXPECT_EQ(fired(), 7);
}

static void poll_ends(void)
{
	evtchn_port_t ports[1] = { port };
	struct sched_poll poll = { .nr_ports = 1, .timeout = time_now() + 20 * MS };

	events_disable();
	set_xen_guest_handle(poll.ports, ports);
	uint64_t start = time_now();

	EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), 0);
	EXPECT_TRUE(time_now() - start >= 15 * MS);
	/* The mask is not touched. */
	EXPECT_EQ(vcpu_info_here()->evtchn_upcall_mask, 1);
	/* A pending port ends it, masked or not. */
	port_mask(port);
	EXPECT_STATUS(set(time_now() + 10 * MS, 0), 0);
	poll.timeout = time_now() + 5000 * MS;
	start = time_now();
	EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), 0);
	EXPECT_TRUE(time_now() - start < 2000 * MS);
	EXPECT_TRUE(port_pending(port));
	EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), 0);
	ports[0] = 4000000000u;
	EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL);
	poll.nr_ports = 200;
	EXPECT_STATUS(hc_sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL);
	port_clear(port);
	port_unmask(port);
}

static void yield(void)
{
	EXPECT_STATUS(hc_sched_op(SCHEDOP_yield, NULL), 0);
	EXPECT_ONE_OF(hc_sched_op(99, NULL), -XEN_ENOSYS, -XEN_EOPNOTSUPP);
}

/* The shorter way: no register changes but rax, rcx and r11, whether it serves the call or not. */
static void registers_are_kept(uint32_t flags)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = time_now() + 10000 * MS, .flags = flags };
	register uint64_t r8 asm("r8") = 8, r9 asm("r9") = 9, r10 asm("r10") = 10;
	uint64_t number = __HYPERVISOR_vcpu_op, operation = VCPUOP_set_singleshot_timer, id = 0, at = (uintptr_t)&timer;

	asm volatile("syscall" : "+a"(number), "+D"(operation), "+S"(id), "+d"(at), "+r"(r8), "+r"(r9), "+r"(r10)
		     : : "rcx", "r11", "memory");
	EXPECT_TRUE(number == 0 && operation == VCPUOP_set_singleshot_timer && id == 0 && at == (uintptr_t)&timer && r8 == 8 &&
		    r9 == 9 && r10 == 10);
}

static void refusals(void)
{
	static const uint64_t bad[] = { 0, 0x800000000000, HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END - 8, -8ul };
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = time_now() + 10000 * MS };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)bad[i]), -XEN_EFAULT);
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 77, &timer), -XEN_ENOENT);
	/* After all of them an ordinary one fires. */
	timer.timeout_abs_ns = time_now() - MS;
	events_enable();
	event_count[port] = 0;
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
	EXPECT_TRUE(wait_for_count(&event_count[port], 1, 2000 * MS));
}

static void single_step(void)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = time_now() + 10000 * MS };
	uint64_t number = __HYPERVISOR_vcpu_op;

	TRY("pushfq; orl $0x100, (%%rsp); popfq; syscall; nop; nop", OUT("+a"(number)),
	    IN("D"(VCPUOP_set_singleshot_timer), "S"(0), "d"(&timer)), "rcx", "r11", "memory");
	EXPECT_EQ(caught.vector, VECTOR_DB);
}

static void all(void)
{
	events_disable();
	port_clear(port);
	vcpu_info_here()->evtchn_upcall_pending = 0;
	event_count[port] = 0;
	fires_in_time();
	the_past();
	stop_and_replace();
	the_old_call();
	block_sleeps();
	poll_ends();
	yield();
	registers_are_kept(0);
	registers_are_kept(VCPU_SSHOTTMR_future);
	refusals();
	single_step();
}

/* A kernel of before the call that sets a period waits for it. */
static void ticks_until_it_is_stopped(void)
{
	unsigned int count;

	events_enable();
	EXPECT_TRUE(wait_for_count(&event_count[port], 5, 2000 * MS));
	EXPECT_STATUS(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	count = fired();
	time_wait(50 * MS);
	EXPECT_EQ(fired(), count);
	event_count[port] = 0;
}

void test_main(void)
{
	long got = port_bind_virq(VIRQ_TIMER, 0);

	REQUIRE(got > 0);
	port = (unsigned int)got;
	ticks_until_it_is_stopped();
	all();
	user_init();
	all();
}
