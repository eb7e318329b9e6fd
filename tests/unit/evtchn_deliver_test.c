/* How an event reaches a guest: bits, vCPUs, virtual and device interrupts, pollers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/three_domains.h"

static int setup(void **state)
{
	(void)state;
	three_domains_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	three_domains_end();
	return 0;
}

#define OP(v, op, args) call_once(hypercall_event_channel_op, (v), EVTCHNOP_##op, &(args), sizeof(args), 0)

static long send(unsigned int d, uint32_t port)
{
	struct evtchn_send a = {.port = port};

	return OP(cpu[d][0], send, a);
}

static long bind_virq(unsigned int d, uint32_t virq, uint32_t vcpu, uint32_t *port)
{
	struct evtchn_bind_virq a = {.virq = virq, .vcpu = vcpu};
	long r = OP(cpu[d][0], bind_virq, a);

	*port = a.port;
	return r;
}

static long bind_pirq(unsigned int d, uint32_t pirq, uint32_t *port)
{
	struct evtchn_bind_pirq a = {.pirq = pirq, .flags = BIND_PIRQ__WILL_SHARE};
	long r = OP(cpu[d][0], bind_pirq, a);

	*port = a.port;
	return r;
}

static void link_domains(unsigned int a, unsigned int b, uint32_t *port_a, uint32_t *port_b)
{
	must(evtchn_alloc_unbound(dom[a], (domid_t)b, port_a));
	must(evtchn_bind_interdomain(dom[b], dom[a], *port_a, port_b));
}

/* As a guest does: takes the events off vCPU `id` and says which ports were pending, up to 64. */
static uint64_t take_events(unsigned int d, unsigned int id)
{
	struct shared_info *s = dom[d]->shared_info;
	struct vcpu_info *info = cpu[d][id]->info;
	uint64_t word = 0;

	if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST))
		return 0;
	if (__atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST) & 1)
		word = __atomic_fetch_and(&s->evtchn_pending[0], s->evtchn_mask[0], __ATOMIC_SEQ_CST) & ~s->evtchn_mask[0];
	return word;
}

static void send_sets_all_three_levels_at_the_other_end(void **state)
{
	uint32_t a, b;

	(void)state;
	link_domains(1, 2, &a, &b);
	assert_int_equal(take_events(2, 0), BIT(b)); /* the one of the binding */
	assert_int_equal(send(2, b), OK);
	assert_true(bit_test(dom[1]->shared_info->evtchn_pending, a));
	assert_int_equal(cpu[1][0]->info->evtchn_pending_sel, BIT(a / 64));
	assert_int_equal(cpu[1][0]->info->evtchn_upcall_pending, 1);
	assert_int_equal(cpu[1][1]->info->evtchn_upcall_pending, 0);
	assert_int_equal(take_events(2, 0), 0);
}

static void port_above_64_selects_its_own_word(void **state)
{
	uint32_t port;

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		must(evtchn_bind_ipi(dom[1], 1, &port));
	assert_int_equal(send(1, port), OK);
	assert_int_equal(cpu[1][1]->info->evtchn_pending_sel, BIT(200 / 64));
	assert_int_equal(dom[1]->shared_info->evtchn_pending[200 / 64], BIT(200 % 64));
}

static void masked_port_becomes_pending_without_telling_the_vcpu(void **state)
{
	uint32_t port;

	(void)state;
	must(evtchn_bind_ipi(dom[1], 0, &port));
	bit_set(dom[1]->shared_info->evtchn_mask, port);
	assert_int_equal(send(1, port), OK);
	assert_true(evtchn_is_pending(dom[1], port));
	assert_int_equal(cpu[1][0]->info->evtchn_pending_sel, 0);
	assert_int_equal(cpu[1][0]->info->evtchn_upcall_pending, 0);
}

static void unmasking_a_pending_port_tells_its_vcpu(void **state)
{
	struct evtchn_unmask a;
	uint32_t port;

	(void)state;
	must(evtchn_bind_ipi(dom[1], 1, &port));
	bit_set(dom[1]->shared_info->evtchn_mask, port);
	assert_int_equal(send(1, port), OK);
	a.port = port;
	assert_int_equal(OP(cpu[1][0], unmask, a), OK);
	assert_false(bit_test(dom[1]->shared_info->evtchn_mask, port));
	assert_int_equal(take_events(1, 1), BIT(port));
	/* Nothing was masked: nothing happens. */
	assert_int_equal(send(1, port), OK);
	assert_int_equal(take_events(1, 1), BIT(port));
	assert_int_equal(OP(cpu[1][0], unmask, a), OK);
	assert_int_equal(take_events(1, 1), 0);
}

static void unmasking_a_port_that_is_not_there_is_refused(void **state)
{
	struct evtchn_unmask a = {.port = 256};

	(void)state;
	assert_int_equal(OP(cpu[1][0], unmask, a), E_INVAL);
	a.port = UINT32_MAX;
	assert_int_equal(OP(cpu[1][0], unmask, a), E_INVAL);
}

static void send_on_an_unbound_port_is_dropped(void **state)
{
	uint32_t port;

	(void)state;
	must(evtchn_alloc_unbound(dom[1], 2, &port));
	assert_int_equal(send(1, port), OK);
	assert_false(evtchn_is_pending(dom[1], port));
}

static void send_on_what_cannot_send_is_refused(void **state)
{
	uint32_t port;

	(void)state;
	assert_int_equal(send(1, 0), E_INVAL);
	assert_int_equal(send(1, 1), E_INVAL);
	assert_int_equal(send(1, 4096), E_INVAL);
	assert_int_equal(send(1, UINT32_MAX), E_INVAL);
	must(evtchn_bind_virq(dom[1], VIRQ_DEBUG, 0, &port));
	assert_int_equal(send(1, port), E_INVAL);
	must(evtchn_bind_pirq(dom[0], 3, false, &port));
	assert_int_equal(send(0, port), E_INVAL);
}

static void moved_port_tells_its_new_vcpu(void **state)
{
	uint32_t a, b;

	(void)state;
	link_domains(1, 2, &a, &b);
	must(evtchn_bind_vcpu(dom[1], a, 1));
	assert_int_equal(send(2, b), OK);
	assert_int_equal(take_events(1, 0), 0);
	assert_int_equal(take_events(1, 1), BIT(a));
}

static void scribbled_shared_bits_hurt_only_the_scribbler(void **state)
{
	uint32_t a, b;

	(void)state;
	link_domains(1, 2, &a, &b);
	memset(dom[1]->shared_info, 0xff, sizeof(struct shared_info));
	assert_int_equal(send(2, b), OK);
	memset(dom[1]->shared_info, 0, sizeof(struct shared_info));
	assert_int_equal(send(2, b), OK);
	assert_int_equal(take_events(1, 0), BIT(a));
}

static void vcpu_without_info_gets_pending_bits_and_all_when_it_has_one(void **state)
{
	static struct vcpu_info own;
	struct vcpu *v = cpu[1][1];
	uint32_t port;

	(void)state;
	memset(&own, 0, sizeof(own));
	v->info = NULL;
	must(evtchn_bind_ipi(dom[1], 1, &port));
	assert_int_equal(send(1, port), OK);
	assert_true(evtchn_is_pending(dom[1], port));
	v->info = &own;
	evtchn_vcpu_info_moved(v);
	assert_true(own.evtchn_pending_sel == UINT64_MAX);
	assert_int_equal(own.evtchn_upcall_pending, 1);
}

static void virq_reaches_the_vcpu_that_bound_it(void **state)
{
	uint32_t port0, port1;

	(void)state;
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, &port0), OK);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &port1), OK);
	evtchn_send_vcpu_virq(cpu[1][1], VIRQ_TIMER);
	assert_int_equal(take_events(1, 0), 0);
	assert_int_equal(take_events(1, 1), BIT(port1));
}

static void virq_that_nobody_bound_is_dropped(void **state)
{
	(void)state;
	evtchn_send_vcpu_virq(cpu[1][0], VIRQ_DEBUG);
	evtchn_send_global_virq(VIRQ_CON_RING);
	assert_int_equal(cpu[1][0]->info->evtchn_upcall_pending, 0);
	assert_int_equal(cpu[0][0]->info->evtchn_upcall_pending, 0);
}

static void virq_is_bound_once_for_each_vcpu(void **state)
{
	struct evtchn_close c;
	uint32_t port;

	(void)state;
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, &c.port), OK);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, &port), E_EXIST);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &port), OK);
	assert_int_equal(OP(cpu[1][0], close, c), OK);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, &port), OK);
}

static void virq_or_vcpu_that_is_not_there_is_refused(void **state)
{
	uint32_t port;

	(void)state;
	assert_int_equal(bind_virq(1, NR_VIRQS, 0, &port), E_INVAL);
	assert_int_equal(bind_virq(1, UINT32_MAX, 0, &port), E_INVAL);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, VCPUS, &port), E_NOENT);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, UINT32_MAX, &port), E_NOENT);
}

static void global_virq_of_the_machine_is_for_domain_0(void **state)
{
	static const uint32_t global[] = {VIRQ_CONSOLE, VIRQ_DOM_EXC, VIRQ_TBUF, VIRQ_DEBUGGER, VIRQ_CON_RING,
					  VIRQ_PCPU_STATE, VIRQ_MEM_EVENT, VIRQ_ENOMEM, VIRQ_ARCH_0};
	uint32_t port;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_COUNT(global); i++) {
		assert_int_equal(bind_virq(1, global[i], 0, &port), E_PERM);
		assert_int_equal(bind_virq(0, global[i], 1, &port), E_INVAL);
		assert_int_equal(bind_virq(0, global[i], 0, &port), OK);
		assert_int_equal(bind_virq(0, global[i], 0, &port), E_EXIST);
	}
	assert_int_equal(bind_virq(1, VIRQ_ARGO, 0, &port), OK);
}

static void refused_global_virq_leaves_domain_0s_binding_alone(void **state)
{
	uint32_t port, mine;

	(void)state;
	assert_int_equal(bind_virq(0, VIRQ_DOM_EXC, 0, &port), OK);
	assert_int_equal(bind_virq(1, VIRQ_DOM_EXC, 0, &mine), E_PERM);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_int_equal(take_events(0, 0), BIT(port));
}

static void global_virq_follows_its_port_to_another_vcpu(void **state)
{
	uint32_t port;

	(void)state;
	assert_int_equal(bind_virq(0, VIRQ_DOM_EXC, 0, &port), OK);
	must(evtchn_bind_vcpu(dom[0], port, 1));
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_int_equal(take_events(0, 0), 0);
	assert_int_equal(take_events(0, 1), BIT(port));
	must(evtchn_close(dom[0], port));
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_int_equal(take_events(0, 1), 0);
	assert_int_equal(bind_virq(0, VIRQ_DOM_EXC, 0, &port), OK);
}

static void virq_without_a_free_port_is_refused_and_not_remembered(void **state)
{
	struct vcpu *v = cpu[1][0];
	uint32_t port;

	(void)state;
	for (uint32_t i = 1; i <= TEST_PORT_MAX; i++)
		must(evtchn_alloc_unbound(dom[1], 0, &port));
	assert_int_equal(bind_virq(1, VIRQ_DEBUG, 0, &port), E_NOSPC);
	assert_int_equal(v->virq_port[VIRQ_DEBUG], 0);
	evtchn_send_vcpu_virq(v, VIRQ_DEBUG);
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
}

static void pirq_makes_its_port_pending_until_it_is_closed(void **state)
{
	struct evtchn_close c;

	(void)state;
	assert_int_equal(bind_pirq(0, 5, &c.port), OK);
	assert_true(fake_pirqs[5].will_share);
	fake_pirq_raise(5);
	assert_int_equal(take_events(0, 0), BIT(c.port));
	assert_int_equal(OP(cpu[0][0], close, c), OK);
	assert_null(fake_pirqs[5].domain);
	fake_pirq_raise(5);
	assert_int_equal(take_events(0, 0), 0);
}

static void pirq_that_the_machine_refuses_leaves_no_port(void **state)
{
	uint32_t port;

	(void)state;
	assert_int_equal(bind_pirq(1, 5, &port), E_PERM);
	assert_int_equal(bind_pirq(0, FAKE_PIRQS, &port), E_INVAL);
	assert_int_equal(bind_pirq(0, 5, &port), OK);
	assert_int_equal(bind_pirq(0, 5, &port), E_EXIST);
	assert_int_equal(dom[0]->evtchn.open_count, 1);
	assert_int_equal(dom[1]->evtchn.open_count, 0);
}

static void pirq_follows_its_port_and_hears_of_the_unmasking(void **state)
{
	struct evtchn_unmask a;

	(void)state;
	assert_int_equal(bind_pirq(0, 5, &a.port), OK);
	must(evtchn_bind_vcpu(dom[0], a.port, 1));
	assert_int_equal(fake_pirqs[5].vcpu, 1);
	fake_pirq_raise(5);
	assert_int_equal(take_events(0, 1), BIT(a.port));
	assert_int_equal(OP(cpu[0][0], unmask, a), OK);
	assert_int_equal(fake_pirqs[5].unmasks, 1);
}

static void interrupt_for_a_port_that_is_no_pirq_does_nothing(void **state)
{
	uint32_t port;

	(void)state;
	must(evtchn_bind_ipi(dom[0], 0, &port));
	evtchn_send_port(dom[0], port);
	evtchn_send_port(dom[0], 4095);
	assert_false(evtchn_is_pending(dom[0], port));
}

static void poller_wakes_for_its_port_and_for_no_other_masked_one(void **state)
{
	struct vcpu *v = cpu[1][0];
	uint32_t mine, other;

	(void)state;
	must(evtchn_bind_ipi(dom[1], 1, &mine));
	must(evtchn_bind_ipi(dom[1], 1, &other));
	bit_set(dom[1]->shared_info->evtchn_mask, mine);
	bit_set(dom[1]->shared_info->evtchn_mask, other);
	v->poll_port = mine;
	vcpu_poll_begin(v);
	assert_int_equal(send(1, other), OK);
	assert_true(v->stop & VCPU_POLLING);
	assert_int_equal(send(1, mine), OK);
	assert_false(v->stop & VCPU_POLLING);
}

static void poller_of_several_ports_wakes_for_each(void **state)
{
	struct vcpu *v = cpu[1][0];
	uint32_t port;

	(void)state;
	must(evtchn_bind_ipi(dom[1], 1, &port));
	v->poll_port = 0;
	vcpu_poll_begin(v);
	assert_int_equal(send(1, port), OK);
	assert_false(v->stop & VCPU_POLLING);
}

/* As long as anybody polls, whoever sends looks for him: however the poll of another one has ended, in two ways at once, too. */
static void pollers_are_found_whoever_ends_his_poll(void **state)
{
	struct vcpu *first = cpu[1][0], *second = cpu[1][1];
	uint32_t port;

	(void)state;
	must(evtchn_bind_ipi(dom[1], 1, &port));
	second->poll_port = 0;
	vcpu_poll_begin(second);
	for (unsigned int i = 0; i < 3; i++) {
		vcpu_poll_begin(first);
		assert_int_equal(dom[1]->polling, 2);
		if (i == 0)
			vcpu_poll_end(first);
		else
			vcpu_wake_from(first, VCPU_POLLING | VCPU_BLOCKED);
		vcpu_wake_from(first, VCPU_POLLING);
		vcpu_poll_end(first);
		assert_int_equal(dom[1]->polling, 1);
	}
	vcpu_stop_for(second, VCPU_POLLING);
	assert_int_equal(dom[1]->polling, 1);
	assert_int_equal(send(1, port), OK);
	assert_false(second->stop & VCPU_POLLING);
	assert_int_equal(dom[1]->polling, 0);
}

static void event_wakes_a_blocked_vcpu(void **state)
{
	struct vcpu *v = cpu[1][1];
	uint32_t port;

	(void)state;
	must(evtchn_bind_ipi(dom[1], 1, &port));
	v->stop = VCPU_BLOCKED;
	assert_int_equal(send(1, port), OK);
	assert_int_equal(v->stop, 0);
	v->stop = VCPU_DOWN;
}

static void both_locks_are_taken_in_one_order_whoever_binds_or_closes(void **state)
{
	uint32_t a, b;

	(void)state;
	/* One thread: a lock left over or taken twice would be waited for, and that stops the test. */
	for (unsigned int i = 0; i < DOMAINS; i++) {
		for (unsigned int j = 0; j < DOMAINS; j++) {
			link_domains(i, j, &a, &b);
			must(evtchn_close(dom[i], a));
			must(evtchn_close(dom[j], b));
			assert_false(spin_is_locked(&dom[i]->evtchn.lock) || spin_is_locked(&dom[j]->evtchn.lock));
		}
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(send_sets_all_three_levels_at_the_other_end),
		T(port_above_64_selects_its_own_word),
		T(masked_port_becomes_pending_without_telling_the_vcpu),
		T(unmasking_a_pending_port_tells_its_vcpu),
		T(unmasking_a_port_that_is_not_there_is_refused),
		T(send_on_an_unbound_port_is_dropped),
		T(send_on_what_cannot_send_is_refused),
		T(moved_port_tells_its_new_vcpu),
		T(scribbled_shared_bits_hurt_only_the_scribbler),
		T(vcpu_without_info_gets_pending_bits_and_all_when_it_has_one),
		T(virq_reaches_the_vcpu_that_bound_it),
		T(virq_that_nobody_bound_is_dropped),
		T(virq_is_bound_once_for_each_vcpu),
		T(virq_or_vcpu_that_is_not_there_is_refused),
		T(global_virq_of_the_machine_is_for_domain_0),
		T(refused_global_virq_leaves_domain_0s_binding_alone),
		T(global_virq_follows_its_port_to_another_vcpu),
		T(virq_without_a_free_port_is_refused_and_not_remembered),
		T(pirq_makes_its_port_pending_until_it_is_closed),
		T(pirq_that_the_machine_refuses_leaves_no_port),
		T(pirq_follows_its_port_and_hears_of_the_unmasking),
		T(interrupt_for_a_port_that_is_no_pirq_does_nothing),
		T(poller_wakes_for_its_port_and_for_no_other_masked_one),
		T(poller_of_several_ports_wakes_for_each),
		T(pollers_are_found_whoever_ends_his_poll),
		T(event_wakes_a_blocked_vcpu),
		T(both_locks_are_taken_in_one_order_whoever_binds_or_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
