/* Making, binding, closing and asking about event channels, by their hypercall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fakes/three_domains.h"

#include <hyp/heap.h>

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

static long alloc_unbound(struct vcpu *v, domid_t owner, domid_t peer, uint32_t *port)
{
	struct evtchn_alloc_unbound a = {.dom = owner, .remote_dom = peer};
	long r = OP(v, alloc_unbound, a);

	*port = a.port;
	return r;
}

static long bind_interdomain(struct vcpu *v, domid_t remote, uint32_t remote_port, uint32_t *port)
{
	struct evtchn_bind_interdomain a = {.remote_dom = remote, .remote_port = remote_port};
	long r = OP(v, bind_interdomain, a);

	*port = a.local_port;
	return r;
}

static long close_port(struct vcpu *v, uint32_t port)
{
	struct evtchn_close a = {.port = port};

	return OP(v, close, a);
}

static struct evtchn_status status_of(unsigned int d, uint32_t port)
{
	struct evtchn_status a = {.dom = DOMID_SELF, .port = port};

	assert_int_equal(OP(cpu[d][0], status, a), OK);
	return a;
}

/* A link from domain a's port to domain b's. */
static void link_domains(unsigned int a, unsigned int b, uint32_t *port_a, uint32_t *port_b)
{
	assert_int_equal(alloc_unbound(cpu[a][0], DOMID_SELF, (domid_t)b, port_a), OK);
	assert_int_equal(bind_interdomain(cpu[b][0], (domid_t)a, *port_a, port_b), OK);
}

static void ports_are_given_lowest_first_from_1(void **state)
{
	uint32_t port;

	(void)state;
	for (uint32_t i = 1; i < 300; i++) {
		assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
		assert_int_equal(port, i);
	}
	assert_int_equal(close_port(cpu[1][0], 7), OK);
	assert_int_equal(close_port(cpu[1][0], 3), OK);
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	assert_int_equal(port, 3);
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	assert_int_equal(port, 7);
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	assert_int_equal(port, 300);
}

static void port_over_the_domain_limit_is_refused(void **state)
{
	uint32_t port;

	(void)state;
	for (uint32_t i = 1; i <= TEST_PORT_MAX; i++)
		assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	assert_int_equal(port, TEST_PORT_MAX);
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), E_NOSPC);
	assert_int_equal(close_port(cpu[1][0], 9), OK);
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
}

static void all_ports_of_the_abi_can_be_open_and_no_more(void **state)
{
	const struct domain_config config = {.id = 9, .vcpu_max = 1, .evtchn_port_max = UINT32_MAX,
					     .grant_frames_max = 1, .maptrack_frames_max = 1};
	struct domain *d;
	struct vcpu *v;
	uint32_t port;

	(void)state;
	must(domain_create(&config, &d));
	must(vcpu_create(d, 0, &v));
	for (uint32_t i = 1; i < EVTCHN_PORTS_MAX; i++)
		assert_int_equal(evtchn_alloc_unbound(d, 0, &port), OK);
	assert_int_equal(port, EVTCHN_PORTS_MAX - 1);
	assert_int_equal(evtchn_alloc_unbound(d, 0, &port), E_NOSPC);
	assert_true(evtchn_port_is_valid(d, EVTCHN_PORTS_MAX - 1));
	assert_false(evtchn_port_is_valid(d, EVTCHN_PORTS_MAX));
	assert_false(evtchn_port_is_valid(d, 0));
	assert_false(evtchn_is_pending(d, UINT32_MAX));
	dom[2] = (domain_end(2), d);
	domain_end(2);
}

static void port_without_memory_for_it_is_refused_and_undone(void **state)
{
	uint32_t port;

	(void)state;
	for (uint32_t i = 1; i < EVTCHN_PER_BUCKET; i++)
		assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	fake_memory_leave(0);
	/* The heap may still have a block of the size. */
	while (heap_alloc(EVTCHN_PER_BUCKET * sizeof(struct evtchn)))
		frames_before--;
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), E_NOMEM);
	fake_memory_unleave();
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	assert_int_equal(port, EVTCHN_PER_BUCKET);
}

static void unprivileged_domain_cannot_make_ports_of_another(void **state)
{
	uint32_t port;

	(void)state;
	assert_int_equal(alloc_unbound(cpu[1][0], 2, 0, &port), E_PERM);
	assert_int_equal(alloc_unbound(cpu[1][0], 0, 0, &port), E_PERM);
	assert_int_equal(alloc_unbound(cpu[1][0], 77, 0, &port), E_SRCH);
	assert_int_equal(alloc_unbound(cpu[1][0], 1, 0, &port), OK);
}

static void control_domain_makes_ports_of_another(void **state)
{
	uint32_t port, local;

	(void)state;
	assert_int_equal(alloc_unbound(cpu[0][0], 1, 2, &port), OK);
	assert_int_equal(status_of(1, port).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(1, port).u.unbound.dom, 2);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, port, &local), OK);
}

static void peer_self_means_the_caller(void **state)
{
	uint32_t port, local;

	(void)state;
	assert_int_equal(alloc_unbound(cpu[0][0], 1, DOMID_SELF, &port), OK);
	assert_int_equal(status_of(1, port).u.unbound.dom, 0);
	assert_int_equal(bind_interdomain(cpu[0][0], 1, port, &local), OK);
}

static void dying_domain_gets_no_port(void **state)
{
	uint32_t port;

	(void)state;
	dom[1]->state = DOMAIN_DYING;
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), E_INVAL);
	assert_int_equal(alloc_unbound(cpu[0][0], 1, 0, &port), E_INVAL);
	assert_int_equal(evtchn_bind_ipi(dom[1], 0, &port), E_INVAL);
	assert_int_equal(evtchn_bind_virq(dom[1], VIRQ_TIMER, 0, &port), E_INVAL);
	dom[1]->state = DOMAIN_ALIVE;
}

static void domain_without_vcpu_gets_no_port(void **state)
{
	const struct domain_config config = {.id = 9, .vcpu_max = 1, .evtchn_port_max = 10, .grant_frames_max = 1,
					     .maptrack_frames_max = 1};
	struct domain *d;
	uint32_t port;

	(void)state;
	must(domain_create(&config, &d));
	assert_int_equal(evtchn_alloc_unbound(d, 0, &port), E_NOENT);
	dom[2] = (domain_end(2), d);
	domain_end(2);
}

static void domain_that_may_have_no_port_gets_none(void **state)
{
	const struct domain_config config = {.id = 9, .vcpu_max = 1, .grant_frames_max = 1, .maptrack_frames_max = 1};
	struct domain *d;
	struct vcpu *v;
	uint32_t port;

	(void)state;
	must(domain_create(&config, &d));
	must(vcpu_create(d, 0, &v));
	assert_int_equal(evtchn_alloc_unbound(d, 0, &port), E_NOSPC);
	dom[2] = (domain_end(2), d);
	domain_end(2);
}

static void link_names_both_ends_and_is_pending_once_at_the_binder(void **state)
{
	uint32_t a, b;

	(void)state;
	link_domains(1, 2, &a, &b);
	assert_int_equal(status_of(1, a).status, EVTCHNSTAT_interdomain);
	assert_int_equal(status_of(1, a).u.interdomain.dom, 2);
	assert_int_equal(status_of(1, a).u.interdomain.port, b);
	assert_int_equal(status_of(2, b).status, EVTCHNSTAT_interdomain);
	assert_int_equal(status_of(2, b).u.interdomain.dom, 1);
	assert_int_equal(status_of(2, b).u.interdomain.port, a);
	assert_true(evtchn_is_pending(dom[2], b));
	assert_false(evtchn_is_pending(dom[1], a));
}

static void unbound_port_is_bound_only_by_the_domain_it_waits_for(void **state)
{
	uint32_t port, local;

	(void)state;
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 2, &port), OK);
	assert_int_equal(bind_interdomain(cpu[0][0], 1, port, &local), E_INVAL);
	assert_int_equal(bind_interdomain(cpu[1][0], 1, port, &local), E_INVAL);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, port, &local), OK);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, port, &local), E_INVAL);
}

static void binding_what_is_not_an_unbound_port_is_refused(void **state)
{
	uint32_t port, local;

	(void)state;
	assert_int_equal(bind_interdomain(cpu[2][0], 55, 1, &local), E_SRCH);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, 0, &local), E_INVAL);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, 1, &local), E_INVAL);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, 4096, &local), E_INVAL);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, UINT32_MAX, &local), E_INVAL);
	assert_int_equal(evtchn_bind_ipi(dom[1], 0, &port), OK);
	assert_int_equal(bind_interdomain(cpu[2][0], 1, port, &local), E_INVAL);
}

static void domain_can_link_two_ports_of_its_own(void **state)
{
	uint32_t a, b;

	(void)state;
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, DOMID_SELF, &a), OK);
	assert_int_equal(bind_interdomain(cpu[1][0], DOMID_SELF, a, &b), OK);
	assert_int_not_equal(a, b);
	assert_int_equal(close_port(cpu[1][0], a), OK);
	assert_int_equal(status_of(1, b).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(1, b).u.unbound.dom, 1);
}

static void closing_a_link_leaves_the_other_end_waiting(void **state)
{
	uint32_t a, b, c;

	(void)state;
	link_domains(1, 2, &a, &b);
	assert_int_equal(close_port(cpu[1][0], a), OK);
	assert_int_equal(status_of(1, a).status, EVTCHNSTAT_closed);
	assert_int_equal(status_of(2, b).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(2, b).u.unbound.dom, 1);
	assert_int_equal(bind_interdomain(cpu[1][0], 2, b, &c), OK);
	assert_int_equal(close_port(cpu[2][0], b), OK);
	assert_int_equal(status_of(1, c).status, EVTCHNSTAT_unbound);
}

static void closing_clears_what_was_pending(void **state)
{
	uint32_t a, b;

	(void)state;
	link_domains(1, 2, &a, &b);
	assert_true(evtchn_is_pending(dom[2], b));
	assert_int_equal(close_port(cpu[2][0], b), OK);
	assert_false(evtchn_is_pending(dom[2], b));
}

static void closing_what_is_not_open_is_refused(void **state)
{
	(void)state;
	assert_int_equal(close_port(cpu[1][0], 0), E_INVAL);
	assert_int_equal(close_port(cpu[1][0], 1), E_INVAL);
	assert_int_equal(close_port(cpu[1][0], 300), E_INVAL);
	assert_int_equal(close_port(cpu[1][0], UINT32_MAX), E_INVAL);
}

static void closed_port_is_told_on_vcpu_0_when_used_again(void **state)
{
	struct evtchn_bind_vcpu move = {.vcpu = 1};
	uint32_t port;

	(void)state;
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	move.port = port;
	assert_int_equal(OP(cpu[1][0], bind_vcpu, move), OK);
	assert_int_equal(status_of(1, port).vcpu, 1);
	assert_int_equal(close_port(cpu[1][0], port), OK);
	assert_int_equal(alloc_unbound(cpu[1][0], DOMID_SELF, 0, &port), OK);
	assert_int_equal(status_of(1, port).vcpu, 0);
}

static void ipi_is_bound_to_a_vcpu_that_exists(void **state)
{
	struct evtchn_bind_ipi a = {.vcpu = 1};

	(void)state;
	assert_int_equal(OP(cpu[1][0], bind_ipi, a), OK);
	assert_int_equal(status_of(1, a.port).status, EVTCHNSTAT_ipi);
	assert_int_equal(status_of(1, a.port).vcpu, 1);
	a.vcpu = VCPUS;
	assert_int_equal(OP(cpu[1][0], bind_ipi, a), E_NOENT);
	a.vcpu = UINT32_MAX;
	assert_int_equal(OP(cpu[1][0], bind_ipi, a), E_NOENT);
}

static void port_moves_to_another_vcpu_unless_it_is_tied_to_one(void **state)
{
	struct evtchn_bind_vcpu a = {.vcpu = 1};
	uint32_t b;

	(void)state;
	link_domains(1, 2, &a.port, &b);
	assert_int_equal(OP(cpu[1][0], bind_vcpu, a), OK);
	assert_int_equal(status_of(1, a.port).vcpu, 1);
	assert_int_equal(evtchn_bind_ipi(dom[1], 0, &a.port), OK);
	assert_int_equal(OP(cpu[1][0], bind_vcpu, a), E_INVAL);
	assert_int_equal(evtchn_bind_virq(dom[1], VIRQ_TIMER, 0, &a.port), OK);
	assert_int_equal(OP(cpu[1][0], bind_vcpu, a), E_INVAL);
	assert_int_equal(evtchn_bind_virq(dom[0], VIRQ_DOM_EXC, 0, &a.port), OK);
	assert_int_equal(OP(cpu[0][0], bind_vcpu, a), OK);
	a.port = 500;
	assert_int_equal(OP(cpu[1][0], bind_vcpu, a), E_INVAL);
	a.port = 0;
	assert_int_equal(OP(cpu[1][0], bind_vcpu, a), E_INVAL);
	a.vcpu = VCPUS;
	assert_int_equal(OP(cpu[1][0], bind_vcpu, a), E_NOENT);
}

static void status_of_another_domain_is_for_the_control_domain(void **state)
{
	struct evtchn_status a = {.dom = 2, .port = 1};

	(void)state;
	assert_int_equal(OP(cpu[1][0], status, a), E_PERM);
	assert_int_equal(OP(cpu[0][0], status, a), OK);
	assert_int_equal(a.status, EVTCHNSTAT_closed);
	a.dom = 77;
	assert_int_equal(OP(cpu[0][0], status, a), E_SRCH);
	a.dom = DOMID_SELF;
	a.port = 256;
	assert_int_equal(OP(cpu[1][0], status, a), E_INVAL);
	a.port = 0;
	assert_int_equal(OP(cpu[1][0], status, a), OK);
	assert_int_equal(a.status, EVTCHNSTAT_closed);
}

static void reset_closes_every_port_and_leaves_peers_waiting(void **state)
{
	struct evtchn_reset r = {.dom = DOMID_SELF};
	uint32_t a, b, port;

	(void)state;
	link_domains(1, 2, &a, &b);
	assert_int_equal(evtchn_bind_virq(dom[1], VIRQ_TIMER, 1, &port), OK);
	assert_int_equal(OP(cpu[1][0], reset, r), OK);
	assert_int_equal(dom[1]->evtchn.open_count, 0);
	assert_int_equal(cpu[1][1]->virq_port[VIRQ_TIMER], 0);
	assert_int_equal(status_of(2, b).status, EVTCHNSTAT_unbound);
	assert_int_equal(evtchn_bind_virq(dom[1], VIRQ_TIMER, 1, &port), OK);
	assert_int_equal(port, 1);
}

static void reset_of_another_domain_wants_control_and_a_pause(void **state)
{
	struct evtchn_reset r = {.dom = 2};

	(void)state;
	assert_int_equal(OP(cpu[1][0], reset, r), E_PERM);
	r.dom = 77;
	assert_int_equal(OP(cpu[0][0], reset, r), E_SRCH);
	r.dom = 2;
	must(domain_control_unpause(dom[2]));
	assert_int_equal(OP(cpu[0][0], reset, r), E_INVAL);
	must(domain_control_pause(dom[2]));
	assert_int_equal(OP(cpu[0][0], reset, r), OK);
}

static void reset_that_is_interrupted_goes_on_and_ends(void **state)
{
	struct evtchn_reset r = {.dom = DOMID_SELF};
	unsigned int rounds = 0;
	uint32_t port;
	long result;

	(void)state;
	for (uint32_t i = 1; i <= TEST_PORT_MAX; i++)
		assert_int_equal(evtchn_alloc_unbound(dom[1], 0, &port), OK);
	do {
		fake_preempt_in = 50;
		result = OP(cpu[1][0], reset, r);
		rounds++;
		/* Behind the place where it stopped another vCPU opens one: it is closed, too. */
		if (rounds == 3)
			assert_int_equal(evtchn_bind_ipi(dom[1], 1, &port), OK);
	} while (result == E_RESTART);
	assert_int_equal(result, OK);
	assert_int_equal(dom[1]->evtchn.open_count, 0);
	assert_in_range(rounds, TEST_PORT_MAX / 50, TEST_PORT_MAX / 50 + 2);
}

static void port_opened_behind_an_interrupted_reset_is_closed_when_the_domain_dies(void **state)
{
	uint32_t a, b;

	(void)state;
	for (uint32_t i = 1; i <= 100; i++)
		assert_int_equal(evtchn_alloc_unbound(dom[1], 0, &a), OK);
	fake_preempt_in = 50;
	assert_int_equal(evtchn_reset(dom[1]), E_RESTART);
	link_domains(1, 2, &a, &b);
	assert_in_range(a, 1, 50);
	domain_end(1);
	assert_int_equal(status_of(2, b).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(2, b).u.unbound.dom, 1);
}

static void death_of_a_domain_leaves_its_peers_waiting(void **state)
{
	uint32_t a, b;

	(void)state;
	link_domains(1, 2, &a, &b);
	domain_end(2);
	assert_int_equal(status_of(1, a).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(1, a).u.unbound.dom, 2);
	assert_int_equal(evtchn_send(dom[1], a), OK);
}

static void operations_of_the_other_interface_and_unknown_ones_are_not_there(void **state)
{
	uint64_t args[4] = {0};

	(void)state;
	for (unsigned int op = 0; op < 40; op++) {
		struct hypercall call = {.arg = {op, FAKE_GUEST_START - 1}};
		bool is_there = op <= EVTCHNOP_reset;

		assert_int_equal(hypercall_event_channel_op(cpu[1][0], &call), is_there ? E_FAULT : E_NOSYS);
	}
	assert_int_equal(call_once(hypercall_event_channel_op, cpu[1][0], EVTCHNOP_init_control, args, sizeof(args), 0),
			 E_NOSYS);
	struct hypercall last = {.arg = {UINT32_MAX, FAKE_GUEST_START}};
	assert_int_equal(hypercall_event_channel_op(cpu[1][0], &last), E_NOSYS);
}

/* An operation has 32 bits; a kernel may leave anything above them. */
static void upper_half_of_the_operation_means_nothing(void **state)
{
	struct hypercall call = {.arg = {UINT64_C(1) << 32 | EVTCHNOP_bind_ipi, FAKE_GUEST_START}};

	(void)state;
	memset(fake_guest(FAKE_GUEST_START), 0, sizeof(struct evtchn_bind_ipi));
	assert_int_equal(hypercall_event_channel_op(cpu[1][0], &call), OK);
}

static void results_that_cannot_be_written_are_a_fault(void **state)
{
	struct evtchn_bind_ipi a = {.vcpu = 0};

	(void)state;
	fake_guest_fail_at(2);
	assert_int_equal(OP(cpu[1][0], bind_ipi, a), E_FAULT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(ports_are_given_lowest_first_from_1),
		T(port_over_the_domain_limit_is_refused),
		T(all_ports_of_the_abi_can_be_open_and_no_more),
		T(port_without_memory_for_it_is_refused_and_undone),
		T(unprivileged_domain_cannot_make_ports_of_another),
		T(control_domain_makes_ports_of_another),
		T(peer_self_means_the_caller),
		T(dying_domain_gets_no_port),
		T(domain_without_vcpu_gets_no_port),
		T(domain_that_may_have_no_port_gets_none),
		T(link_names_both_ends_and_is_pending_once_at_the_binder),
		T(unbound_port_is_bound_only_by_the_domain_it_waits_for),
		T(binding_what_is_not_an_unbound_port_is_refused),
		T(domain_can_link_two_ports_of_its_own),
		T(closing_a_link_leaves_the_other_end_waiting),
		T(closing_clears_what_was_pending),
		T(closing_what_is_not_open_is_refused),
		T(closed_port_is_told_on_vcpu_0_when_used_again),
		T(ipi_is_bound_to_a_vcpu_that_exists),
		T(port_moves_to_another_vcpu_unless_it_is_tied_to_one),
		T(status_of_another_domain_is_for_the_control_domain),
		T(reset_closes_every_port_and_leaves_peers_waiting),
		T(reset_of_another_domain_wants_control_and_a_pause),
		T(reset_that_is_interrupted_goes_on_and_ends),
		T(port_opened_behind_an_interrupted_reset_is_closed_when_the_domain_dies),
		T(death_of_a_domain_leaves_its_peers_waiting),
		T(operations_of_the_other_interface_and_unknown_ones_are_not_there),
		T(upper_half_of_the_operation_means_nothing),
		T(results_that_cannot_be_written_are_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
