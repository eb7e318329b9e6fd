/*
 * domctl on the life of a domain: made, filled with vCPUs, paused and unpaused, resumed, ended; and what it
 * is called.
 */
#include <hyp/control.h>
#include <hyp/domain.h>
#include <hyp/hypercall.h>
#include <hyp/string.h>

#include "domctl.h"

/* Flags of creation that mean nothing for a paravirtual domain, and may be there. */
#define FLAGS_IGNORED (XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_s3_integrity)
#define GRANT_VERSION_MAX 2u

/* Pure. */
static enum status create_decode(domid_t id, const struct xen_domctl_createdomain *c, struct domain_config *config)
{
	uint32_t grant_version = XEN_DOMCTL_GRANT_version(c->grant_opts);

	/* Is it a paravirtual domain, and one without devices of its own? */
	if (c->flags & ~FLAGS_IGNORED || c->iommu_opts || c->vmtrace_size)
		return E_INVAL;
	if (c->arch.emulation_flags || c->arch.misc_flags & ~XEN_X86_MSR_RELAXED)
		return E_INVAL;
	/* A guest that may use version 2 of the grant tables finds that there is only version 1, and uses that. */
	if (c->grant_opts != grant_version || !grant_version || grant_version > GRANT_VERSION_MAX)
		return E_INVAL;
	if (!c->max_vcpus || c->max_vcpus > VCPUS_MAX)
		return E_INVAL;

	*config = (struct domain_config){
		.id = id && id < DOMID_FIRST_RESERVED ? id : DOMID_INVALID,
		.vcpu_max = c->max_vcpus,
		.evtchn_port_max = c->max_evtchn_port,
		.pool = c->cpupool_id,
		.msr_relaxed = c->arch.misc_flags & XEN_X86_MSR_RELAXED,
		.grant_frames_max = c->max_grant_frames < 0 ? GRANT_FRAMES_DEFAULT : (uint32_t)c->max_grant_frames,
		.maptrack_frames_max =
			c->max_maptrack_frames < 0 ? GRANT_MAPTRACK_FRAMES_DEFAULT : (uint32_t)c->max_maptrack_frames,
	};
	memcpy(config->handle, c->handle, sizeof(config->handle));
	return OK;
}

enum status domctl_createdomain(struct vcpu *v, struct domain *none, struct xen_domctl *op)
{
	struct domain_config config;
	enum status status = create_decode(op->domain, &op->u.createdomain, &config);
	struct domain *d;

	(void)v, (void)none;
	if (status)
		return status;
	status = domain_create(&config, &d);
	if (status)
		return status;
	op->domain = d->id;
	/* Tools compare what they asked for with what they got. */
	op->u.createdomain.flags |= XEN_DOMCTL_CDF_oos_off;
	return OK;
}

enum status domctl_destroydomain(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)op;
	return domain_kill(d);
}

/* The domain is stopped when the call returns: the caller reads its memory next. */
enum status domctl_pausedomain(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)op;
	return domain_control_pause(d);
}

/* Also of a command that waited for the domain to stop and did not come again (C3 of domctl.c). */
enum status domctl_unpausedomain(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)op;
	if (d->control.holds_stop) {
		d->control.holds_stop = false;
		domain_unpause(d);
	}
	return domain_control_unpause(d);
}

enum status domctl_resumedomain(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)op;
	domain_resume(d);
	return OK;
}

/* The number is the one from the creation: the call only makes the vCPUs, those that are there stay. */
enum status domctl_max_vcpus(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	(void)caller;
	if (op->u.max_vcpus.max != d->vcpu_max)
		return E_INVAL;
	for (unsigned int id = 0; id < d->vcpu_max; id++) {
		enum status status;
		struct vcpu *v;

		if (domain_vcpu(d, id))
			continue;
		status = vcpu_create(d, id, &v);
		if (status)
			return status;
		if (id + 1 < d->vcpu_max && arch_preempt_due())
			return E_RESTART;
	}
	return OK;
}

enum status domctl_setdomainhandle(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v;
	spin_lock(&d->lock);
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	spin_unlock(&d->lock);
	return OK;
}

/* No debugger can be attached to a guest from outside; to detach one is fine. */
enum status domctl_setdebugging(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)d;
	return op->u.setdebugging.enable ? E_OPNOTSUPP : OK;
}

enum status domctl_settimeoffset(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	int64_t seconds = op->u.settimeoffset.time_offset_seconds;
	const int64_t limit = INT64_MAX / (int64_t)NANOSECONDS_PER_SECOND;

	(void)v;
	if (seconds < -limit || seconds > limit)
		return E_INVAL;
	spin_lock(&d->lock);
	d->time_offset_ns = seconds * (int64_t)NANOSECONDS_PER_SECOND;
	spin_unlock(&d->lock);
	arch_wallclock_update(d);
	return OK;
}

/* All domains are 64-bit ones. */
enum status domctl_set_address_size(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)d;
	return op->u.address_size.size == 64 ? OK : E_INVAL;
}

enum status domctl_get_address_size(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v, (void)d;
	op->u.address_size.size = 64;
	return OK;
}

/* The port is looked at when the domain suspends; it may not be there yet, or no more. */
enum status domctl_subscribe(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v;
	write_once(d->control.suspend_port, op->u.subscribe.port);
	return OK;
}

/* What tells of the machine and of other domains goes to domain 0, and stays there. */
enum status domctl_set_virq_handler(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	(void)v;
	switch (op->u.set_virq_handler.virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
		return E_INVAL;
	default:
		if (op->u.set_virq_handler.virq >= NR_VIRQS)
			return E_INVAL;
		return d->privileged ? OK : E_OPNOTSUPP;
	}
}
