/*
 * Three hypercalls in their oldest form, which small kernels still use: sched_op_compat (6) with a plain argument,
 * event_channel_op_compat (16) and physdev_op_compat (19) with the operation in front of its arguments in memory.
 *
 * Each has only the operations that were there at its time; what they do is what their successors do.
 * See docs/hypercalls/compat.md.
 */
#include <hyp/hypercall.h>

#include <hyp/abi.h>
#include <hyp/domain.h>
#include <hyp/guest.h>

/* The successor with the same operation, whose arguments lie at `offset` of the structure. None of these operations is
   ever interrupted. */
static long forward(struct vcpu *v, const struct hypercall *call, hypercall_function *successor, uint32_t first,
		    uint32_t last, size_t offset)
{
	struct hypercall forwarded = {.arg = {0, call->arg[0] + offset}};
	uint32_t operation;

	/* It is the first word of both structures. */
	if (guest_copy_in(v, &operation, call->arg[0], sizeof(operation)))
		return E_FAULT;
	if (operation < first || operation > last)
		return E_NOSYS;
	forwarded.arg[0] = operation;
	return successor(v, &forwarded);
}

static_assert(offsetof(struct evtchn_op, cmd) == 0 && offsetof(struct physdev_op, cmd) == 0);

long hypercall_event_channel_op_compat(struct vcpu *v, struct hypercall *call)
{
	return forward(v, call, hypercall_event_channel_op, EVTCHNOP_bind_interdomain, EVTCHNOP_unmask,
		       offsetof(struct evtchn_op, u));
}

long hypercall_physdev_op_compat(struct vcpu *v, struct hypercall *call)
{
	return forward(v, call, hypercall_physdev_op, PHYSDEVOP_irq_status_query, PHYSDEVOP_alloc_irq_vector,
		       offsetof(struct physdev_op, u));
}

/* args: operation, reason of a shutdown. */
long hypercall_sched_op_compat(struct vcpu *v, struct hypercall *call)
{
	switch ((uint32_t)call->arg[0]) {
	case SCHEDOP_yield:
	case SCHEDOP_block:
		return hypercall_sched_op(v, call);
	case SCHEDOP_shutdown:
		domain_shutdown(v->domain, (uint8_t)call->arg[1]);
		return OK;
	default:
		return E_NOSYS;
	}
}
