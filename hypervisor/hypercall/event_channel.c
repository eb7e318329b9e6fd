/*
 * event_channel_op (32): one row per operation; arguments in, one function, arguments out if it has results.
 *
 * Another domain is named by alloc_unbound, status and reset: for a control domain only. bind_interdomain names one
 * too, which has said by its unbound port whom it waits for. The interface is the two-level one: the operations of the
 * other (init_control, expand_array, set_priority) have no row, and a kernel falls back.
 * See docs/hypercalls/event_channel_op.md.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>
#include <hyp/evtchn.h>
#include <hyp/guest.h>

union evtchn_args {
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_pirq bind_pirq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_close close;
	struct evtchn_send send;
	struct evtchn_status status;
	struct evtchn_unmask unmask;
	struct evtchn_reset reset;
};

/* The domain that the caller names and may act on, referenced. E_SRCH: it does not exist; E_PERM: not yours. */
static enum status target_find(struct domain *caller, domid_t id, struct domain **out)
{
	struct domain *d = domain_find_for(caller, id);

	if (!d)
		return E_SRCH;
	if (d != caller && !domain_may_control(caller, d)) {
		domain_put(d);
		return E_PERM;
	}
	*out = d;
	return OK;
}

static enum status op_alloc_unbound(struct domain *caller, union evtchn_args *args)
{
	struct evtchn_alloc_unbound *a = &args->alloc_unbound;
	domid_t peer = a->remote_dom == DOMID_SELF ? caller->id : a->remote_dom;
	struct domain *d;
	enum status s = target_find(caller, a->dom, &d);

	if (s)
		return s;
	s = evtchn_alloc_unbound(d, peer, &a->port);
	domain_put(d);
	return s;
}

static enum status op_bind_interdomain(struct domain *caller, union evtchn_args *args)
{
	struct evtchn_bind_interdomain *a = &args->bind_interdomain;
	struct domain *remote = domain_find_for(caller, a->remote_dom);
	enum status s;

	if (!remote)
		return E_SRCH;
	s = evtchn_bind_interdomain(caller, remote, a->remote_port, &a->local_port);
	domain_put(remote);
	return s;
}

static enum status op_bind_virq(struct domain *caller, union evtchn_args *args)
{
	struct evtchn_bind_virq *a = &args->bind_virq;

	return evtchn_bind_virq(caller, a->virq, a->vcpu, &a->port);
}

static enum status op_bind_pirq(struct domain *caller, union evtchn_args *args)
{
	struct evtchn_bind_pirq *a = &args->bind_pirq;

	return evtchn_bind_pirq(caller, a->pirq, a->flags & BIND_PIRQ__WILL_SHARE, &a->port);
}

static enum status op_bind_ipi(struct domain *caller, union evtchn_args *args)
{
	return evtchn_bind_ipi(caller, args->bind_ipi.vcpu, &args->bind_ipi.port);
}

static enum status op_bind_vcpu(struct domain *caller, union evtchn_args *args)
{
	return evtchn_bind_vcpu(caller, args->bind_vcpu.port, args->bind_vcpu.vcpu);
}

static enum status op_close(struct domain *caller, union evtchn_args *args)
{
	return evtchn_close(caller, args->close.port);
}

static enum status op_send(struct domain *caller, union evtchn_args *args)
{
	return evtchn_send(caller, args->send.port);
}

static enum status op_unmask(struct domain *caller, union evtchn_args *args)
{
	return evtchn_unmask(caller, args->unmask.port);
}

static enum status op_status(struct domain *caller, union evtchn_args *args)
{
	struct domain *d;
	enum status s = target_find(caller, args->status.dom, &d);

	if (s)
		return s;
	s = evtchn_get_status(d, args->status.port, &args->status);
	domain_put(d);
	return s;
}

static enum status op_reset(struct domain *caller, union evtchn_args *args)
{
	struct domain *d;
	enum status s = target_find(caller, args->reset.dom, &d);

	if (s)
		return s;
	/* Another domain's ports do not go away under its running vCPUs. */
	if (d != caller && read_once(d->control_pause_count) == 0)
		s = E_INVAL;
	else
		s = evtchn_reset(d);
	domain_put(d);
	return s;
}

static const struct evtchn_row {
	uint8_t bytes;
	bool has_results;
	enum status (*function)(struct domain *caller, union evtchn_args *args);
} rows[] = {
	[EVTCHNOP_bind_interdomain] = {sizeof(struct evtchn_bind_interdomain), true, op_bind_interdomain},
	[EVTCHNOP_bind_virq] = {sizeof(struct evtchn_bind_virq), true, op_bind_virq},
	[EVTCHNOP_bind_pirq] = {sizeof(struct evtchn_bind_pirq), true, op_bind_pirq},
	[EVTCHNOP_close] = {sizeof(struct evtchn_close), false, op_close},
	[EVTCHNOP_send] = {sizeof(struct evtchn_send), false, op_send},
	[EVTCHNOP_status] = {sizeof(struct evtchn_status), true, op_status},
	[EVTCHNOP_alloc_unbound] = {sizeof(struct evtchn_alloc_unbound), true, op_alloc_unbound},
	[EVTCHNOP_bind_ipi] = {sizeof(struct evtchn_bind_ipi), true, op_bind_ipi},
	[EVTCHNOP_bind_vcpu] = {sizeof(struct evtchn_bind_vcpu), false, op_bind_vcpu},
	[EVTCHNOP_unmask] = {sizeof(struct evtchn_unmask), false, op_unmask},
	[EVTCHNOP_reset] = {sizeof(struct evtchn_reset), false, op_reset},
};

/* args: operation, address of its arguments. A reset that is interrupted keeps its progress in the domain. */
long hypercall_event_channel_op(struct vcpu *v, struct hypercall *call)
{
	uint32_t operation = (uint32_t)call->arg[0];
	const struct evtchn_row *row = operation < ARRAY_COUNT(rows) ? &rows[operation] : NULL;
	union evtchn_args args;
	enum status s;

	if (!row || !row->function)
		return E_NOSYS;
	s = guest_copy_in(v, &args, call->arg[1], row->bytes);
	if (s)
		return s;
	s = row->function(v->domain, &args);
	if (s == OK && row->has_results)
		s = guest_copy_out(v, call->arg[1], &args, row->bytes);
	return s;
}
