/*
 * Where a vCPU may run (hard affinity, its pool's CPUs) and likes to run (soft affinity), and the override that pins it for
 * a while.
 *
 * A1  The hard affinity and the pool always have an online CPU in common.
 * A2  While a vCPU is pinned, affinity_hard is the one CPU and affinity_saved what it was and will be again.
 */
#include "runqueue.h"

/* After a change: a vCPU that may not stay is taken off its queue and queued anew, a running one is made to stop, and one that
   sleeps belongs elsewhere at once, for whoever asks. Unlocks. */
static void leave_if_excluded(struct runqueue *q, struct vcpu *v) RELEASES(q->lock) NO_LOCK_CHECK
{
	unsigned int cpu = v->sched.cpu;
	bool is_excluded = !vcpu_may_run_on(v, cpu), was_queued = v->sched.queued, runs = v->sched.running;
	struct cpuset cpus = sched_vcpu_cpus(v);

	if (is_excluded && was_queued)
		runqueue_leave(q, v);
	if (is_excluded && !runs)
		write_once(v->sched.cpu, placement_least_loaded(&cpus, cpu));
	spin_unlock(&q->lock);
	if (is_excluded && !runs)
		sched_update(v);
	/* An idle CPU may be open to it now. */
	if (!is_excluded && was_queued)
		placement_offer(v);
	if (is_excluded && runs)
		runqueue_make_due(cpu);
}

struct cpuset sched_vcpu_cpus(const struct vcpu *v)
{
	struct cpuset cpus = cpuset_and(&v->sched.affinity_hard, &v->sched.pool_cpus);

	return cpuset_and(&cpus, &cpus_online);
}

/* The same for an affinity that it does not have yet. */
static bool leaves_a_cpu(const struct vcpu *v, const struct cpuset *hard) REQUIRES(runqueues[v->sched.cpu].lock)
{
	struct cpuset usable = cpuset_and(hard, &cpus_online);

	usable = cpuset_and(&usable, &v->sched.pool_cpus);
	return !cpuset_is_empty(&usable);
}

static void affinity_reset(struct vcpu *v) REQUIRES(runqueues[v->sched.cpu].lock)
{
	v->sched.is_pinned = false;
	for (unsigned int i = 0; i < ARRAY_COUNT(v->sched.affinity_hard.word); i++)
		v->sched.affinity_hard.word[i] = v->sched.affinity_soft.word[i] = UINT64_MAX;
}

void sched_confine(struct vcpu *v, const struct cpuset *pool, bool anywhere) NO_LOCK_CHECK
{
	struct runqueue *q = runqueue_lock_of(v);

	v->sched.pool_cpus = *pool;
	if (anywhere || !leaves_a_cpu(v, &v->sched.affinity_hard))
		affinity_reset(v);
	leave_if_excluded(q, v);
}

enum status sched_set_affinity(struct vcpu *v, const struct cpuset *hard, const struct cpuset *soft) NO_LOCK_CHECK
{
	struct runqueue *q = runqueue_lock_of(v);

	if (!leaves_a_cpu(v, hard)) {
		spin_unlock(&q->lock);
		return E_INVAL;
	}
	if (v->sched.is_pinned) {
		spin_unlock(&q->lock);
		return E_BUSY;
	}
	v->sched.affinity_hard = *hard;
	v->sched.affinity_soft = *soft;
	leave_if_excluded(q, v);
	return OK;
}

void sched_set_affinity_in_turn(struct domain *d)
{
	unsigned int from = 0;

	for (unsigned int id = 0; id < d->vcpu_max; id++) {
		struct cpuset cpus = sched_vcpu_cpus(d->vcpu[id]), one = {0};
		unsigned int cpu = cpuset_next(&cpus, from);

		if (cpu == CPUS_MAX)
			cpu = cpuset_next(&cpus, 0);
		cpuset_add(&one, cpu);
		/* Cannot fail: the CPU is one of its own (A1), and nothing has pinned it. */
		(void)sched_set_affinity(d->vcpu[id], &one, &one);
		from = cpu + 1;
	}
}

enum status sched_pin(struct vcpu *v, unsigned int cpu) NO_LOCK_CHECK
{
	struct cpuset one = {0};
	struct runqueue *q;

	if (cpu >= CPUS_MAX)
		return E_INVAL;
	cpuset_add(&one, cpu);
	q = runqueue_lock_of(v);
	if (!leaves_a_cpu(v, &one)) {
		spin_unlock(&q->lock);
		return E_INVAL;
	}
	if (v->sched.is_pinned) {
		spin_unlock(&q->lock);
		return E_BUSY;
	}
	v->sched.is_pinned = true;
	v->sched.affinity_saved = v->sched.affinity_hard;
	v->sched.affinity_hard = one;
	leave_if_excluded(q, v);
	return OK;
}

enum status sched_unpin(struct vcpu *v) NO_LOCK_CHECK
{
	struct runqueue *q = runqueue_lock_of(v);

	if (!v->sched.is_pinned) {
		spin_unlock(&q->lock);
		return E_INVAL;
	}
	v->sched.is_pinned = false;
	v->sched.affinity_hard = v->sched.affinity_saved;
	if (!leaves_a_cpu(v, &v->sched.affinity_hard))
		affinity_reset(v);
	leave_if_excluded(q, v);
	return OK;
}
