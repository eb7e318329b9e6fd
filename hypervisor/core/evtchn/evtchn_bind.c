/*
 * Making ports and tying them to what they hear.
 *
 * B1  An interdomain link is symmetric: each end names the other. Both locks are held when it is made or broken.
 * B2  An unbound port is bound only by the domain for which it was allocated.
 * B3  A link holds no reference on the remote domain: a domain closes all its ports while it dies, which turns the
 *     other ends into UNBOUND, long before its struct goes.
 *
 * Every function asks its questions first; the last that may fail is evtchn_port_find_free (or the architecture), and
 * both leave nothing behind.
 */
#include "evtchn_internal.h"

enum status evtchn_alloc_unbound(struct domain *d, domid_t peer, uint32_t *port)
{
	enum status s;

	spin_lock(&d->evtchn.lock);
	s = evtchn_port_find_free(d, port);
	if (s == OK)
		evtchn_port_take(d, *port, EVTCHN_UNBOUND)->peer_id = peer;
	spin_unlock(&d->evtchn.lock);
	return s;
}

static bool port_waits_for(const struct evtchn *e, const struct domain *d)
{
	return e && e->state == EVTCHN_UNBOUND && e->peer_id == d->id;
}

static void link_act(struct domain *d, uint32_t port, struct domain *remote, uint32_t remote_port)
	REQUIRES(d->evtchn.lock)
{
	struct evtchn *here = evtchn_port_take(d, port, EVTCHN_INTERDOMAIN), *there = evtchn_find(remote, remote_port);

	here->remote = remote;
	here->remote_port = remote_port;
	there->remote = d;
	there->remote_port = port;
	there->state = EVTCHN_INTERDOMAIN;
	/* The other side may have sent while its port was unbound, and that was dropped. */
	evtchn_set_pending(d, port, here->vcpu);
}

enum status evtchn_bind_interdomain(struct domain *d, struct domain *remote, uint32_t remote_port, uint32_t *port)
	NO_LOCK_CHECK
{
	enum status s;

	evtchn_lock_pair(d, remote);
	s = evtchn_port_find_free(d, port);
	if (s == OK && !port_waits_for(evtchn_find(remote, remote_port), d))
		s = E_INVAL;
	if (s == OK)
		link_act(d, *port, remote, remote_port);
	evtchn_unlock_pair(d, remote);
	return s;
}

enum status evtchn_bind_ipi(struct domain *d, uint32_t vcpu_id, uint32_t *port)
{
	enum status s;

	if (!domain_vcpu(d, vcpu_id))
		return E_NOENT;
	spin_lock(&d->evtchn.lock);
	s = evtchn_port_find_free(d, port);
	if (s == OK)
		evtchn_port_take(d, *port, EVTCHN_IPI)->vcpu = (uint16_t)vcpu_id;
	spin_unlock(&d->evtchn.lock);
	return s;
}

enum status evtchn_bind_pirq(struct domain *d, uint32_t pirq, bool will_share, uint32_t *port)
{
	enum status s;

	spin_lock(&d->evtchn.lock);
	s = evtchn_port_find_free(d, port);
	if (s == OK) {
		struct evtchn *e = evtchn_port_take(d, *port, EVTCHN_PIRQ);

		/* The port is complete before the interrupt can arrive, which may be at once on another CPU. */
		e->pirq = pirq;
		s = arch_pirq_bind(d, pirq, *port, will_share);
		if (s)
			evtchn_port_free(d, *port);
	}
	spin_unlock(&d->evtchn.lock);
	return s;
}

static enum status bind_vcpu_check(const struct evtchn *e)
{
	switch (e->state) {
	case EVTCHN_UNBOUND:
	case EVTCHN_INTERDOMAIN:
	case EVTCHN_PIRQ:
		return OK;
	case EVTCHN_VIRQ:
		return evtchn_virq_is_global(e->virq) ? OK : E_INVAL;
	default:
		return E_INVAL;
	}
}

enum status evtchn_bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu_id)
{
	struct evtchn *e = evtchn_find(d, port);
	struct vcpu *v = domain_vcpu(d, vcpu_id);
	enum status s;

	if (!v)
		return E_NOENT;
	if (!e)
		return E_INVAL;
	spin_lock(&d->evtchn.lock);
	s = bind_vcpu_check(e);
	if (s == OK && e->vcpu != vcpu_id) {
		write_once(e->vcpu, (uint16_t)vcpu_id);
		if (e->state == EVTCHN_PIRQ)
			arch_pirq_set_affinity(d, e->pirq, v);
	}
	spin_unlock(&d->evtchn.lock);
	return s;
}
