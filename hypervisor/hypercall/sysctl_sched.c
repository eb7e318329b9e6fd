/*
 * sysctl on scheduling: which scheduler there is, its parameters, and the pools of CPUs.
 */
#include <hyp/cpu.h>
#include <hyp/domain.h>
#include <hyp/guest.h>
#include <hyp/pool.h>
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
	if (!pool_exists(s->cpupool_id))
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

/* The first pool from the number on: callers walk with it. */
static enum status pool_info(struct vcpu *v, struct xen_sysctl_cpupool_op *p)
{
	struct pool_info info;

	if (!pool_find_next(p->cpupool_id, &info))
		return E_NOENT;
	p->cpupool_id = info.id;
	p->sched_id = SCHEDULER;
	p->n_dom = info.domain_count;
	return control_cpuset_out(v, &p->cpumap, &info.cpus);
}

static enum status pool_free_info(struct vcpu *v, struct xen_sysctl_cpupool_op *p)
{
	struct cpuset cpus = pool_free_cpus();

	return control_cpuset_out(v, &p->cpumap, &cpus);
}

/* There is one scheduler: a pool with another cannot be had. */
static enum status pool_new(struct xen_sysctl_cpupool_op *p)
{
	return p->sched_id == SCHEDULER ? pool_create(&p->cpupool_id) : E_NOENT;
}

static enum status pool_move_domain(const struct xen_sysctl_cpupool_op *p)
{
	struct domain *d = p->domid < DOMID_FIRST_RESERVED ? domain_find((domid_t)p->domid) : NULL;
	enum status status;

	if (!d)
		return E_INVAL;
	status = pool_move(d, p->cpupool_id);
	domain_put(d);
	return status;
}

enum status sysctl_cpupool_op(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
		return pool_new(p);
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		return pool_destroy(p->cpupool_id);
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return pool_info(v, p);
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		return pool_add_cpu(p->cpupool_id, p->cpu);
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return pool_remove_cpu(p->cpupool_id, p->cpu);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return pool_move_domain(p);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return pool_free_info(v, p);
	default:
		return E_NOSYS;
	}
}
