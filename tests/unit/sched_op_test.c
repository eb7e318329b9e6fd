/* sched_op: who sleeps and wakes, what a poll waits for, how a domain stops, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

#define ARGS FAKE_GUEST_START
#define PORTS (FAKE_GUEST_START + 0x1000)
#define NOWHERE UINT64_C(0x100)

static struct domain *zero, *d;
static struct vcpu *v;
static uint32_t port[4];

/* Domain 1 alone on CPU 1: its vCPU 0 runs there; it has four ports to itself. */
static int setup(void **state)
{
	struct cpuset first = {0}, second = {0};

	(void)state;
	sim_start(2);
	cpuset_add(&first, 0);
	cpuset_add(&second, 1);
	zero = sim_busy_domain(0, 1, 256);
	assert_int_equal(sched_set_affinity(zero->vcpu[0], &first, &first), OK);
	d = sim_busy_domain(1, 1, 256);
	v = d->vcpu[0];
	assert_int_equal(sched_set_affinity(v, &second, &second), OK);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(evtchn_bind_ipi(d, 0, &port[i]), OK);
	sim_run(MS(1));
	assert_ptr_equal(sim_runs[1], v);
	fake_cpu_id = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_guest_fail_at(0);
	sim_end();
	return 0;
}

static long call_at(struct vcpu *caller, unsigned int op, vaddr_t args)
{
	struct hypercall call = {.arg = {op, args}};

	fake_cpu_id = caller->sched.cpu;
	return hypercall_sched_op(caller, &call);
}

static long call_with(struct vcpu *caller, unsigned int op, const void *args, size_t bytes)
{
	memcpy(fake_guest(ARGS), args, bytes);
	return call_at(caller, op, ARGS);
}

static long poll(unsigned int count, uint64_t timeout, const evtchn_port_t *ports)
{
	struct sched_poll args = {.nr_ports = count, .timeout = timeout};

	fake_guest_handle(args.ports, PORTS);
	memcpy(fake_guest(PORTS), ports, count * sizeof(*ports));
	return call_with(v, SCHEDOP_poll, &args, sizeof(args));
}

static bool sleeps(void)
{
	sim_settle();
	return !v->sched.running && !v->sched.queued;
}

static void unmask_events(void) { v->info->evtchn_upcall_mask = 0; }

static void block_sleeps_until_an_event_comes(void **state)
{
	(void)state;
	assert_int_equal(call_at(v, SCHEDOP_block, 0), 0);
	assert_true(sleeps());
	sim_run(MS(100));
	assert_true(sleeps());
	assert_int_equal(evtchn_send(d, port[0]), OK);
	assert_false(sleeps());
}

static void block_lets_events_in(void **state)
{
	(void)state;
	assert_int_equal(v->info->evtchn_upcall_mask, 1);
	assert_int_equal(call_at(v, SCHEDOP_block, 0), 0);
	assert_int_equal(v->info->evtchn_upcall_mask, 0);
}

static void block_does_not_sleep_over_a_pending_event(void **state)
{
	(void)state;
	assert_int_equal(evtchn_send(d, port[0]), OK);
	assert_int_equal(call_at(v, SCHEDOP_block, 0), 0);
	assert_false(sleeps());
}

/* It comes after the vCPU has made its call, and before there is a bit that says that it sleeps. */
static void block_does_not_sleep_over_an_nmi(void **state)
{
	(void)state;
	arch_vcpu_nmi(v);
	assert_int_equal(call_at(v, SCHEDOP_block, 0), 0);
	assert_int_equal(v->stop, 0);
	assert_false(sleeps());
	v->arch.nmi = false;
	assert_int_equal(call_at(v, SCHEDOP_block, 0), 0);
	assert_true(sleeps());
	arch_vcpu_nmi(v);
	assert_false(sleeps());
}

static void yield_is_always_fine(void **state)
{
	(void)state;
	assert_int_equal(call_at(v, SCHEDOP_yield, NOWHERE), 0);
	assert_false(sleeps());
}

static void poll_sleeps_until_the_port_is_pending(void **state)
{
	(void)state;
	assert_int_equal(poll(1, 0, port), 0);
	assert_true(sleeps());
	assert_int_equal(v->info->evtchn_upcall_mask, 1);
	assert_int_equal(evtchn_send(d, port[0]), OK);
	assert_false(sleeps());
}

static void poll_wakes_for_a_masked_port(void **state)
{
	(void)state;
	d->shared_info->evtchn_mask[0] = UINT64_MAX;
	assert_int_equal(poll(1, 0, port), 0);
	assert_true(sleeps());
	assert_int_equal(evtchn_send(d, port[0]), OK);
	assert_false(sleeps());
}

static void poll_sleeps_on_when_another_masked_port_is_pending(void **state)
{
	(void)state;
	d->shared_info->evtchn_mask[0] = UINT64_MAX;
	assert_int_equal(poll(1, 0, port), 0);
	assert_int_equal(evtchn_send(d, port[1]), OK);
	assert_true(sleeps());
}

static void poll_of_several_wakes_for_each_of_them(void **state)
{
	(void)state;
	d->shared_info->evtchn_mask[0] = UINT64_MAX;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(poll(3, 0, port), 0);
		assert_true(sleeps());
		assert_int_equal(evtchn_send(d, port[i]), OK);
		assert_false(sleeps());
		d->shared_info->evtchn_pending[0] = 0;
	}
}

static void poll_does_not_sleep_when_a_port_is_pending(void **state)
{
	(void)state;
	d->shared_info->evtchn_mask[0] = UINT64_MAX;
	assert_int_equal(evtchn_send(d, port[2]), OK);
	assert_int_equal(poll(3, 0, port), 0);
	assert_false(sleeps());
}

static void poll_does_not_sleep_when_an_event_is_deliverable(void **state)
{
	(void)state;
	unmask_events();
	assert_int_equal(evtchn_send(d, port[3]), OK);
	assert_int_equal(poll(1, 0, port), 0);
	assert_false(sleeps());
}

static void poll_does_not_sleep_over_an_nmi(void **state)
{
	(void)state;
	arch_vcpu_nmi(v);
	assert_int_equal(poll(1, 0, port), 0);
	assert_int_equal(v->stop, 0);
	assert_false(sleeps());
	v->arch.nmi = false;
	assert_int_equal(poll(1, 0, port), 0);
	assert_true(sleeps());
	arch_vcpu_nmi(v);
	assert_false(sleeps());
}

static void poll_ends_at_its_timeout(void **state)
{
	uint64_t end_ns = fake_now_ns + MS(20);

	(void)state;
	assert_int_equal(poll(1, end_ns, port), 0);
	sim_run_until(end_ns - 1);
	assert_true(sleeps());
	sim_run_until(end_ns);
	assert_false(sleeps());
}

static void poll_with_a_timeout_in_the_past_ends_at_once(void **state)
{
	(void)state;
	assert_int_equal(poll(1, 1, port), 0);
	assert_false(sleeps());
}

static void poll_with_a_timeout_at_the_end_of_time_sleeps(void **state)
{
	(void)state;
	assert_int_equal(poll(1, UINT64_MAX, port), 0);
	sim_run(MS(100000));
	assert_true(sleeps());
}

static void timeout_of_an_earlier_poll_does_not_end_the_next(void **state)
{
	(void)state;
	assert_int_equal(poll(1, fake_now_ns + MS(20), port), 0);
	assert_true(sleeps());
	d->shared_info->evtchn_mask[0] = UINT64_MAX;
	assert_int_equal(evtchn_send(d, port[0]), OK);
	assert_false(sleeps());
	d->shared_info->evtchn_pending[0] = 0;
	assert_int_equal(poll(1, 0, port), 0);
	sim_run(MS(100));
	assert_true(sleeps());
}

static void poll_of_no_port_is_a_sleep_with_timeout(void **state)
{
	(void)state;
	assert_int_equal(poll(0, fake_now_ns + MS(5), port), 0);
	assert_true(sleeps());
	sim_run(MS(5));
	assert_false(sleeps());
}

static void poll_of_128_ports_is_the_most(void **state)
{
	evtchn_port_t ports[129];

	(void)state;
	for (unsigned int i = 0; i < 129; i++)
		ports[i] = port[i % 4];
	assert_int_equal(poll(129, 0, ports), E_INVAL);
	assert_false(sleeps());
	assert_int_equal(poll(128, 0, ports), 0);
	assert_true(sleeps());
}

static void poll_of_a_bad_port_is_refused(void **state)
{
	const evtchn_port_t bad[][2] = {{1, 4095}, {1, 4096}, {4096, 1}, {1, UINT32_MAX}};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(poll(2, 0, bad[i]), E_INVAL);
		assert_false(sleeps());
		assert_int_equal(v->stop, 0);
	}
}

static void poll_with_a_pending_port_before_a_bad_one_ends(void **state)
{
	const evtchn_port_t ports[] = {port[0], 4096};

	(void)state;
	assert_int_equal(evtchn_send(d, port[0]), OK);
	assert_int_equal(poll(2, 0, ports), 0);
}

static void poll_of_ports_nowhere_is_refused(void **state)
{
	struct sched_poll args = {.nr_ports = 2};

	(void)state;
	fake_guest_handle(args.ports, NOWHERE);
	assert_int_equal(call_with(v, SCHEDOP_poll, &args, sizeof(args)), E_FAULT);
	assert_int_equal(v->stop, 0);
}

static void arguments_nowhere_are_refused(void **state)
{
	const unsigned int ops[] = {SCHEDOP_shutdown, SCHEDOP_poll, SCHEDOP_remote_shutdown, SCHEDOP_shutdown_code,
				    SCHEDOP_watchdog};

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(call_at(v, ops[i], NOWHERE), E_FAULT);
	assert_int_equal(call_at(zero->vcpu[0], SCHEDOP_pin_override, NOWHERE), E_FAULT);
	assert_false(d->is_shutdown);
}

static void shutdown_stops_the_domain_with_its_reason(void **state)
{
	const struct sched_shutdown args = {.reason = SHUTDOWN_suspend};

	(void)state;
	assert_int_equal(call_with(v, SCHEDOP_shutdown, &args, sizeof(args)), 0);
	assert_true(sleeps());
	assert_int_equal(d->shutdown_code, SHUTDOWN_suspend);
	domain_resume(d);
	assert_false(sleeps());
}

static void shutdown_code_is_latched_for_later(void **state)
{
	struct sched_shutdown args = {.reason = SHUTDOWN_crash};

	(void)state;
	assert_int_equal(call_with(v, SCHEDOP_shutdown_code, &args, sizeof(args)), 0);
	assert_false(sleeps());
	args.reason = SHUTDOWN_poweroff;
	assert_int_equal(call_with(v, SCHEDOP_shutdown, &args, sizeof(args)), 0);
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
}

static void control_domain_shuts_another_down(void **state)
{
	const struct sched_remote_shutdown args = {.domain_id = 1, .reason = SHUTDOWN_reboot};

	(void)state;
	assert_int_equal(call_with(zero->vcpu[0], SCHEDOP_remote_shutdown, &args, sizeof(args)), 0);
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
	assert_true(sleeps());
}

static void other_domain_shuts_nobody_down(void **state)
{
	struct sched_remote_shutdown args = {.domain_id = 0, .reason = SHUTDOWN_reboot};

	(void)state;
	assert_int_equal(call_with(v, SCHEDOP_remote_shutdown, &args, sizeof(args)), E_PERM);
	args.domain_id = 1;
	assert_int_equal(call_with(v, SCHEDOP_remote_shutdown, &args, sizeof(args)), E_PERM);
	assert_false(zero->is_shutdown || d->is_shutdown);
}

static void remote_shutdown_of_no_domain_is_refused(void **state)
{
	struct sched_remote_shutdown args = {.domain_id = 77};

	(void)state;
	assert_int_equal(call_with(zero->vcpu[0], SCHEDOP_remote_shutdown, &args, sizeof(args)), E_SRCH);
	args.domain_id = DOMID_SELF;
	assert_int_equal(call_with(zero->vcpu[0], SCHEDOP_remote_shutdown, &args, sizeof(args)), E_SRCH);
}

static void watchdog_is_taken_by_the_call(void **state)
{
	const struct sched_watchdog args = {.id = 0, .timeout = 1}, bad = {.id = 3, .timeout = 1};

	(void)state;
	assert_int_equal(call_with(v, SCHEDOP_watchdog, &bad, sizeof(bad)), E_INVAL);
	assert_int_equal(call_with(v, SCHEDOP_watchdog, &args, sizeof(args)), 1);
	sim_run(MS(1001));
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
}

static void pin_override_is_for_the_control_domain(void **state)
{
	const struct sched_pin_override pin = {.pcpu = 1}, undo = {.pcpu = -1}, none = {.pcpu = 77}, far = {.pcpu = 9999};
	struct vcpu *caller = zero->vcpu[0];

	(void)state;
	assert_int_equal(call_with(v, SCHEDOP_pin_override, &pin, sizeof(pin)), E_PERM);
	assert_int_equal(call_with(caller, SCHEDOP_pin_override, &undo, sizeof(undo)), E_INVAL);
	assert_int_equal(call_with(caller, SCHEDOP_pin_override, &none, sizeof(none)), E_INVAL);
	assert_int_equal(call_with(caller, SCHEDOP_pin_override, &far, sizeof(far)), E_INVAL);
	assert_int_equal(call_with(caller, SCHEDOP_pin_override, &pin, sizeof(pin)), 0);
	sim_settle();
	assert_int_equal(caller->sched.cpu, 1);
	assert_int_equal(call_with(caller, SCHEDOP_pin_override, &pin, sizeof(pin)), E_BUSY);
	assert_int_equal(call_with(caller, SCHEDOP_pin_override, &undo, sizeof(undo)), 0);
	sim_settle();
	assert_int_equal(caller->sched.cpu, 0);
}

static void unknown_operation_is_refused(void **state)
{
	(void)state;
	assert_int_equal(call_at(v, 8, ARGS), E_NOSYS);
	assert_int_equal(call_at(v, UINT32_MAX, ARGS), E_NOSYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(block_sleeps_until_an_event_comes),
		TEST(block_lets_events_in),
		TEST(block_does_not_sleep_over_a_pending_event),
		TEST(block_does_not_sleep_over_an_nmi),
		TEST(yield_is_always_fine),
		TEST(poll_sleeps_until_the_port_is_pending),
		TEST(poll_wakes_for_a_masked_port),
		TEST(poll_sleeps_on_when_another_masked_port_is_pending),
		TEST(poll_of_several_wakes_for_each_of_them),
		TEST(poll_does_not_sleep_when_a_port_is_pending),
		TEST(poll_does_not_sleep_when_an_event_is_deliverable),
		TEST(poll_does_not_sleep_over_an_nmi),
		TEST(poll_ends_at_its_timeout),
		TEST(poll_with_a_timeout_in_the_past_ends_at_once),
		TEST(poll_with_a_timeout_at_the_end_of_time_sleeps),
		TEST(timeout_of_an_earlier_poll_does_not_end_the_next),
		TEST(poll_of_no_port_is_a_sleep_with_timeout),
		TEST(poll_of_128_ports_is_the_most),
		TEST(poll_of_a_bad_port_is_refused),
		TEST(poll_with_a_pending_port_before_a_bad_one_ends),
		TEST(poll_of_ports_nowhere_is_refused),
		TEST(arguments_nowhere_are_refused),
		TEST(shutdown_stops_the_domain_with_its_reason),
		TEST(shutdown_code_is_latched_for_later),
		TEST(control_domain_shuts_another_down),
		TEST(other_domain_shuts_nobody_down),
		TEST(remote_shutdown_of_no_domain_is_refused),
		TEST(watchdog_is_taken_by_the_call),
		TEST(pin_override_is_for_the_control_domain),
		TEST(unknown_operation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
