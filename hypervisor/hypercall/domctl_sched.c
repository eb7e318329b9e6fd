/*
 * domctl on who runs where, and how much: affinities and scheduler parameters.
 */
#include <hyp/domain.h>
#include <hyp/guest.h>

#include "domctl.h"

static enum status affinity_target(const struct domain *d, const struct xen_domctl_vcpuaffinity *a, struct vcpu **out)
{
	if (a->vcpu >= d->vcpu_max)
		return E_INVAL;
	*out = domain_vcpu(d, a->vcpu);
	return *out ? OK : E_SRCH;
}

/* The masks that the caller gives; the other one stays as it is. */
static enum status affinity_decode(struct vcpu *caller, const struct vcpu *v, const struct xen_domctl_vcpuaffinity *a,
				   struct cpuset *hard, struct cpuset *soft)
{
	enum status status = OK;
	bool is_unpinned = v->sched.is_pinned && a->flags & XEN_VCPUAFFINITY_FORCE;

	*hard = is_unpinned ? v->sched.affinity_saved : v->sched.affinity_hard;
	*soft = v->sched.affinity_soft;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		status = control_cpuset_in(caller, &a->cpumap_hard, hard);
	if (!status && a->flags & XEN_VCPUAFFINITY_SOFT)
		status = control_cpuset_in(caller, &a->cpumap_soft, soft);
	return status;
}

/* What of it is in force: the caller reads it from where it had its own. */
static enum status affinity_effective_out(struct vcpu *caller, const struct vcpu *v,
					  const struct xen_domctl_vcpuaffinity *a, const struct cpuset *soft)
{
	struct cpuset effective = sched_vcpu_cpus(v);
	enum status status = OK;

	if (a->flags & XEN_VCPUAFFINITY_HARD)
		status = control_cpuset_out(caller, &a->cpumap_hard, &effective);
	effective = cpuset_and(soft, &effective);
	if (!status && a->flags & XEN_VCPUAFFINITY_SOFT)
		status = control_cpuset_out(caller, &a->cpumap_soft, &effective);
	return status;
}

enum status domctl_setvcpuaffinity(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct cpuset hard, soft;
	enum status status;
	struct vcpu *v;

	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT | XEN_VCPUAFFINITY_FORCE)))
		return E_INVAL;
	status = affinity_target(d, a, &v);
	if (!status)
		status = affinity_decode(caller, v, a, &hard, &soft);
	if (status)
		return status;
	/* There may be no override to undo. */
	if (a->flags & XEN_VCPUAFFINITY_FORCE)
		(void)sched_unpin(v);
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return OK;
	status = sched_set_affinity(v, &hard, &soft);
	return status ? status : affinity_effective_out(caller, v, a, &soft);
}

enum status domctl_getvcpuaffinity(struct vcpu *caller, struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	enum status status;
	struct vcpu *v;

	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return E_INVAL;
	status = affinity_target(d, a, &v);
	if (!status && a->flags & XEN_VCPUAFFINITY_HARD)
		status = control_cpuset_out(caller, &a->cpumap_hard, &v->sched.affinity_hard);
	if (!status && a->flags & XEN_VCPUAFFINITY_SOFT)
		status = control_cpuset_out(caller, &a->cpumap_soft, &v->sched.affinity_soft);
	return status;
}

/* There is one node. */
#define NODES 1u

enum status domctl_setnodeaffinity(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	uint64_t nodes;
	enum status status = control_bitmap_in(v, &op->u.nodeaffinity.nodemap, &nodes, NODES);

	(void)d;
	if (status)
		return status;
	return nodes ? OK : E_INVAL;
}

enum status domctl_getnodeaffinity(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	const uint64_t nodes = 1;

	(void)d;
	return control_bitmap_out(v, &op->u.nodeaffinity.nodemap, &nodes, NODES);
}

/* A weight of 0 is no change, a cap of 0 takes the cap away. */
static enum status params_put(struct domain *d, const struct xen_domctl_sched_credit2 *params)
{
	return sched_set_params(d, params->weight ? params->weight : read_once(d->sched.weight), params->cap);
}

static struct xen_domctl_sched_credit2 params_get(const struct domain *d)
{
	return (struct xen_domctl_sched_credit2){
		.weight = (uint16_t)read_once(d->sched.weight),
		.cap = (uint16_t)read_once(d->sched.cap),
	};
}

/* Of the scheduler that tools take ours for (sysctl sched_id). Single vCPUs have no parameters. */
enum status domctl_scheduler_op(struct vcpu *v, struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

	(void)v;
	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return E_INVAL;
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_putinfo:
		return read_once(d->state) == DOMAIN_ALIVE ? params_put(d, &s->u.credit2) : E_SRCH;
	case XEN_DOMCTL_SCHEDOP_getinfo:
		s->u.credit2 = params_get(d);
		return OK;
	default:
		return E_INVAL;
	}
}
