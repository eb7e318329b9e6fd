/*
 * sysctl on scheduling: which scheduler there is, its parameters, and the pools of CPUs, of which there is
 * one.
 */
#include <hyp/cpu.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/sched.h>

#include "domctl.h"
#include "sysctl.h"

/* What tools take ours for: its parameters are a weight and a cap for each domain. */
#define SCHEDULER XEN_SCHEDULER_CREDIT2

enum status sysctl_sched_id(struct vcpu *v, struct xen_sysctl *op)
{
	(void)v;
	op->u.sched_id.sched_id = SCHEDULER;
	return OK;
}

static enum status ratelimit_set(uint32_t us)
{
	if (us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
		return E_INVAL;
	sched_set_rate_limit(us * UINT64_C(1000));
	return OK;
}

/* Whichever is done, the reply is what is in force. */
enum status sysctl_scheduler_op(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
	enum status status = OK;

	(void)v;
	if (s->cpupool_id)
		return E_SRCH;
	if (s->sched_id != SCHEDULER)
		return E_INVAL;
	if (s->cmd != XEN_SYSCTL_SCHEDOP_putinfo && s->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
		return E_INVAL;
	if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		status = ratelimit_set(s->u.sched_credit2.ratelimit_us);
	s->u.sched_credit2.ratelimit_us = (uint32_t)(sched_rate_limit_ns() / 1000);
	return status;
}

static uint32_t domains_count(void)
{
	uint32_t count = 0;
	struct domain *d;

	for (domid_t id = 0; (d = domain_find_next(id)) != NULL; count++) {
		id = (domid_t)(d->id + 1);
		domain_put(d);
	}
	return count;
}

/* The first pool from the number on: callers walk with it. */
static enum status pool_info(struct vcpu *v, struct xen_sysctl_cpupool_op *p)
{
	if (p->cpupool_id)
		return E_NOENT;
	p->sched_id = SCHEDULER;
	p->n_dom = domains_count();
	return control_cpuset_out(v, &p->cpumap, &cpus_online);
}

/* All CPUs are in the pool, so none is free. */
static enum status pool_free_info(struct vcpu *v, struct xen_sysctl_cpupool_op *p)
{
	const struct cpuset none = {0};

	return control_cpuset_out(v, &p->cpumap, &none);
}

static enum status pool_cpu(const struct xen_sysctl_cpupool_op *p, enum status refusal)
{
	if (p->cpupool_id)
		return E_NOENT;
	if (p->cpu != XEN_SYSCTL_CPUPOOL_PAR_ANY && (p->cpu >= cpu_count || !cpuset_has(&cpus_online, p->cpu)))
		return E_INVAL;
	return refusal;
}

/* A domain may be moved to where it is. */
static enum status pool_move_domain(const struct xen_sysctl_cpupool_op *p)
{
	struct domain *d = p->domid < DOMID_FIRST_RESERVED ? domain_find((domid_t)p->domid) : NULL;

	if (!d)
		return E_INVAL;
	domain_put(d);
	return p->cpupool_id ? E_NOENT : OK;
}

enum status sysctl_cpupool_op(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
		return p->cpupool_id ? E_OPNOTSUPP : E_EXIST;
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		return p->cpupool_id ? E_NOENT : E_BUSY;
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return pool_info(v, p);
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		return pool_cpu(p, E_NODEV);
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return pool_cpu(p, E_BUSY);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return pool_move_domain(p);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return pool_free_info(v, p);
	default:
		return E_NOSYS;
	}
}
