/* The life of domains: creation, finding, pauses, shutdown, destruction in steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/cpu_sim.h"

#define PORT_DOM_EXC 1u

static struct domain *zero, *d;
static uint64_t frames_before;

static const struct domain_config any = {
	.id = DOMID_INVALID, .vcpu_max = 2, .evtchn_port_max = 8, .grant_frames_max = 1, .maptrack_frames_max = 1,
};

/* Domain 0 listens for the ends of domains; domain 1 is busy on two CPUs. */
static int setup(void **state)
{
	uint32_t port;

	(void)state;
	sim_start(3);
	frames_before = frames_free_count();
	zero = sim_busy_domain(0, 1, 256);
	assert_int_equal(evtchn_bind_virq(zero, VIRQ_DOM_EXC, 0, &port), OK);
	assert_int_equal(port, PORT_DOM_EXC);
	d = sim_busy_domain(1, 2, 256);
	sim_run(MS(1));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_preempt_in = 0;
	sim_end();
	assert_int_equal(frames_free_count(), frames_before);
	return 0;
}

/* Was domain 0 told since the last time? */
static bool was_told(void)
{
	bool told = evtchn_is_pending(zero, PORT_DOM_EXC);

	zero->shared_info->evtchn_pending[0] &= ~BIT(PORT_DOM_EXC);
	return told;
}

static bool is_running(const struct domain *of)
{
	for (unsigned int i = 0; i < of->vcpu_max; i++)
		if (of->vcpu[i] && of->vcpu[i]->sched.running)
			return true;
	return false;
}

static bool exists(domid_t id)
{
	struct domain *found = domain_find(id);

	if (found)
		domain_put(found);
	return found;
}

static void new_domain_is_paused_and_has_one_reference(void **state)
{
	struct domain *new;

	(void)state;
	assert_int_equal(domain_create(&any, &new), OK);
	assert_int_equal(new->references, 1);
	assert_int_equal(new->control_pause_count, 1);
	assert_int_equal(new->pause_count, 1);
	assert_true(domain_is_stopped(new));
	assert_int_equal(new->sched.weight, SCHED_WEIGHT_DEFAULT);
}

static void vcpus_of_a_new_domain_mask_their_events(void **state)
{
	struct domain *new;

	(void)state;
	assert_int_equal(domain_create(&any, &new), OK);
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		assert_int_equal(new->shared_info->vcpu_info[i].evtchn_upcall_mask, 1);
}

static void ids_are_given_in_turn_and_not_used_again_at_once(void **state)
{
	struct domain *a, *b, *c;
	domid_t id;

	(void)state;
	assert_int_equal(domain_create(&any, &a), OK);
	id = a->id;
	assert_int_equal(domain_create(&any, &b), OK);
	assert_int_equal(b->id, id + 1);
	sim_kill(a);
	assert_int_equal(domain_create(&any, &c), OK);
	assert_int_equal(c->id, id + 2);
}

static void search_for_a_free_id_wraps_around_over_those_in_use(void **state)
{
	struct domain_config last = any;
	struct domain *new;

	(void)state;
	last.id = DOMID_FIRST_RESERVED - 1;
	assert_int_equal(domain_create(&last, &new), OK);
	last.id = 2;
	assert_int_equal(domain_create(&last, &new), OK);
	for (unsigned int i = 0; i < DOMAINS_MAX; i++) {
		assert_int_equal(domain_create(&any, &new), OK);
		assert_true(new->id != 0 && new->id != 1 && new->id != 2 && new->id < DOMID_FIRST_RESERVED - 1);
		if (new->id == 3)
			return;
		sim_kill(new);
	}
	fail();
}

static void id_in_use_is_refused(void **state)
{
	struct domain_config config = any;
	struct domain *new;

	(void)state;
	config.id = 1;
	assert_int_equal(domain_create(&config, &new), E_EXIST);
}

static void reserved_id_is_refused(void **state)
{
	struct domain_config config = any;
	struct domain *new;

	(void)state;
	config.id = DOMID_FIRST_RESERVED;
	assert_int_equal(domain_create(&config, &new), E_INVAL);
	config.id = DOMID_SELF;
	assert_int_equal(domain_create(&config, &new), E_INVAL);
}

static void number_of_vcpus_out_of_range_is_refused(void **state)
{
	struct domain_config config = any;
	struct domain *new;

	(void)state;
	config.vcpu_max = 0;
	assert_int_equal(domain_create(&config, &new), E_INVAL);
	config.vcpu_max = VCPUS_MAX + 1;
	assert_int_equal(domain_create(&config, &new), E_INVAL);
}

static void failed_creation_leaves_nothing_behind(void **state)
{
	uint64_t before = frames_free_count();
	struct domain *new;
	struct vcpu *v;

	(void)state;
	fake_domain_create_status = E_NOMEM;
	assert_int_equal(domain_create(&any, &new), E_NOMEM);
	fake_domain_create_status = OK;
	assert_int_equal(frames_free_count(), before);
	assert_int_equal(fake_domains_alive, 2);
	assert_int_equal(domain_create(&any, &new), OK);
	fake_vcpu_create_status = E_NOMEM;
	assert_int_equal(vcpu_create(new, 0, &v), E_NOMEM);
	fake_vcpu_create_status = OK;
	assert_null(new->vcpu[0]);
}

static void creation_without_memory_is_refused_at_every_page(void **state)
{
	struct domain *new;
	enum status status = E_NOMEM;

	(void)state;
	for (unsigned int left = 0; status == E_NOMEM; left++) {
		fake_memory_leave(left);
		status = domain_create(&any, &new);
		fake_memory_unleave();
	}
	assert_int_equal(status, OK);
}

static void vcpu_is_made_once_and_within_the_limit(void **state)
{
	struct domain *new;
	struct vcpu *v;

	(void)state;
	assert_int_equal(domain_create(&any, &new), OK);
	assert_int_equal(vcpu_create(new, 2, &v), E_INVAL);
	assert_int_equal(vcpu_create(new, 1, &v), OK);
	assert_int_equal(vcpu_create(new, 1, &v), E_EXIST);
	assert_ptr_equal(domain_vcpu(new, 1), v);
	assert_null(domain_vcpu(new, 0));
	assert_null(domain_vcpu(new, UINT32_MAX));
	assert_false(vcpu_is_runnable(v));
	assert_ptr_equal(v->info, &new->shared_info->vcpu_info[1]);
}

static void dying_domain_gets_no_vcpu(void **state)
{
	struct domain *new;
	struct vcpu *v;

	(void)state;
	assert_int_equal(domain_create(&any, &new), OK);
	domain_get(new);
	assert_int_equal(domain_kill(new), OK);
	assert_int_equal(vcpu_create(new, 0, &v), E_INVAL);
	domain_put(new);
}

static void domains_are_walked_in_ascending_order(void **state)
{
	const domid_t ids[] = {500, 7, 263, 300};
	const domid_t order[] = {0, 1, 7, 263, 300, 500};
	struct domain_config config = any;
	struct domain *found = NULL;
	unsigned int count = 0;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct domain *new;

		config.id = ids[i];
		assert_int_equal(domain_create(&config, &new), OK);
	}
	while ((found = domain_find_next(found ? (domid_t)(found->id + 1) : 0))) {
		assert_int_equal(found->id, order[count++]);
		domain_put(found);
	}
	assert_int_equal(count, 6);
	assert_true(exists(7) && exists(263));
	assert_false(exists(8));
}

static void self_and_own_id_both_mean_the_caller(void **state)
{
	struct domain *found;

	(void)state;
	found = domain_find_for(d, DOMID_SELF);
	assert_ptr_equal(found, d);
	domain_put(found);
	found = domain_find_for(d, 1);
	assert_ptr_equal(found, d);
	domain_put(found);
	found = domain_find_for(d, 0);
	assert_ptr_equal(found, zero);
	domain_put(found);
	assert_null(domain_find_for(d, 99));
}

static void paused_domain_stops_on_all_cpus_and_starts_again(void **state)
{
	(void)state;
	assert_true(is_running(d));
	assert_int_equal(domain_control_pause(d), OK);
	assert_false(domain_is_stopped(d));
	sim_settle();
	assert_true(domain_is_stopped(d));
	assert_false(is_running(d));
	sim_run(MS(50));
	assert_false(is_running(d));
	assert_int_equal(domain_control_unpause(d), OK);
	sim_settle();
	assert_true(is_running(d));
}

static void pauses_are_counted(void **state)
{
	(void)state;
	domain_pause(d);
	domain_pause(d);
	domain_unpause(d);
	sim_run(MS(20));
	assert_false(is_running(d));
	domain_unpause(d);
	sim_settle();
	assert_true(is_running(d));
}

static void unpausing_what_is_not_paused_is_refused(void **state)
{
	(void)state;
	assert_int_equal(domain_control_unpause(d), E_INVAL);
	assert_int_equal(d->pause_count, 0);
}

static void pausing_without_end_is_refused(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 255; i++)
		assert_int_equal(domain_control_pause(d), OK);
	assert_int_equal(domain_control_pause(d), E_RANGE);
	for (unsigned int i = 0; i < 255; i++)
		assert_int_equal(domain_control_unpause(d), OK);
}

static void shutdown_stops_the_domain_and_tells_domain_0(void **state)
{
	(void)state;
	assert_false(was_told());
	domain_shutdown(d, SHUTDOWN_reboot);
	assert_true(was_told());
	assert_true(d->is_shutdown);
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
	sim_run(MS(20));
	assert_false(is_running(d));
	assert_true(exists(1));
}

static void only_the_first_shutdown_counts(void **state)
{
	(void)state;
	domain_shutdown(d, SHUTDOWN_reboot);
	(void)was_told();
	domain_shutdown(d, SHUTDOWN_poweroff);
	assert_false(was_told());
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
	assert_int_equal(d->pause_count, 1);
}

static void latched_code_wins(void **state)
{
	(void)state;
	domain_latch_shutdown_code(d, SHUTDOWN_watchdog);
	domain_latch_shutdown_code(d, SHUTDOWN_reboot);
	assert_false(d->is_shutdown);
	domain_shutdown(d, SHUTDOWN_poweroff);
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
}

static void suspended_domain_goes_on_after_resume(void **state)
{
	(void)state;
	domain_shutdown(d, SHUTDOWN_suspend);
	sim_settle();
	domain_resume(d);
	assert_false(d->is_shutdown);
	assert_int_equal(d->shutdown_code, SHUTDOWN_CODE_NONE);
	sim_settle();
	assert_true(is_running(d));
	domain_resume(d);
	assert_int_equal(d->pause_count, 0);
	domain_shutdown(d, SHUTDOWN_reboot);
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
}

static void crash_stops_the_domain_with_that_reason(void **state)
{
	(void)state;
	domain_crash(d, "it did %s", "wrong");
	domain_crash(d, "and again");
	assert_true(was_told());
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	sim_settle();
	assert_false(is_running(d));
}

/* In the middle of a call of its own: the call goes on, and the vCPU stops on its way out. */
static void crash_of_the_current_vcpu_is_due_at_once(void **state)
{
	unsigned int cpu = d->vcpu[0]->sched.cpu;

	(void)state;
	fake_cpu_id = cpu;
	spin_lock(&d->mm_lock);
	domain_crash(d, "in the middle");
	spin_unlock(&d->mm_lock);
	assert_true(sched_is_due(cpu));
	assert_true(d->vcpu[0]->sched.running);
	assert_ptr_not_equal(sched_pick(cpu, d->vcpu[0]), d->vcpu[0]);
	sim_runs[cpu] = NULL;
	sched_switched(d->vcpu[0]);
}

static void shutdown_of_domain_0_is_the_machines(void **state)
{
	jmp_buf jump;

	(void)state;
	fake_shutdown_jump = &jump;
	if (!setjmp(jump)) {
		domain_shutdown(zero, SHUTDOWN_poweroff);
		fail();
	}
	fake_shutdown_jump = NULL;
	assert_int_equal(fake_shutdown_reason, SHUTDOWN_poweroff);
	fake_shutdown_reason = -1;
}

static void killed_domain_is_gone_and_domain_0_is_told(void **state)
{
	(void)state;
	sim_kill(d);
	assert_true(was_told());
	assert_false(exists(1));
	assert_int_equal(fake_domains_alive, 1);
}

/* A vCPU still runs elsewhere: the call must come again, and must not wait. */
static void kill_comes_again_until_the_vcpus_have_stopped(void **state)
{
	(void)state;
	domain_get(d);
	assert_int_equal(domain_kill(d), E_RESTART);
	assert_int_equal(d->state, DOMAIN_DYING);
	assert_int_equal(domain_kill(d), E_RESTART);
	sim_settle();
	assert_int_equal(domain_kill(d), OK);
	assert_int_equal(d->state, DOMAIN_DEAD);
	assert_int_equal(domain_kill(d), OK);
	domain_put(d);
}

static void kill_comes_again_until_the_architecture_is_done(void **state)
{
	unsigned int restarts = 0;

	(void)state;
	d->arch.relinquish_steps = 5;
	domain_pause(d);
	sim_settle();
	domain_get(d);
	while (domain_kill(d) == E_RESTART)
		restarts++;
	domain_put(d);
	assert_int_equal(restarts, 5);
}

static void second_killer_is_told_to_come_again(void **state)
{
	(void)state;
	domain_get(d);
	assert_true(spin_trylock(&d->kill_lock));
	assert_int_equal(domain_kill(d), E_RESTART);
	assert_int_equal(d->state, DOMAIN_ALIVE);
	spin_unlock(&d->kill_lock);
	domain_put(d);
}

static void dead_domain_is_found_until_its_last_reference_goes(void **state)
{
	struct domain *found;

	(void)state;
	domain_get(d);
	sim_kill(d);
	assert_true(was_told());
	found = domain_find(1);
	assert_ptr_equal(found, d);
	assert_int_equal(found->state, DOMAIN_DEAD);
	domain_put(found);
	domain_put(d);
	assert_false(exists(1));
	assert_true(was_told());
}

static void killed_domain_never_runs_again(void **state)
{
	(void)state;
	domain_get(d);
	sim_kill(d);
	domain_resume(d);
	assert_int_equal(domain_control_unpause(d), E_INVAL);
	sched_wake(d->vcpu[0]);
	sim_run(MS(10));
	assert_false(is_running(d));
	domain_put(d);
}

static void armed_timers_do_not_outlive_their_domain(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		vcpu_singleshot_set(d->vcpu[i], fake_now_ns + MS(5));
		vcpu_periodic_set(d->vcpu[i], MS(1));
		vcpu_poll_timer_set(d->vcpu[i], fake_now_ns + MS(6));
	}
	assert_int_equal(domain_watchdog(d, 0, 1), 1);
	assert_int_equal(sched_set_params(d, 256, 1), OK);
	sim_run(US(1500));
	sim_kill(d);
	sim_run(MS(2000));
}

static struct domain *killed;
static enum status killed_status;

static void kill_inside(struct timer *t)
{
	(void)t;
	killed_status = domain_kill(killed);
}

static void kill_waits_for_a_timer_function_that_runs(void **state)
{
	(void)state;
	domain_pause(d);
	sim_settle();
	killed = d;
	domain_get(d);
	timer_init(&d->vcpu[0]->singleshot, kill_inside, 0);
	vcpu_singleshot_set(d->vcpu[0], fake_now_ns + 1000);
	sim_run(MS(1));
	assert_int_equal(killed_status, E_RESTART);
	assert_int_equal(domain_kill(d), OK);
	domain_put(d);
}

static void watchdog_shuts_its_domain_down_when_it_expires(void **state)
{
	(void)state;
	assert_int_equal(domain_watchdog(d, 0, 2), 1);
	sim_run(MS(1999));
	assert_false(d->is_shutdown);
	sim_run(MS(2));
	assert_true(d->is_shutdown);
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
}

static void watchdog_that_is_set_again_in_time_does_not_expire(void **state)
{
	(void)state;
	assert_int_equal(domain_watchdog(d, 0, 1), 1);
	for (unsigned int i = 0; i < 5; i++) {
		sim_run(MS(900));
		assert_int_equal(domain_watchdog(d, 1, 1), 0);
	}
	assert_int_equal(domain_watchdog(d, 1, 0), 0);
	sim_run(MS(5000));
	assert_false(d->is_shutdown);
}

static void watchdogs_are_two_and_numbered_from_1(void **state)
{
	(void)state;
	assert_int_equal(domain_watchdog(d, 1, 5), E_INVAL);
	assert_int_equal(domain_watchdog(d, 3, 5), E_INVAL);
	assert_int_equal(domain_watchdog(d, UINT32_MAX, 5), E_INVAL);
	assert_int_equal(domain_watchdog(d, 0, 5), 1);
	assert_int_equal(domain_watchdog(d, 0, UINT32_MAX), 2);
	assert_int_equal(domain_watchdog(d, 0, 5), E_NOSPC);
	assert_int_equal(domain_watchdog(d, 1, 0), 0);
	assert_int_equal(domain_watchdog(d, 1, 0), E_INVAL);
	assert_int_equal(domain_watchdog(d, 0, 7), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_domain_is_paused_and_has_one_reference),
		TEST(vcpus_of_a_new_domain_mask_their_events),
		TEST(ids_are_given_in_turn_and_not_used_again_at_once),
		TEST(search_for_a_free_id_wraps_around_over_those_in_use),
		TEST(id_in_use_is_refused),
		TEST(reserved_id_is_refused),
		TEST(number_of_vcpus_out_of_range_is_refused),
		TEST(failed_creation_leaves_nothing_behind),
		TEST(creation_without_memory_is_refused_at_every_page),
		TEST(vcpu_is_made_once_and_within_the_limit),
		TEST(dying_domain_gets_no_vcpu),
		TEST(domains_are_walked_in_ascending_order),
		TEST(self_and_own_id_both_mean_the_caller),
		TEST(paused_domain_stops_on_all_cpus_and_starts_again),
		TEST(pauses_are_counted),
		TEST(unpausing_what_is_not_paused_is_refused),
		TEST(pausing_without_end_is_refused),
		TEST(shutdown_stops_the_domain_and_tells_domain_0),
		TEST(only_the_first_shutdown_counts),
		TEST(latched_code_wins),
		TEST(suspended_domain_goes_on_after_resume),
		TEST(crash_stops_the_domain_with_that_reason),
		TEST(crash_of_the_current_vcpu_is_due_at_once),
		TEST(shutdown_of_domain_0_is_the_machines),
		TEST(killed_domain_is_gone_and_domain_0_is_told),
		TEST(kill_comes_again_until_the_vcpus_have_stopped),
		TEST(kill_comes_again_until_the_architecture_is_done),
		TEST(second_killer_is_told_to_come_again),
		TEST(dead_domain_is_found_until_its_last_reference_goes),
		TEST(killed_domain_never_runs_again),
		TEST(armed_timers_do_not_outlive_their_domain),
		TEST(kill_waits_for_a_timer_function_that_runs),
		TEST(watchdog_shuts_its_domain_down_when_it_expires),
		TEST(watchdog_that_is_set_again_in_time_does_not_expire),
		TEST(watchdogs_are_two_and_numbered_from_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
