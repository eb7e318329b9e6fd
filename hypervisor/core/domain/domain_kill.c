/*
 * The destruction of a domain: steps in a fixed order, each of which may be interrupted and goes on where it stopped.
 *
 * K1  d->kill_step is the step that is not finished; the steps before it are done for good.
 * K2  One CPU at a time works at it; another one that tries is told to come again.
 * K3  From the first step on the domain is DYING and holds a pause that is never given back: nothing of it runs again, and
 *     nothing new is given to it.
 *
 * The order matters: what runs is stopped first; events and grants go while page tables still stand, since they refer to
 * frames; the architecture's references next; then the memory, which is referred to by nobody of the domain any more.
 */
#include <hyp/domain.h>
#include <hyp/mm.h>
#include <hyp/pool.h>

static enum status step_stop(struct domain *d)
{
	spin_lock(&d->lock);
	if (d->state == DOMAIN_ALIVE) {
		d->state = DOMAIN_DYING;
		domain_pause(d);
	}
	spin_unlock(&d->lock);
	return domain_is_stopped(d) ? OK : E_RESTART;
}

/* A timer's function that runs on another CPU at this moment is waited for by coming again. */
static enum status step_timers(struct domain *d)
{
	bool are_stopped = domain_watchdogs_stop(d) & sched_domain_stop(d);

	for (unsigned int i = 0; i < d->vcpu_max; i++)
		if (d->vcpu[i])
			are_stopped &= vcpu_timers_stop(d->vcpu[i]);
	return are_stopped ? OK : E_RESTART;
}

static enum status step_dead(struct domain *d)
{
	/* Who still maps a frame of it keeps it here for a time, not the CPUs of its pool: they are free when that is told. */
	(void)pool_move(d, 0);
	spin_lock(&d->lock);
	d->state = DOMAIN_DEAD;
	spin_unlock(&d->lock);
	if (domain0)
		evtchn_send_global_virq(VIRQ_DOM_EXC);
	/* Existence ends. The caller still holds a reference of its own, so this is not the last. */
	domain_put(d);
	return OK;
}

static enum status (*const steps[])(struct domain *) = {
	step_stop,
	step_timers,
	evtchn_domain_close_all,
	grant_domain_unmap_all,
	arch_domain_relinquish,
	domain_frames_release_all,
	step_dead,
};

enum status domain_kill(struct domain *d)
{
	enum status status = OK;

	if (!spin_trylock(&d->kill_lock))
		return E_RESTART;
	while (status == OK && d->kill_step < ARRAY_COUNT(steps)) {
		status = steps[d->kill_step](d);
		if (status == OK)
			d->kill_step++;
	}
	spin_unlock(&d->kill_lock);
	return status;
}
