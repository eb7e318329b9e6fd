/*
 * Making a port pending: three levels of guest memory, then the vCPU.
 *
 *   shared_info.evtchn_pending bit  ->  if not masked: vcpu_info.evtchn_pending_sel bit  ->  evtchn_upcall_pending = 1
 *
 * D1  All of it is guest memory: only atomic operations on single words touch it, their results decide nothing but
 *     whether this guest is told, and a guest that scribbles there misses or repeats its own events.
 * D2  A bit that is set already ends the walk: who set it went, or is going, the rest of the way. The guest clears
 *     from the top down (upcall_pending, selector, pending bit), so a set bit below a cleared one is looked at again.
 * D3  The pending bit is set before v->info is read. When a vCPU's info moves, the pointer changes first and then
 *     the new selector becomes all ones; a sender that still saw the old place had set its pending bit before, and
 *     the guest finds it by the new selector. The old place stays valid memory: it is in shared_info.
 * D4  A vCPU without info (ids above those of shared_info, until it registers one) has only its pending bits set;
 *     the registration then counts as "moved".
 *
 * Why a sender's lock is enough for the remote end: an interdomain link is made and broken only with both locks
 * held. Under the sender's the link therefore exists on both sides, the remote port is not freed or used anew, and
 * the remote domain is not destroyed (its ports are closed first). Of the remote side only the vCPU number may change
 * meanwhile; it is read once, and an event that races with bind_vcpu may go to either vCPU, as with hardware.
 *
 * Pollers: sched_op poll is counted (d->polling), sets VCPU_POLLING and then looks at the pending bits; here the bit is set and
 * then both are looked at. All are full barriers, so one of the two sees the other.
 */
#include "evtchn_internal.h"

static_assert(sizeof(xen_ulong_t) == sizeof(uint64_t), "two-level words are 64 bits");

static void vcpu_tell(struct vcpu *v, struct vcpu_info *info)
{
	if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

/* The port is pending and not masked. */
static void vcpu_select(struct vcpu *v, uint32_t port)
{
	struct vcpu_info *info = v ? __atomic_load_n(&v->info, __ATOMIC_SEQ_CST) : NULL;

	if (!info)
		return;
	if (!bit_test_and_set_atomic(&info->evtchn_pending_sel, port / 64))
		vcpu_tell(v, info);
}

static void pollers_wake(struct domain *d, uint32_t port)
{
	if (likely(!__atomic_load_n(&d->polling, __ATOMIC_SEQ_CST)))
		return;
	for (uint32_t id = 0; id < d->vcpu_max; id++) {
		struct vcpu *v = domain_vcpu(d, id);
		uint32_t polled;

		if (!v || !(__atomic_load_n(&v->stop, __ATOMIC_SEQ_CST) & VCPU_POLLING))
			continue;
		polled = read_once(v->poll_port);
		if (polled == 0 || polled == port)
			vcpu_wake_from(v, VCPU_POLLING);
	}
}

void evtchn_set_pending(struct domain *d, uint32_t port, uint32_t vcpu_id)
{
	struct shared_info *s = d->shared_info;

	if (bit_test_and_set_atomic(s->evtchn_pending, port))
		return;
	if (!bit_test(s->evtchn_mask, port))
		vcpu_select(domain_vcpu(d, vcpu_id), port);
	pollers_wake(d, port);
}

void evtchn_clear_mask(struct domain *d, uint32_t port, uint32_t vcpu_id)
{
	struct shared_info *s = d->shared_info;

	if (bit_test_and_clear_atomic(s->evtchn_mask, port) && bit_test(s->evtchn_pending, port))
		vcpu_select(domain_vcpu(d, vcpu_id), port);
}

bool evtchn_is_pending(const struct domain *d, uint32_t port)
{
	return port < EVTCHN_PORTS_MAX && bit_test(d->shared_info->evtchn_pending, port);
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
	__atomic_store_n(&v->info->evtchn_pending_sel, ~UINT64_C(0), __ATOMIC_SEQ_CST);
	vcpu_tell(v, v->info);
}

void evtchn_send_port(struct domain *d, uint32_t port)
{
	const struct evtchn *e = evtchn_find(d, port);

	if (e && read_once(e->state) == EVTCHN_PIRQ)
		evtchn_set_pending(d, port, read_once(e->vcpu));
}

enum status evtchn_send(struct domain *d, uint32_t port)
{
	const struct evtchn *e = evtchn_find(d, port);
	enum status s = OK;

	if (!e)
		return E_INVAL;
	spin_lock(&d->evtchn.lock);
	switch (e->state) {
	case EVTCHN_INTERDOMAIN:
		evtchn_set_pending(e->remote, e->remote_port, read_once(evtchn_find(e->remote, e->remote_port)->vcpu));
		break;
	case EVTCHN_IPI:
		evtchn_set_pending(d, port, e->vcpu);
		break;
	case EVTCHN_UNBOUND:
		break; /* nobody is there to hear it; binding makes the new port pending once */
	default:
		s = E_INVAL;
	}
	spin_unlock(&d->evtchn.lock);
	return s;
}

enum status evtchn_unmask(struct domain *d, uint32_t port)
{
	const struct evtchn *e = evtchn_find(d, port);

	if (!e)
		return E_INVAL;
	spin_lock(&d->evtchn.lock);
	evtchn_clear_mask(d, port, e->vcpu);
	if (e->state == EVTCHN_PIRQ)
		arch_pirq_unmask(d, e->pirq);
	spin_unlock(&d->evtchn.lock);
	return OK;
}
