#pragma once
/*
 * Event channels beside a model of them.
 *
 * Bytes become calls of three domains (and of the guests that look at their bits, devices that interrupt, domains that
 * die). The model says for each what must be answered, and after each step every port of every domain must be as the
 * model has it. The model has no locks, no links that could go stale and no restarts: a link is a pair of numbers.
 */
#include "fakes/three_domains.h"

#define MODEL_PORTS EVTCHN_PER_BUCKET /* one bucket, of which a domain may use the first few */
#define MODEL_PORT_MAX 12u

struct model_port {
	uint8_t state;	 /* enum evtchn_state */
	uint8_t vcpu;
	uint16_t domain; /* UNBOUND, INTERDOMAIN: the other one */
	uint32_t number; /* INTERDOMAIN: its port; PIRQ, VIRQ: which */
	bool pending, masked;
};

static struct model_port model[DOMAINS][MODEL_PORTS];

struct model_input {
	const uint8_t *at, *end;
};

static inline uint8_t model_byte(struct model_input *in) { return in->at < in->end ? *in->at++ : 0; }

/* Mostly a port that may be open; sometimes one that cannot be. */
static inline uint32_t model_pick_port(struct model_input *in)
{
	static const uint32_t far[] = {MODEL_PORT_MAX + 1, MODEL_PORTS - 1, MODEL_PORTS, EVTCHN_PORTS_MAX, UINT32_MAX};
	uint8_t b = model_byte(in);

	return b >= 250 ? far[b - 250 < (int)ARRAY_COUNT(far) ? b - 250 : 0] : b % (MODEL_PORT_MAX + 1);
}

/* A domain by number, by DOMID_SELF, or one that does not exist; *index is which, or -1. */
static inline domid_t model_pick_domain(struct model_input *in, unsigned int caller, int *index)
{
	uint8_t b = model_byte(in) % 8;

	*index = b < 6 ? (int)(b % DOMAINS) : b == 6 ? (int)caller : -1;
	return b < 6 ? (domid_t)(b % DOMAINS) : b == 6 ? DOMID_SELF : 99;
}

/* What making a port answers, and which one it would be. */
static inline long model_free(unsigned int d, uint32_t *port)
{
	for (*port = 1; *port <= MODEL_PORT_MAX; ++*port)
		if (model[d][*port].state == EVTCHN_FREE)
			return OK;
	return E_NOSPC;
}

static inline struct model_port *model_find(unsigned int d, uint32_t port)
{
	return port < MODEL_PORTS ? &model[d][port] : NULL;
}

static inline void model_close(unsigned int d, uint32_t port)
{
	struct model_port *p = &model[d][port];

	if (p->state == EVTCHN_INTERDOMAIN) {
		struct model_port *other = &model[p->domain][p->number];

		other->state = EVTCHN_UNBOUND;
		other->domain = (uint16_t)d;
		other->number = 0;
	}
	*p = (struct model_port){.state = EVTCHN_FREE, .masked = p->masked};
}

static inline void model_close_all(unsigned int d)
{
	for (uint32_t port = 1; port < MODEL_PORTS; port++)
		if (model[d][port].state != EVTCHN_FREE)
			model_close(d, port);
}

#define MODEL_OP(v, op, args) call_once(hypercall_event_channel_op, (v), EVTCHNOP_##op, &(args), sizeof(args), 0)

static inline void step_alloc_unbound(unsigned int c, struct model_input *in)
{
	int owner, peer;
	struct evtchn_alloc_unbound a = {.dom = model_pick_domain(in, c, &owner)};
	uint32_t port;
	long want;

	a.remote_dom = model_pick_domain(in, c, &peer);
	want = owner < 0 ? E_SRCH : owner != (int)c && c != 0 ? E_PERM : model_free((unsigned int)owner, &port);
	CHECK(MODEL_OP(cpu[c][0], alloc_unbound, a) == want);
	if (want)
		return;
	CHECK(a.port == port);
	model[owner][port].state = EVTCHN_UNBOUND;
	model[owner][port].domain = peer < 0 ? 99 : (uint16_t)peer;
}

static inline void step_bind_interdomain(unsigned int c, struct model_input *in)
{
	int remote;
	struct evtchn_bind_interdomain a = {.remote_dom = model_pick_domain(in, c, &remote)};
	struct model_port *there;
	uint32_t port;
	long want;

	a.remote_port = model_pick_port(in);
	there = remote < 0 ? NULL : model_find((unsigned int)remote, a.remote_port);
	want = remote < 0 ? E_SRCH : model_free(c, &port);
	if (!want && (!there || there->state != EVTCHN_UNBOUND || there->domain != c))
		want = E_INVAL;
	CHECK(MODEL_OP(cpu[c][0], bind_interdomain, a) == want);
	if (want)
		return;
	CHECK(a.local_port == port);
	there->state = EVTCHN_INTERDOMAIN;
	there->domain = (uint16_t)c;
	there->number = port;
	model[c][port] = (struct model_port){.state = EVTCHN_INTERDOMAIN, .domain = (uint16_t)remote,
					     .number = a.remote_port, .pending = true, .masked = model[c][port].masked};
}

static inline bool model_is_bound(unsigned int d, enum evtchn_state state, uint32_t number, int vcpu)
{
	for (uint32_t port = 1; port < MODEL_PORTS; port++) {
		const struct model_port *p = &model[d][port];

		if (p->state == state && p->number == number && (vcpu < 0 || p->vcpu == vcpu))
			return true;
	}
	return false;
}

static inline bool model_is_global(uint32_t virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

static inline void model_open(unsigned int d, uint32_t port, enum evtchn_state state, uint32_t number, uint32_t vcpu)
{
	model[d][port].state = (uint8_t)state;
	model[d][port].number = number;
	model[d][port].vcpu = (uint8_t)vcpu;
}

static inline void step_bind_virq(unsigned int c, struct model_input *in)
{
	struct evtchn_bind_virq a = {.virq = model_byte(in) % (NR_VIRQS + 1), .vcpu = model_byte(in) % (VCPUS + 1)};
	bool is_global = model_is_global(a.virq);
	uint32_t port;
	long want = model_free(c, &port);

	if (a.virq >= NR_VIRQS || (is_global && a.vcpu))
		want = E_INVAL;
	else if (is_global && a.virq != VIRQ_ARGO && c != 0)
		want = E_PERM;
	else if (a.vcpu >= VCPUS)
		want = E_NOENT;
	else if (model_is_bound(c, EVTCHN_VIRQ, a.virq, is_global ? -1 : (int)a.vcpu))
		want = E_EXIST;
	CHECK(MODEL_OP(cpu[c][0], bind_virq, a) == want);
	if (want)
		return;
	CHECK(a.port == port);
	model_open(c, port, EVTCHN_VIRQ, a.virq, a.vcpu);
}

static inline void step_bind_pirq(unsigned int c, struct model_input *in)
{
	struct evtchn_bind_pirq a = {.pirq = model_byte(in) % (FAKE_PIRQS + 1)};
	uint32_t port;
	long want = model_free(c, &port);

	if (!want)
		want = a.pirq >= FAKE_PIRQS ? E_INVAL : c != 0 ? E_PERM
		       : model_is_bound(0, EVTCHN_PIRQ, a.pirq, -1) ? E_EXIST : OK;
	CHECK(MODEL_OP(cpu[c][0], bind_pirq, a) == want);
	if (want)
		return;
	CHECK(a.port == port);
	model_open(c, port, EVTCHN_PIRQ, a.pirq, 0);
}

static inline void step_bind_ipi(unsigned int c, struct model_input *in)
{
	struct evtchn_bind_ipi a = {.vcpu = model_byte(in) % (VCPUS + 1)};
	uint32_t port;
	long want = model_free(c, &port);

	if (a.vcpu >= VCPUS)
		want = E_NOENT;
	CHECK(MODEL_OP(cpu[c][0], bind_ipi, a) == want);
	if (want)
		return;
	CHECK(a.port == port);
	model_open(c, port, EVTCHN_IPI, 0, a.vcpu);
}

static inline void step_bind_vcpu(unsigned int c, struct model_input *in)
{
	struct evtchn_bind_vcpu a = {.port = model_pick_port(in), .vcpu = model_byte(in) % (VCPUS + 1)};
	struct model_port *p = model_find(c, a.port);
	long want = a.vcpu >= VCPUS ? E_NOENT : E_INVAL;

	if (!p || a.vcpu >= VCPUS)
		p = NULL;
	else if (p->state == EVTCHN_UNBOUND || p->state == EVTCHN_INTERDOMAIN || p->state == EVTCHN_PIRQ ||
		 (p->state == EVTCHN_VIRQ && model_is_global(p->number)))
		want = OK;
	CHECK(MODEL_OP(cpu[c][0], bind_vcpu, a) == want);
	if (!want)
		p->vcpu = (uint8_t)a.vcpu;
}

static inline void step_close(unsigned int c, struct model_input *in)
{
	struct evtchn_close a = {.port = model_pick_port(in)};
	struct model_port *p = model_find(c, a.port);
	bool is_open = p && p->state != EVTCHN_FREE && p->state != EVTCHN_RESERVED;

	CHECK(MODEL_OP(cpu[c][0], close, a) == (is_open ? OK : E_INVAL));
	if (is_open)
		model_close(c, a.port);
}

static inline void step_send(unsigned int c, struct model_input *in)
{
	struct evtchn_send a = {.port = model_pick_port(in)};
	struct model_port *p = model_find(c, a.port);
	uint8_t state = p ? p->state : EVTCHN_FREE;
	bool can_send = state == EVTCHN_INTERDOMAIN || state == EVTCHN_IPI || state == EVTCHN_UNBOUND;

	CHECK(MODEL_OP(cpu[c][0], send, a) == (can_send ? OK : E_INVAL));
	if (state == EVTCHN_INTERDOMAIN)
		model[p->domain][p->number].pending = true;
	if (state == EVTCHN_IPI)
		p->pending = true;
}

static inline void step_unmask(unsigned int c, struct model_input *in)
{
	struct evtchn_unmask a = {.port = model_pick_port(in)};
	struct model_port *p = model_find(c, a.port);

	CHECK(MODEL_OP(cpu[c][0], unmask, a) == (p ? OK : E_INVAL));
	if (p)
		p->masked = false;
}

static inline void step_status(unsigned int c, struct model_input *in)
{
	static const uint8_t names[] = {[EVTCHN_FREE] = EVTCHNSTAT_closed, [EVTCHN_RESERVED] = EVTCHNSTAT_closed,
					[EVTCHN_UNBOUND] = EVTCHNSTAT_unbound, [EVTCHN_INTERDOMAIN] = EVTCHNSTAT_interdomain,
					[EVTCHN_PIRQ] = EVTCHNSTAT_pirq, [EVTCHN_VIRQ] = EVTCHNSTAT_virq,
					[EVTCHN_IPI] = EVTCHNSTAT_ipi};
	int owner;
	struct evtchn_status a = {.dom = model_pick_domain(in, c, &owner), .port = model_pick_port(in)};
	struct model_port *p = owner < 0 ? NULL : model_find((unsigned int)owner, a.port);
	long want = owner < 0 ? E_SRCH : owner != (int)c && c != 0 ? E_PERM : p ? OK : E_INVAL;

	CHECK(MODEL_OP(cpu[c][0], status, a) == want);
	if (!want)
		CHECK(a.status == names[p->state] && a.vcpu == p->vcpu);
}

static inline void step_reset(unsigned int c, struct model_input *in)
{
	int owner;
	struct evtchn_reset a = {.dom = model_pick_domain(in, c, &owner)};
	long want = owner < 0 ? E_SRCH : owner != (int)c && c != 0 ? E_PERM : OK, result;
	unsigned int pace = model_byte(in) % 4;

	do {
		fake_preempt_in = pace;
		result = MODEL_OP(cpu[c][0], reset, a);
	} while (result == E_RESTART);
	fake_preempt_in = 0;
	CHECK(result == want);
	if (!want)
		model_close_all((unsigned int)owner);
}

static inline void step_guest_masks(unsigned int c, struct model_input *in)
{
	uint32_t port = model_byte(in) % (MODEL_PORT_MAX + 1);

	bit_set(dom[c]->shared_info->evtchn_mask, port);
	model[c][port].masked = true;
}

/* The guest handles all that it is told of. */
static inline void step_guest_takes(unsigned int c)
{
	struct shared_info *s = dom[c]->shared_info;

	for (unsigned int id = 0; id < VCPUS; id++) {
		cpu[c][id]->info->evtchn_upcall_pending = 0;
		cpu[c][id]->info->evtchn_pending_sel = 0;
	}
	for (uint32_t port = 0; port < MODEL_PORTS; port++) {
		if (model[c][port].masked)
			continue;
		bit_clear(s->evtchn_pending, port);
		model[c][port].pending = false;
	}
}

static inline void model_virq(unsigned int d, uint32_t virq, int vcpu)
{
	for (uint32_t port = 1; port < MODEL_PORTS; port++)
		if (model[d][port].state == EVTCHN_VIRQ && model[d][port].number == virq &&
		    (vcpu < 0 || model[d][port].vcpu == vcpu))
			model[d][port].pending = true;
}

static inline void step_interrupt(unsigned int c, struct model_input *in)
{
	uint8_t kind = model_byte(in) % 3, number = model_byte(in);
	unsigned int id = number / 32 % VCPUS;

	if (kind == 0) {
		fake_pirq_raise(number % FAKE_PIRQS);
		for (uint32_t port = 1; port < MODEL_PORTS; port++)
			if (model[0][port].state == EVTCHN_PIRQ && model[0][port].number == number % FAKE_PIRQS)
				model[0][port].pending = true;
	} else if (kind == 1) {
		evtchn_send_global_virq(number % NR_VIRQS);
		model_virq(0, number % NR_VIRQS, model_is_global(number % NR_VIRQS) ? -1 : 0);
	} else {
		uint32_t virq = number % 2 ? VIRQ_TIMER : VIRQ_DEBUG;

		evtchn_send_vcpu_virq(cpu[c][id], virq);
		model_virq(c, virq, (int)id);
	}
}

static inline void model_domain_start(unsigned int i)
{
	memset(model[i], 0, sizeof(model[i]));
	model[i][0].state = EVTCHN_RESERVED;
	dom[i]->evtchn.port_max = MODEL_PORT_MAX;
}

/* Domain 0 hears of deaths, and its watch on them may be open. */
static inline void step_death(unsigned int c)
{
	if (c == 0)
		return;
	model_close_all(c);
	domain_end(c);
	model_virq(0, VIRQ_DOM_EXC, -1);
	domain_start(c);
	model_domain_start(c);
}

static inline void model_port_compare(unsigned int d, uint32_t port)
{
	const struct evtchn *e = &dom[d]->evtchn.bucket[0][port];
	const struct model_port *p = &model[d][port];

	CHECK(e->state == p->state && e->vcpu == p->vcpu);
	CHECK(evtchn_is_pending(dom[d], port) == p->pending);
	CHECK(bit_test(dom[d]->shared_info->evtchn_mask, port) == p->masked);
	if (p->state == EVTCHN_UNBOUND)
		CHECK(e->peer_id == p->domain);
	if (p->state == EVTCHN_INTERDOMAIN)
		CHECK(e->remote == dom[p->domain] && e->remote_port == p->number);
	if (p->state == EVTCHN_PIRQ)
		CHECK(e->pirq == p->number && fake_pirqs[p->number].domain == dom[d] && fake_pirqs[p->number].port == port);
	if (p->state == EVTCHN_VIRQ)
		CHECK(e->virq == p->number && cpu[d][model_is_global(p->number) ? 0 : p->vcpu]->virq_port[p->number] == port);
}

/* Whoever is pending and not masked is found by a guest that looks where it is told to. */
static inline void model_tellers_compare(unsigned int d, bool is_told_of_any)
{
	bool is_told = false;

	for (unsigned int id = 0; id < VCPUS; id++)
		is_told |= cpu[d][id]->info->evtchn_upcall_pending && (cpu[d][id]->info->evtchn_pending_sel & 1);
	CHECK(is_told || !is_told_of_any);
}

static inline void model_compare(void)
{
	for (unsigned int d = 0; d < DOMAINS; d++) {
		uint32_t open = 0;
		bool is_told_of_any = false;

		for (uint32_t port = 0; port < MODEL_PORTS; port++) {
			model_port_compare(d, port);
			open += port && model[d][port].state != EVTCHN_FREE;
			is_told_of_any |= model[d][port].pending && !model[d][port].masked;
		}
		CHECK(dom[d]->evtchn.open_count == open && dom[d]->evtchn.port_count == EVTCHN_PER_BUCKET);
		CHECK(!spin_is_locked(&dom[d]->evtchn.lock));
		model_tellers_compare(d, is_told_of_any);
	}
}

static inline void model_step(struct model_input *in)
{
	uint8_t op = model_byte(in);
	unsigned int c = op / 16 % DOMAINS;

	switch (op % 16) {
	case 0: step_alloc_unbound(c, in); break;
	case 1: case 15: step_bind_interdomain(c, in); break;
	case 2: step_bind_virq(c, in); break;
	case 3: step_bind_pirq(c, in); break;
	case 4: step_bind_ipi(c, in); break;
	case 5: step_bind_vcpu(c, in); break;
	case 6: step_close(c, in); break;
	case 7: case 14: step_send(c, in); break;
	case 8: step_unmask(c, in); break;
	case 9: step_status(c, in); break;
	case 10: step_reset(c, in); break;
	case 11: step_guest_masks(c, in); break;
	case 12: step_guest_takes(c); break;
	case 13: model_byte(in) % 8 ? step_interrupt(c, in) : step_death(c); break;
	}
}

/* The domains are made once; each history begins with all ports closed and all bits clear. */
static inline void model_start(void)
{
	if (!dom[0])
		three_domains_start();
	for (unsigned int d = 0; d < DOMAINS; d++)
		must(evtchn_reset(dom[d]));
	for (unsigned int d = 0; d < DOMAINS; d++) {
		memset(dom[d]->shared_info, 0, sizeof(*dom[d]->shared_info));
		model_domain_start(d);
	}
	fake_pirqs_reset();
}

/* Returns 0; a difference stops the program. */
static inline int evtchn_model_run(const uint8_t *bytes, size_t count)
{
	struct model_input in = {bytes, bytes + count};

	model_start();
	while (in.at < in.end) {
		model_step(&in);
		model_compare();
	}
	return 0;
}
