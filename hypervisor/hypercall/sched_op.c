/*
 * sched_op (29): a vCPU gives up the CPU, sleeps, or stops its domain. See docs/hypercalls/sched_op.md.
 *
 * Every call ends at once: who sleeps is only marked, and stops on its way back to the guest; the result that it will see
 * then is the one returned here.
 */
#include <hyp/hypercall.h>

#include <hyp/domain.h>
#include <hyp/guest.h>

#define POLL_PORTS_MAX 128u

static long op_yield(struct vcpu *v, const struct hypercall *call)
{
	(void)call;
	sched_vcpu_yield(v);
	return 0;
}

static long op_block(struct vcpu *v, const struct hypercall *call)
{
	(void)call;
	vcpu_block(v);
	return 0;
}

static long op_shutdown(struct vcpu *v, const struct hypercall *call)
{
	struct sched_shutdown args;

	if (guest_copy_in(v, &args, call->arg[1], sizeof(args)))
		return E_FAULT;
	domain_shutdown(v->domain, (uint8_t)args.reason);
	return 0;
}

static long op_shutdown_code(struct vcpu *v, const struct hypercall *call)
{
	struct sched_shutdown args;

	if (guest_copy_in(v, &args, call->arg[1], sizeof(args)))
		return E_FAULT;
	domain_latch_shutdown_code(v->domain, (uint8_t)args.reason);
	return 0;
}

/* Is there a reason not to sleep? The ports are looked at in their order: one that is pending hides a bad one behind it. */
static enum status poll_check(const struct vcpu *v, const evtchn_port_t *ports, unsigned int count, bool *is_over)
{
	*is_over = true;
	if (vcpu_must_not_sleep(v))
		return OK;
	for (unsigned int i = 0; i < count; i++) {
		if (!evtchn_port_is_valid(v->domain, ports[i]))
			return E_INVAL;
		if (evtchn_is_pending(v->domain, ports[i]))
			return OK;
	}
	*is_over = false;
	return OK;
}

/* The bit is set before the ports are looked at, so that an event in between is not missed. */
static long op_poll(struct vcpu *v, const struct hypercall *call)
{
	evtchn_port_t ports[POLL_PORTS_MAX];
	struct sched_poll args;
	enum status status;
	bool is_over;

	if (guest_copy_in(v, &args, call->arg[1], sizeof(args)))
		return E_FAULT;
	if (args.nr_ports > POLL_PORTS_MAX)
		return E_INVAL;
	if (guest_copy_in(v, ports, handle_address(args.ports), args.nr_ports * sizeof(ports[0])))
		return E_FAULT;

	write_once(v->poll_port, args.nr_ports == 1 ? ports[0] : 0);
	vcpu_poll_begin(v);
	status = poll_check(v, ports, args.nr_ports, &is_over);
	if (is_over) {
		vcpu_poll_end(v);
		return status;
	}
	if (args.timeout)
		vcpu_poll_timer_set(v, args.timeout);
	else
		timer_stop(&v->poll);
	sched_sleep(v);
	return 0;
}

static long op_remote_shutdown(struct vcpu *v, const struct hypercall *call)
{
	struct sched_remote_shutdown args;
	long result = E_PERM;
	struct domain *d;

	if (guest_copy_in(v, &args, call->arg[1], sizeof(args)))
		return E_FAULT;
	d = domain_find(args.domain_id);
	if (!d)
		return E_SRCH;
	if (domain_may_control(v->domain, d)) {
		domain_shutdown(d, (uint8_t)args.reason);
		result = 0;
	}
	domain_put(d);
	return result;
}

static long op_watchdog(struct vcpu *v, const struct hypercall *call)
{
	struct sched_watchdog args;

	if (guest_copy_in(v, &args, call->arg[1], sizeof(args)))
		return E_FAULT;
	return domain_watchdog(v->domain, args.id, args.timeout);
}

static long op_pin_override(struct vcpu *v, const struct hypercall *call)
{
	struct sched_pin_override args;

	if (!v->domain->privileged)
		return E_PERM;
	if (guest_copy_in(v, &args, call->arg[1], sizeof(args)))
		return E_FAULT;
	return args.pcpu < 0 ? sched_unpin(v) : sched_pin(v, (unsigned int)args.pcpu);
}

long hypercall_sched_op(struct vcpu *v, struct hypercall *call)
{
	switch ((uint32_t)call->arg[0]) {
	case SCHEDOP_yield:
		return op_yield(v, call);
	case SCHEDOP_block:
		return op_block(v, call);
	case SCHEDOP_shutdown:
		return op_shutdown(v, call);
	case SCHEDOP_poll:
		return op_poll(v, call);
	case SCHEDOP_remote_shutdown:
		return op_remote_shutdown(v, call);
	case SCHEDOP_shutdown_code:
		return op_shutdown_code(v, call);
	case SCHEDOP_watchdog:
		return op_watchdog(v, call);
	case SCHEDOP_pin_override:
		return op_pin_override(v, call);
	default:
		return E_NOSYS;
	}
}
