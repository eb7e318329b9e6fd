/* vcpu_op and set_timer_op: bringing vCPUs up and down, their timers and records, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

#define ARGS FAKE_GUEST_START
#define NOWHERE UINT64_C(0x100)

static struct domain *zero, *d;
static struct vcpu *v, *other;
static uint32_t timer_port;

/* Domain 1: vCPU 0 runs, vCPU 1 exists and has never been up, of 40. */
static bool timer_came(void);

/* The guest has stopped the tick that every vCPU has at first. */
static int setup(void **state)
{
	struct vcpu *created;

	(void)state;
	sim_start(2);
	zero = sim_busy_domain(0, 1, 256);
	{
		const struct domain_config config = {.id = 1, .vcpu_max = 40, .evtchn_port_max = 64,
						     .grant_frames_max = 1, .maptrack_frames_max = 1};

		assert_int_equal(domain_create(&config, &d), OK);
	}
	assert_int_equal(vcpu_create(d, 0, &v), OK);
	assert_int_equal(vcpu_create(d, 1, &other), OK);
	assert_int_equal(vcpu_create(d, 35, &created), OK);
	assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 0, &timer_port), OK);
	v->initialised = true;
	vcpu_up(v);
	assert_int_equal(domain_control_unpause(d), OK);
	sim_run(MS(1));
	assert_true(v->sched.running);
	fake_cpu_id = v->sched.cpu;
	vcpu_periodic_stop(v);
	(void)timer_came();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_initialise_status = fake_info_map_status = OK;
	sim_end();
	return 0;
}

static long call_by(struct vcpu *caller, unsigned int op, uint32_t target, vaddr_t args)
{
	struct hypercall call = {.arg = {op, target, args}};

	fake_cpu_id = caller->sched.cpu;
	return hypercall_vcpu_op(caller, &call);
}

static long call(unsigned int op, uint32_t target) { return call_by(v, op, target, 0); }

static long call_with(unsigned int op, uint32_t target, const void *args, size_t bytes)
{
	memcpy(fake_guest(ARGS), args, bytes);
	return call_by(v, op, target, ARGS);
}

static long set_timer(uint64_t deadline)
{
	struct hypercall c = {.arg = {deadline}};

	fake_cpu_id = v->sched.cpu;
	return hypercall_set_timer_op(v, &c);
}

static long singleshot(uint32_t target, uint64_t deadline, uint32_t flags)
{
	const struct vcpu_set_singleshot_timer set = {.timeout_abs_ns = deadline, .flags = flags};

	return call_with(VCPUOP_set_singleshot_timer, target, &set, sizeof(set));
}

static long periodic(uint64_t period)
{
	const struct vcpu_set_periodic_timer set = {.period_ns = period};

	return call_with(VCPUOP_set_periodic_timer, 0, &set, sizeof(set));
}

static long register_info(uint32_t target, uint32_t offset)
{
	const struct vcpu_register_vcpu_info info = {.mfn = 0x123, .offset = offset};

	return call_with(VCPUOP_register_vcpu_info, target, &info, sizeof(info));
}

static bool timer_came(void)
{
	bool came = evtchn_is_pending(d, timer_port);

	d->shared_info->evtchn_pending[0] = 0;
	v->info->evtchn_pending_sel = 0;
	v->info->evtchn_upcall_pending = 0;
	return came;
}

static void every_operation_on_a_vcpu_that_is_not_there_is_refused(void **state)
{
	(void)state;
	for (unsigned int op = 0; op < 20; op++) {
		assert_int_equal(call(op, 2), E_NOENT);
		assert_int_equal(call(op, 40), E_NOENT);
		assert_int_equal(call(op, UINT32_MAX), E_NOENT);
	}
}

static void unknown_operation_is_refused(void **state)
{
	(void)state;
	assert_int_equal(call(14, 0), E_NOSYS);
	assert_int_equal(call(UINT32_MAX, 0), E_NOSYS);
}

static void is_up_tells_those_that_are_there_apart(void **state)
{
	(void)state;
	assert_int_equal(call(VCPUOP_is_up, 0), 1);
	assert_int_equal(call(VCPUOP_is_up, 1), 0);
	assert_int_equal(call(VCPUOP_is_up, 2), E_NOENT);
}

static void vcpu_comes_up_after_its_initialisation(void **state)
{
	(void)state;
	assert_int_equal(call(VCPUOP_up, 1), E_INVAL);
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
	assert_int_equal(other->arch.context, 0x5000);
	assert_false(vcpu_is_runnable(other));
	assert_int_equal(call(VCPUOP_up, 1), OK);
	assert_int_equal(call(VCPUOP_is_up, 1), 1);
	sim_settle();
	assert_true(other->sched.running || other->sched.queued);
	assert_int_equal(call(VCPUOP_up, 1), OK);
}

static void second_initialisation_is_refused(void **state)
{
	(void)state;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x6000), E_EXIST);
	assert_int_equal(other->arch.context, 0x5000);
	assert_int_equal(call_by(v, VCPUOP_initialise, 0, 0x6000), E_EXIST);
}

static void initialise_at_the_same_time(struct vcpu *target, struct vcpu *caller)
{
	fake_initialise_meanwhile = NULL;
	assert_int_equal(call_by(caller, VCPUOP_initialise, target->id, 0x6000), E_RESTART);
	assert_int_equal(call_by(caller, VCPUOP_up, target->id, 0), E_INVAL);
}

static void initialisation_of_what_another_cpu_initialises_comes_again(void **state)
{
	(void)state;
	fake_initialise_meanwhile = initialise_at_the_same_time;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
	assert_int_equal(other->arch.context, 0x5000);
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x6000), E_EXIST);
}

static void failed_initialisation_can_be_repeated(void **state)
{
	(void)state;
	fake_initialise_status = E_RESTART;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), E_RESTART);
	fake_initialise_status = E_INVAL;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), E_INVAL);
	assert_int_equal(call(VCPUOP_up, 1), E_INVAL);
	fake_initialise_status = OK;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
}

static void vcpu_without_info_is_not_initialised(void **state)
{
	(void)state;
	assert_int_equal(call_by(v, VCPUOP_initialise, 35, 0x5000), E_INVAL);
	assert_int_equal(register_info(35, 0), OK);
	assert_int_equal(call_by(v, VCPUOP_initialise, 35, 0x5000), OK);
}

/* As after a restore: it is up, but runs only when its kernel has taken it down and said where it sees its events. */
static void vcpu_without_info_does_not_run_until_it_has_one(void **state)
{
	struct vcpu *late = d->vcpu[35];

	(void)state;
	late->initialised = true;
	vcpu_up(late);
	sim_settle();
	assert_int_equal(call(VCPUOP_is_up, 35), 1);
	assert_false(late->sched.running || late->sched.queued);
	assert_int_equal(call(VCPUOP_down, 35), 0);
	assert_int_equal(register_info(35, 0), OK);
	assert_int_equal(call(VCPUOP_up, 35), 0);
	sim_settle();
	assert_true(late->sched.running || late->sched.queued);
}

static void vcpu_goes_down_and_comes_up_again(void **state)
{
	(void)state;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
	assert_int_equal(call(VCPUOP_up, 1), OK);
	sim_settle();
	assert_int_equal(call_by(other, VCPUOP_down, 1, 0), 0);
	sim_settle();
	assert_false(other->sched.running || other->sched.queued);
	assert_int_equal(call(VCPUOP_is_up, 1), 0);
	assert_int_equal(call(VCPUOP_up, 1), OK);
	sim_settle();
	assert_true(other->sched.running || other->sched.queued);
}

static void event_does_not_wake_what_is_down(void **state)
{
	uint32_t port;

	(void)state;
	assert_int_equal(evtchn_bind_ipi(d, 1, &port), OK);
	other->info->evtchn_upcall_mask = 0;
	assert_int_equal(evtchn_send(d, port), OK);
	sim_settle();
	assert_false(other->sched.running || other->sched.queued);
}

static void last_vcpu_that_goes_down_shuts_its_domain_down(void **state)
{
	(void)state;
	assert_int_equal(call(VCPUOP_down, 0), 0);
	assert_true(d->is_shutdown);
	assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
}

static void runstate_is_told(void **state)
{
	struct vcpu_runstate_info info;

	(void)state;
	assert_int_equal(call_by(v, VCPUOP_get_runstate_info, 0, ARGS), OK);
	memcpy(&info, fake_guest(ARGS), sizeof(info));
	assert_int_equal(info.state, RUNSTATE_running);
	assert_int_equal(info.time[RUNSTATE_running], MS(1));
	assert_int_equal(call_by(v, VCPUOP_get_runstate_info, 1, ARGS), OK);
	memcpy(&info, fake_guest(ARGS), sizeof(info));
	assert_int_equal(info.state, RUNSTATE_offline);
	assert_int_equal(call_by(v, VCPUOP_get_runstate_info, 0, NOWHERE), E_FAULT);
}

static void areas_are_registered_and_written_at_once(void **state)
{
	const struct vcpu_register_runstate_memory_area runstate = {.addr.p = 0x7000};
	const struct vcpu_register_time_memory_area times = {.addr.p = 0x8000};

	(void)state;
	assert_int_equal(call_with(VCPUOP_register_runstate_memory_area, 1, &runstate, sizeof(runstate)), OK);
	assert_int_equal(other->runstate_area, 0x7000);
	assert_int_equal(fake_runstate_updates, 1);
	assert_int_equal(call_with(VCPUOP_register_vcpu_time_memory_area, 1, &times, sizeof(times)), OK);
	assert_int_equal(other->time_area, 0x8000);
	assert_int_equal(fake_time_updates, 1);
}

static void area_in_the_hypervisor_is_refused(void **state)
{
	const struct vcpu_register_runstate_memory_area runstate = {.addr.p = 0xfffff};
	const struct vcpu_register_time_memory_area times = {.addr.p = UINT64_MAX};

	(void)state;
	fake_guest_limit = 0x100000;
	assert_int_equal(call_with(VCPUOP_register_runstate_memory_area, 0, &runstate, sizeof(runstate)), E_FAULT);
	assert_int_equal(call_with(VCPUOP_register_vcpu_time_memory_area, 0, &times, sizeof(times)), E_FAULT);
	assert_int_equal(v->runstate_area, 0);
	assert_int_equal(v->time_area, 0);
}

static void arguments_nowhere_are_refused(void **state)
{
	const unsigned int ops[] = {VCPUOP_register_runstate_memory_area, VCPUOP_set_periodic_timer,
				    VCPUOP_set_singleshot_timer, VCPUOP_register_vcpu_info,
				    VCPUOP_register_vcpu_time_memory_area};

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(call_by(v, ops[i], 0, NOWHERE), E_FAULT);
}

static void info_moves_once_and_everything_counts_as_pending(void **state)
{
	struct vcpu_info *old = v->info;

	(void)state;
	assert_int_equal(register_info(0, 0x3c0), OK);
	assert_ptr_not_equal(v->info, old);
	assert_true(v->info->evtchn_pending_sel == ~UINT64_C(0));
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(register_info(0, 0x400), E_INVAL);
}

static void info_across_a_page_end_is_refused(void **state)
{
	(void)state;
	assert_int_equal(register_info(0, 4096 - sizeof(struct vcpu_info) + 8), E_INVAL);
	assert_int_equal(register_info(0, 4096), E_INVAL);
	assert_int_equal(register_info(0, UINT32_MAX), E_INVAL);
	assert_int_equal(register_info(0, 4096 - sizeof(struct vcpu_info)), OK);
}

static void info_out_of_alignment_is_refused(void **state)
{
	(void)state;
	assert_int_equal(register_info(0, 4), E_INVAL);
}

static void info_of_another_vcpu_that_is_up_is_refused(void **state)
{
	(void)state;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
	assert_int_equal(call(VCPUOP_up, 1), OK);
	assert_int_equal(register_info(1, 0), E_INVAL);
	assert_int_equal(call(VCPUOP_down, 1), OK);
	assert_int_equal(register_info(1, 0), OK);
}

/* As a kernel does after its resume: down, register and up, while the target's CPU has not taken the first one's interrupt. */
static void info_of_one_that_is_down_but_has_not_stopped_comes_again(void **state)
{
	struct vcpu_info *old;

	(void)state;
	assert_int_equal(call_by(v, VCPUOP_initialise, 1, 0x5000), OK);
	assert_int_equal(call(VCPUOP_up, 1), OK);
	while (!other->sched.running)
		sim_run(MS(1));
	old = other->info;
	fake_cpu_id = v->sched.cpu;
	assert_int_equal(call(VCPUOP_down, 1), OK);
	assert_true(other->sched.running);
	assert_int_equal(register_info(1, 0), E_RESTART);
	assert_ptr_equal(other->info, old);
	assert_int_equal(old->evtchn_upcall_pending, 0);
	sim_settle();
	assert_false(other->sched.running);
	assert_int_equal(register_info(1, 0), OK);
	assert_ptr_not_equal(other->info, old);
	assert_int_equal(call(VCPUOP_up, 1), OK);
}

static void info_that_cannot_be_mapped_changes_nothing(void **state)
{
	struct vcpu_info *old = v->info;

	(void)state;
	fake_info_map_status = E_INVAL;
	assert_int_equal(register_info(0, 0), E_INVAL);
	assert_ptr_equal(v->info, old);
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
}

static void singleshot_comes_at_its_time_and_once(void **state)
{
	uint64_t at = fake_now_ns + MS(3);

	(void)state;
	assert_int_equal(singleshot(0, at, VCPU_SSHOTTMR_future), OK);
	sim_run_until(at - 1);
	assert_false(timer_came());
	sim_run_until(at);
	assert_true(timer_came());
	sim_run(MS(100));
	assert_false(timer_came());
}

static void singleshot_wakes_who_blocks(void **state)
{
	(void)state;
	assert_int_equal(singleshot(0, fake_now_ns + MS(3), 0), OK);
	vcpu_block(v);
	sim_run(MS(2));
	assert_false(v->sched.running);
	sim_run(MS(1));
	assert_true(v->sched.running || v->sched.queued);
}

static void singleshot_in_the_past_comes_at_once_or_is_refused(void **state)
{
	(void)state;
	assert_int_equal(singleshot(0, fake_now_ns - 1, VCPU_SSHOTTMR_future), E_TIME);
	sim_settle();
	assert_false(timer_came());
	assert_int_equal(singleshot(0, fake_now_ns, VCPU_SSHOTTMR_future), OK);
	sim_settle();
	assert_true(timer_came());
	assert_int_equal(singleshot(0, 1, 0), OK);
	sim_settle();
	assert_true(timer_came());
}

static void singleshot_of_extreme_times_hurts_nobody(void **state)
{
	(void)state;
	assert_int_equal(singleshot(0, UINT64_MAX, 0), OK);
	sim_settle();
	assert_true(timer_came());
	assert_int_equal(singleshot(0, UINT64_MAX, VCPU_SSHOTTMR_future), E_TIME);
	assert_int_equal(singleshot(0, INT64_MAX, VCPU_SSHOTTMR_future), OK);
	sim_run(MS(100000));
	assert_false(timer_came());
	/* It is not in the way of the next. */
	assert_int_equal(singleshot(0, fake_now_ns + 5, 0), OK);
	sim_run(10);
	assert_true(timer_came());
}

static void singleshot_is_for_the_caller_alone(void **state)
{
	(void)state;
	assert_int_equal(singleshot(1, fake_now_ns, 0), E_INVAL);
	assert_int_equal(call(VCPUOP_stop_singleshot_timer, 1), E_INVAL);
}

static void stopped_singleshot_does_not_come(void **state)
{
	(void)state;
	assert_int_equal(singleshot(0, fake_now_ns + MS(3), 0), OK);
	assert_int_equal(call(VCPUOP_stop_singleshot_timer, 0), OK);
	sim_run(MS(10));
	assert_false(timer_came());
}

static void periodic_timer_comes_again_and_again(void **state)
{
	unsigned int count = 0;

	(void)state;
	assert_int_equal(periodic(MS(10)), OK);
	for (unsigned int i = 0; i < 1000; i++) {
		sim_run(MS(1));
		count += timer_came();
	}
	assert_int_equal(count, 100);
	assert_int_equal(call(VCPUOP_stop_periodic_timer, 0), OK);
	sim_run(MS(100));
	assert_false(timer_came());
}

static void a_vcpu_ticks_from_its_first_run_until_it_is_told_not_to(void **state)
{
	unsigned int count = 0;

	(void)state;
	other->initialised = true;
	vcpu_up(other);
	sim_run(MS(1));
	assert_true(other->sched.running);
	assert_int_equal(other->period_ns, MS(10));
	assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 1, &timer_port), OK);
	for (unsigned int i = 0; i < 100; i++) {
		sim_run(MS(1));
		count += timer_came();
	}
	assert_in_range(count, 9, 10);
	assert_int_equal(call(VCPUOP_stop_periodic_timer, 1), OK);
	sim_run(MS(100));
	assert_false(timer_came());
}

static void period_out_of_range_is_refused(void **state)
{
	(void)state;
	assert_int_equal(periodic(0), E_INVAL);
	assert_int_equal(periodic(MS(1) - 1), E_INVAL);
	assert_int_equal(periodic((UINT64_MAX >> 2) + 1), E_INVAL);
	assert_int_equal(periodic(UINT64_MAX), E_INVAL);
	assert_int_equal(periodic(MS(1)), OK);
	assert_int_equal(periodic(UINT64_MAX >> 2), OK);
	sim_run(MS(1000));
}

/* Ticks of vCPUs that do not run would cost others time. */
static void periodic_timer_is_silent_while_its_vcpu_sleeps_and_comes_once_after(void **state)
{
	(void)state;
	assert_int_equal(periodic(MS(1)), OK);
	sim_settle();
	vcpu_stop_for(v, VCPU_BLOCKED);
	sim_settle();
	(void)timer_came();
	sim_run(MS(100));
	assert_false(timer_came());
	vcpu_wake_from(v, VCPU_BLOCKED);
	sim_settle();
	assert_true(timer_came());
	sim_run(US(500));
	assert_false(timer_came());
}

static void nmi_reaches_the_vcpu(void **state)
{
	(void)state;
	assert_int_equal(call(VCPUOP_send_nmi, 1), OK);
	assert_int_equal(fake_nmis, 1);
	assert_int_equal(call_by(v, VCPUOP_send_nmi, 1, ARGS), E_INVAL);
}

static void physical_id_is_for_a_pinned_control_domain(void **state)
{
	struct cpuset one = {0};
	uint64_t id;

	(void)state;
	assert_int_equal(call_by(v, VCPUOP_get_physid, 0, ARGS), E_INVAL);
	assert_int_equal(call_by(zero->vcpu[0], VCPUOP_get_physid, 0, ARGS), E_INVAL);
	cpuset_add(&one, 1);
	assert_int_equal(sched_set_affinity(v, &one, &one), OK);
	assert_int_equal(sched_set_affinity(zero->vcpu[0], &one, &one), OK);
	assert_int_equal(call_by(v, VCPUOP_get_physid, 0, ARGS), E_INVAL);
	assert_int_equal(call_by(zero->vcpu[0], VCPUOP_get_physid, 0, NOWHERE), E_FAULT);
	assert_int_equal(call_by(zero->vcpu[0], VCPUOP_get_physid, 0, ARGS), OK);
	memcpy(&id, fake_guest(ARGS), sizeof(id));
	assert_true(id == arch_cpu_physical_id(1));
}

static void set_timer_comes_at_its_time_and_zero_stops_it(void **state)
{
	(void)state;
	assert_int_equal(set_timer(fake_now_ns + MS(3)), 0);
	sim_run(MS(3));
	assert_true(timer_came());
	assert_int_equal(set_timer(fake_now_ns + MS(3)), 0);
	assert_int_equal(set_timer(0), 0);
	sim_run(MS(10));
	assert_false(timer_came());
}

/* Nobody means to sleep for days; some who say so mean soon. */
static void set_timer_far_ahead_or_negative_comes_soon(void **state)
{
	const uint64_t deadlines[] = {UINT64_MAX, (uint64_t)INT64_MAX + 1, INT64_MAX, fake_now_ns + (UINT64_C(1) << 50)};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t from = fake_now_ns;

		assert_int_equal(set_timer(i == 3 ? from + (UINT64_C(1) << 50) : deadlines[i]), 0);
		sim_run_until(from + MS(100) - 1);
		assert_false(timer_came());
		sim_run_until(from + MS(100));
		assert_true(timer_came());
	}
	assert_int_equal(set_timer(fake_now_ns + (UINT64_C(1) << 50) - 1), 0);
	sim_run(MS(1000));
	assert_false(timer_came());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_operation_on_a_vcpu_that_is_not_there_is_refused),
		TEST(unknown_operation_is_refused),
		TEST(is_up_tells_those_that_are_there_apart),
		TEST(vcpu_comes_up_after_its_initialisation),
		TEST(second_initialisation_is_refused),
		TEST(initialisation_of_what_another_cpu_initialises_comes_again),
		TEST(failed_initialisation_can_be_repeated),
		TEST(vcpu_without_info_is_not_initialised),
		TEST(vcpu_without_info_does_not_run_until_it_has_one),
		TEST(vcpu_goes_down_and_comes_up_again),
		TEST(event_does_not_wake_what_is_down),
		TEST(last_vcpu_that_goes_down_shuts_its_domain_down),
		TEST(runstate_is_told),
		TEST(areas_are_registered_and_written_at_once),
		TEST(area_in_the_hypervisor_is_refused),
		TEST(arguments_nowhere_are_refused),
		TEST(info_moves_once_and_everything_counts_as_pending),
		TEST(info_across_a_page_end_is_refused),
		TEST(info_out_of_alignment_is_refused),
		TEST(info_of_another_vcpu_that_is_up_is_refused),
		TEST(info_of_one_that_is_down_but_has_not_stopped_comes_again),
		TEST(info_that_cannot_be_mapped_changes_nothing),
		TEST(singleshot_comes_at_its_time_and_once),
		TEST(singleshot_wakes_who_blocks),
		TEST(singleshot_in_the_past_comes_at_once_or_is_refused),
		TEST(singleshot_of_extreme_times_hurts_nobody),
		TEST(singleshot_is_for_the_caller_alone),
		TEST(stopped_singleshot_does_not_come),
		TEST(periodic_timer_comes_again_and_again),
		TEST(a_vcpu_ticks_from_its_first_run_until_it_is_told_not_to),
		TEST(period_out_of_range_is_refused),
		TEST(periodic_timer_is_silent_while_its_vcpu_sleeps_and_comes_once_after),
		TEST(nmi_reaches_the_vcpu),
		TEST(physical_id_is_for_a_pinned_control_domain),
		TEST(set_timer_comes_at_its_time_and_zero_stops_it),
		TEST(set_timer_far_ahead_or_negative_comes_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
