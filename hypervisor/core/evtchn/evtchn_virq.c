/*
 * Virtual interrupts: what the hypervisor itself has to say.
 *
 * A per-vCPU VIRQ (timer, debug, profile, performance counters) is bound once for each vCPU and stays there. A global
 * one is bound once for the domain, on vCPU 0, and may then be moved; its port is kept in vCPU 0's virq_port wherever
 * it is delivered. All global ones but Argo's tell of the machine or of other domains: domain 0's alone.
 *
 * Lock: the domain's evtchn lock protects virq_port of all its vCPUs.
 */
#include "evtchn_internal.h"

#define VIRQ_COUNT ARRAY_COUNT(((struct vcpu *)NULL)->virq_port)
static_assert(VIRQ_COUNT == NR_VIRQS, "virq_port has a place for each VIRQ");

bool evtchn_virq_is_global(uint32_t virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

static enum status virq_check(const struct domain *d, uint32_t virq, uint32_t vcpu_id)
{
	/* Is there such a VIRQ? */
	if (virq >= VIRQ_COUNT)
		return E_INVAL;
	/* Is it of the vCPU that holds the global ones? */
	if (evtchn_virq_is_global(virq) && vcpu_id != 0)
		return E_INVAL;
	/* May this domain hear of the machine? */
	if (evtchn_virq_is_global(virq) && virq != VIRQ_ARGO && !d->privileged)
		return E_PERM;
	/* Is there such a vCPU? */
	return domain_vcpu(d, vcpu_id) ? OK : E_NOENT;
}

enum status evtchn_bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu_id, uint32_t *port)
{
	enum status s = virq_check(d, virq, vcpu_id);
	struct vcpu *v = domain_vcpu(d, vcpu_id);

	if (s)
		return s;
	spin_lock(&d->evtchn.lock);
	s = v->virq_port[virq] ? E_EXIST : evtchn_port_find_free(d, port);
	if (s == OK) {
		struct evtchn *e = evtchn_port_take(d, *port, EVTCHN_VIRQ);

		e->vcpu = (uint16_t)vcpu_id;
		e->virq = virq;
		v->virq_port[virq] = (uint16_t)*port;
	}
	spin_unlock(&d->evtchn.lock);
	return s;
}

void evtchn_virq_forget(struct domain *d, uint32_t virq, uint32_t port)
{
	for (uint32_t id = 0; id < d->vcpu_max; id++) {
		struct vcpu *v = domain_vcpu(d, id);

		if (v && v->virq_port[virq] == port)
			v->virq_port[virq] = 0;
	}
}

static void virq_send(struct vcpu *v, unsigned int virq)
{
	struct domain *d = v->domain;
	uint32_t port;

	spin_lock(&d->evtchn.lock);
	port = v->virq_port[virq];
	if (port)
		evtchn_set_pending(d, port, evtchn_find(d, port)->vcpu);
	spin_unlock(&d->evtchn.lock);
}

void evtchn_send_vcpu_virq(struct vcpu *v, unsigned int virq) { virq_send(v, virq); }

void evtchn_send_global_virq(unsigned int virq)
{
	struct vcpu *v = domain0 ? domain_vcpu(domain0, 0) : NULL;

	if (v)
		virq_send(v, virq);
}
