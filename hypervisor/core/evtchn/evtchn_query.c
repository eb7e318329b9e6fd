/* What a port is: for the status call and for people. Changes nothing. */
#include "evtchn_internal.h"

#include <hyp/log.h>

static void status_fill(const struct evtchn *e, struct evtchn_status *out)
{
	out->vcpu = e->vcpu;
	switch (e->state) {
	case EVTCHN_UNBOUND:
		out->status = EVTCHNSTAT_unbound;
		out->u.unbound.dom = e->peer_id;
		break;
	case EVTCHN_INTERDOMAIN:
		out->status = EVTCHNSTAT_interdomain;
		out->u.interdomain.dom = e->remote->id;
		out->u.interdomain.port = e->remote_port;
		break;
	case EVTCHN_PIRQ:
		out->status = EVTCHNSTAT_pirq;
		out->u.pirq = e->pirq;
		break;
	case EVTCHN_VIRQ:
		out->status = EVTCHNSTAT_virq;
		out->u.virq = e->virq;
		break;
	case EVTCHN_IPI:
		out->status = EVTCHNSTAT_ipi;
		break;
	default:
		out->status = EVTCHNSTAT_closed;
	}
}

enum status evtchn_get_status(struct domain *d, uint32_t port, struct evtchn_status *out)
{
	const struct evtchn *e = evtchn_find(d, port);

	if (!e)
		return E_INVAL;
	spin_lock(&d->evtchn.lock);
	status_fill(e, out);
	spin_unlock(&d->evtchn.lock);
	return OK;
}

#define LINES_MAX 256u

/* For the diagnostic keys: no lock, so that it works when the machine hangs; a line may be out of date. */
void evtchn_dump(const struct domain *d)
{
	static const char *const names[] = {"free", "reserved", "unbound", "interdomain", "pirq", "virq", "ipi"};
	unsigned int lines = 0;

	log_info("d%u: %u of %u event channels", d->id, d->evtchn.open_count, d->evtchn.port_max);
	for (uint32_t port = 1; port < d->evtchn.port_count && lines < LINES_MAX; port++) {
		struct evtchn e = *evtchn_find(d, port);

		if (e.state == EVTCHN_FREE || e.state >= ARRAY_COUNT(names))
			continue;
		lines++;
		log_info("  %4u v%u %s%s%s %u", port, e.vcpu, names[e.state], evtchn_is_pending(d, port) ? " pending" : "",
			 bit_test(d->shared_info->evtchn_mask, port) ? " masked" : "",
			 e.state == EVTCHN_INTERDOMAIN ? e.remote_port : e.state == EVTCHN_UNBOUND ? e.peer_id : e.pirq);
	}
}
