/*
 * Caps: a domain uses at most so many percent of one CPU, all its vCPUs together.
 *
 * C1  In each period the domain's budget grows by cap percent of the period. A vCPU that is chosen to run takes a part of
 *     it first (its grant), runs no longer than that, and gives back what it did not use.
 * C2  What was overdrawn (interrupts come late) is owed: the budget starts the next period so much lower.
 * C3  A vCPU that finds no budget is parked until the period ends; then the domain's timer unparks all of them.
 *
 * The grant is a fair part of what is left, so that one vCPU does not take all before its siblings come.
 * cap_lock is taken under a run-queue lock and holds only the timer queue's lock under it.
 */
#include "runqueue.h"

#define PERIOD_NS MILLISECONDS(30)
/* Less is not worth a switch... */
#define BUDGET_MIN_NS UINT64_C(100000)
/* ...and no grant is cut below this for the siblings' sake. */
#define GRANT_MIN_NS UINT64_C(500000)

static void refill(struct sched_domain *s, uint64_t now_ns) REQUIRES(s->cap_lock)
{
	int64_t quota_ns = (int64_t)(PERIOD_NS * s->cap / 100);
	uint64_t periods;

	if (now_ns < s->cap_period_end_ns)
		return;
	periods = (now_ns - s->cap_period_end_ns) / PERIOD_NS + 1;
	s->cap_period_end_ns += periods * PERIOD_NS;
	s->cap_budget_ns += quota_ns * (int64_t)MIN(periods, 1000);
	/* What was left over is lost, but for the part that was too small to be of use. */
	s->cap_budget_ns = MIN(s->cap_budget_ns, quota_ns + (int64_t)BUDGET_MIN_NS);
}

static uint64_t grant(const struct sched_domain *s, unsigned int vcpus) REQUIRES(s->cap_lock)
{
	uint64_t budget_ns = (uint64_t)s->cap_budget_ns, part_ns = budget_ns / vcpus;

	return MIN(MIN(budget_ns, MAX(part_ns, GRANT_MIN_NS)), SLICE_NS);
}

uint64_t cap_take(struct vcpu *v, uint64_t now_ns)
{
	struct sched_domain *s = &v->domain->sched;
	uint64_t grant_ns = 0;

	if (!read_once(s->cap))
		return UINT64_MAX;
	spin_lock(&s->cap_lock);
	refill(s, now_ns);
	if (s->cap_budget_ns >= (int64_t)BUDGET_MIN_NS) {
		grant_ns = grant(s, v->domain->vcpu_max);
		s->cap_budget_ns -= (int64_t)grant_ns;
		v->sched.cap_grant_ns = grant_ns;
	} else {
		timer_set_here(&s->cap_timer, s->cap_period_end_ns);
	}
	spin_unlock(&s->cap_lock);
	return grant_ns;
}

void cap_settle(struct vcpu *v, uint64_t used_ns)
{
	struct sched_domain *s = &v->domain->sched;

	if (!v->sched.cap_grant_ns)
		return;
	spin_lock(&s->cap_lock);
	s->cap_budget_ns += (int64_t)(v->sched.cap_grant_ns - used_ns);
	spin_unlock(&s->cap_lock);
	v->sched.cap_grant_ns = 0;
}

static void unpark_all(struct domain *d) NO_LOCK_CHECK
{
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		struct vcpu *v = domain_vcpu(d, i);
		struct runqueue *q;
		bool was_parked;

		if (!v)
			continue;
		q = runqueue_lock_of(v);
		was_parked = v->sched.parked;
		v->sched.parked = false;
		spin_unlock(&q->lock);
		if (was_parked)
			sched_update(v);
	}
}

static void period_ended(struct timer *t)
{
	unpark_all(container_of(t, struct domain, sched.cap_timer));
}

void cap_init(struct domain *d)
{
	spin_init(&d->sched.cap_lock);
	timer_init(&d->sched.cap_timer, period_ended, arch_cpu_id());
}

bool cap_stop(struct domain *d)
{
	timer_stop(&d->sched.cap_timer);
	return !timer_is_running(&d->sched.cap_timer);
}

void cap_reset(struct domain *d)
{
	spin_lock(&d->sched.cap_lock);
	d->sched.cap_budget_ns = 0;
	d->sched.cap_period_end_ns = time_now();
	spin_unlock(&d->sched.cap_lock);
	unpark_all(d);
	/* Those that run have no grant, or one of the cap before. */
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		const struct vcpu *v = domain_vcpu(d, i);

		if (v && read_once(v->sched.running))
			runqueue_make_due(read_once(v->sched.cpu));
	}
}
