/*
 * Closing ports, one or all.
 *
 * C1  After a close the port is FREE, and the other end of its link is UNBOUND, waiting for the domain that closed.
 * C2  Closing all ends when open_count is 0, wherever it began: the place where it stopped is only a hint. So a
 *     reset that was interrupted half-way, and ports that are opened behind it, leave nothing behind when the domain
 *     dies. While others keep opening ports a reset goes on only as long as its caller comes back.
 *
 * A link needs both locks, and which they are is known only under the first. When the remote domain's lock comes
 * first in order, the own one is given up with a reference on the remote domain (the link proves that it is alive),
 * both are taken, and the port is looked at again from the start.
 */
#include "evtchn_internal.h"

#include <hyp/hypercall.h>

static void link_break(struct domain *d, struct evtchn *e)
{
	struct evtchn *there = evtchn_find(e->remote, e->remote_port);

	there->state = EVTCHN_UNBOUND;
	there->remote = NULL;
	there->peer_id = d->id;
	there->remote_port = 0;
}

/* The locks that this port needs are held. */
static enum status close_act(struct domain *d, uint32_t port) REQUIRES(d->evtchn.lock)
{
	struct evtchn *e = evtchn_find(d, port);

	switch (e->state) {
	case EVTCHN_FREE:
	case EVTCHN_RESERVED:
		return E_INVAL;
	case EVTCHN_INTERDOMAIN:
		link_break(d, e);
		break;
	case EVTCHN_PIRQ:
		/* First: once it returns no interrupt of it makes the port pending any more. */
		arch_pirq_unbind(d, e->pirq);
		break;
	case EVTCHN_VIRQ:
		evtchn_virq_forget(d, e->virq, port);
		break;
	default:
		break;
	}
	evtchn_port_free(d, port);
	return OK;
}

/* The domain at the other end, referenced; NULL if the port has none, or is not there. */
static struct domain *remote_get(struct domain *d, uint32_t port)
{
	const struct evtchn *e = evtchn_find(d, port);
	struct domain *remote = NULL;

	spin_lock(&d->evtchn.lock);
	if (e && e->state == EVTCHN_INTERDOMAIN) {
		remote = e->remote;
		domain_get(remote);
	}
	spin_unlock(&d->evtchn.lock);
	return remote;
}

/* True if, with d's lock and remote's held, everything that closing the port changes is protected. */
static bool locks_suffice(const struct domain *d, uint32_t port, const struct domain *remote)
{
	const struct evtchn *e = evtchn_find(d, port);

	return e->state != EVTCHN_INTERDOMAIN || e->remote == d || e->remote == remote;
}

enum status evtchn_close(struct domain *d, uint32_t port) NO_LOCK_CHECK
{
	if (!evtchn_find(d, port))
		return E_INVAL;
	for (;;) {
		struct domain *remote = remote_get(d, port);
		struct domain *other = remote ? remote : d;
		enum status s = E_AGAIN;

		evtchn_lock_pair(d, other);
		if (locks_suffice(d, port, other))
			s = close_act(d, port);
		evtchn_unlock_pair(d, other);
		if (remote)
			domain_put(remote);
		if (s != E_AGAIN)
			return s;
	}
}

/* The next port to close; 0 when all are. */
static uint32_t close_next(struct domain *d)
{
	uint32_t port;

	spin_lock(&d->evtchn.lock);
	port = evtchn_port_find_open(d, d->evtchn.close_from);
	d->evtchn.close_from = port;
	spin_unlock(&d->evtchn.lock);
	return port;
}

enum status evtchn_reset(struct domain *d)
{
	for (;;) {
		uint32_t port = close_next(d);

		if (port == 0)
			return OK;
		/* It can only fail because another vCPU closed the port first. */
		(void)evtchn_close(d, port);
		if (arch_preempt_due())
			return E_RESTART;
	}
}

enum status evtchn_domain_close_all(struct domain *d) { return evtchn_reset(d); }
