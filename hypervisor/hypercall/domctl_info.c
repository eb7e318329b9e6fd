/*
 * domctl that looks at domains: what one is doing, and what each of its vCPUs is.
 *
 * No lock: each number is right at some moment of the call, and the domain may have changed before the caller
 * reads it.
 */
#include <hyp/control.h>
#include <hyp/domain.h>
#include <hyp/mm.h>
#include <hyp/string.h>

#include "domctl.h"

static bool vcpu_is_online(const struct vcpu *v) { return !(read_once(v->stop) & VCPU_DOWN); }
static bool vcpu_is_blocked(const struct vcpu *v) { return read_once(v->stop) & (VCPU_BLOCKED | VCPU_POLLING); }

static uint64_t vcpu_run_ns(struct vcpu *v)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(v, &info);
	return info.time[RUNSTATE_running];
}

/* Adds v to the sums. Blocked is a domain all of whose vCPUs that are online are; running, one of which any is. */
static void info_add_vcpu(struct xen_domctl_getdomaininfo *info, struct vcpu *v)
{
	info->max_vcpu_id = v->id;
	info->cpu_time += vcpu_run_ns(v);
	if (!vcpu_is_online(v))
		return;
	if (!info->nr_online_vcpus++)
		info->flags |= XEN_DOMINF_blocked;
	if (!vcpu_is_blocked(v))
		info->flags &= ~XEN_DOMINF_blocked;
	if (read_once(v->sched.running))
		info->flags |= XEN_DOMINF_running;
}

static uint32_t state_flags(const struct domain *d)
{
	uint32_t flags = (uint32_t)read_once(d->shutdown_code) << XEN_DOMINF_shutdownshift;

	/* Before that it is only being taken apart, and those who watch for its end would come too early. */
	flags |= read_once(d->state) == DOMAIN_DEAD ? XEN_DOMINF_dying : 0;
	flags |= read_once(d->is_shutdown) ? XEN_DOMINF_shutdown : 0;
	flags |= read_once(d->control_pause_count) ? XEN_DOMINF_paused : 0;
	return flags;
}

void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		struct vcpu *v = domain_vcpu(d, i);

		if (v)
			info_add_vcpu(info, v);
	}
	info->flags |= state_flags(d);
	info->tot_pages = read_once(d->pages);
	info->max_pages = read_once(d->pages_max);
	info->outstanding_pages = read_once(d->pages_claimed);
	info->shared_info_frame = arch_virt_to_mfn(d->shared_info).v;
	info->cpupool = read_once(d->sched.pool);
	info->gpaddr_bits = (uint8_t)arch_physical_address_bits();
	spin_lock(&d->lock);
	memcpy(info->handle, d->handle, sizeof(info->handle));
	spin_unlock(&d->lock);
}

/* The first domain from the number on: callers walk with it. */
enum status domctl_getdomaininfo(struct vcpu *v, struct domain *none, struct xen_domctl *op)
{
	struct domain *d;

	(void)v, (void)none;
	if (op->domain >= DOMID_FIRST_RESERVED)
		return E_INVAL;
	d = domain_find_next(op->domain);
	if (!d)
		return E_SRCH;
	domain_info_fill(d, &op->u.getdomaininfo);
	op->domain = d->id;
	domain_put(d);
	return OK;
}

enum status domctl_getvcpuinfo(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	uint32_t id = info->vcpu;
	struct vcpu *v = domain_vcpu(d, id);

	(void)caller;
	if (id >= d->vcpu_max)
		return E_INVAL;
	if (!v)
		return E_SRCH;
	memset(info, 0, sizeof(*info));
	info->vcpu = id;
	info->online = vcpu_is_online(v);
	info->blocked = vcpu_is_blocked(v);
	info->running = read_once(v->sched.running);
	info->cpu_time = vcpu_run_ns(v);
	info->cpu = read_once(v->sched.cpu);
	return OK;
}
