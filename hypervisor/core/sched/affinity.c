/*
 * Where a vCPU may run (hard affinity) and likes to run (soft affinity), and the override that pins it for a while.
 *
 * A1  The hard affinity always has an online CPU in it.
 * A2  While a vCPU is pinned, affinity_hard is the one CPU and affinity_saved what it was and will be again.
 */
#include "runqueue.h"

/* After a change: a queued vCPU that may not stay is taken off and queued anew, a running one is made to stop. Unlocks. */
static void leave_if_excluded(struct runqueue *q, struct vcpu *v) RELEASES(q->lock) NO_LOCK_CHECK
{
	unsigned int cpu = v->sched.cpu;
	bool is_excluded = !vcpu_may_run_on(v, cpu), was_queued = v->sched.queued, runs = v->sched.running;

	if (is_excluded && was_queued)
		runqueue_leave(q, v);
	spin_unlock(&q->lock);
	if (is_excluded && was_queued)
		sched_update(v);
	/* An idle CPU may be open to it now. */
	if (!is_excluded && was_queued)
		placement_offer(v);
	if (is_excluded && runs)
		runqueue_make_due(cpu);
}

enum status sched_set_affinity(struct vcpu *v, const struct cpuset *hard, const struct cpuset *soft)
{
	struct cpuset usable = cpuset_and(hard, &cpus_online);
	struct runqueue *q;

	if (cpuset_is_empty(&usable))
		return E_INVAL;
	q = runqueue_lock_of(v);
	if (v->sched.is_pinned) {
		spin_unlock(&q->lock);
		return E_BUSY;
	}
	v->sched.affinity_hard = *hard;
	v->sched.affinity_soft = *soft;
	leave_if_excluded(q, v);
	return OK;
}

enum status sched_pin(struct vcpu *v, unsigned int cpu)
{
	struct runqueue *q;

	if (cpu >= CPUS_MAX || !cpuset_has(&cpus_online, cpu))
		return E_INVAL;
	q = runqueue_lock_of(v);
	if (v->sched.is_pinned) {
		spin_unlock(&q->lock);
		return E_BUSY;
	}
	v->sched.is_pinned = true;
	v->sched.affinity_saved = v->sched.affinity_hard;
	v->sched.affinity_hard = (struct cpuset){0};
	cpuset_add(&v->sched.affinity_hard, cpu);
	leave_if_excluded(q, v);
	return OK;
}

enum status sched_unpin(struct vcpu *v)
{
	struct runqueue *q = runqueue_lock_of(v);

	if (!v->sched.is_pinned) {
		spin_unlock(&q->lock);
		return E_INVAL;
	}
	v->sched.is_pinned = false;
	v->sched.affinity_hard = v->sched.affinity_saved;
	leave_if_excluded(q, v);
	return OK;
}

unsigned int sched_first_cpu(unsigned int n)
{
	unsigned int online = cpuset_count(&cpus_online), skip = online ? n % online : 0;

	cpuset_for_each(cpu, &cpus_online)
		if (!skip--)
			return cpu;
	return 0;
}
