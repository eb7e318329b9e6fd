/*
 * Pausing whole domains: counted, and in force at once.
 *
 * After domain_pause no vCPU of the domain begins to run; one that runs on another CPU stops soon. Who must know that it
 * has stopped asks domain_is_stopped and otherwise lets its hypercall be restarted: nothing here waits for another CPU. Once it
 * has been paused and is stopped, the scheduler knows its vCPUs no more (S4 in sched.c): none begins to run, or is moved.
 */
#include <hyp/domain.h>

#define CONTROL_PAUSES_MAX 255u

void domain_pause(struct domain *d)
{
	(void)__atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		struct vcpu *v = domain_vcpu(d, i);

		if (v)
			sched_sleep(v);
	}
}

void domain_unpause(struct domain *d)
{
	if (__atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		struct vcpu *v = domain_vcpu(d, i);

		if (v)
			sched_wake(v);
	}
}

bool domain_is_stopped(const struct domain *d)
{
	if (!__atomic_load_n(&d->pause_count, __ATOMIC_SEQ_CST))
		return false;
	for (unsigned int i = 0; i < d->vcpu_max; i++) {
		const struct vcpu *v = domain_vcpu(d, i);

		if (v && (__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE) ||
			  __atomic_load_n(&v->sched.movers, __ATOMIC_ACQUIRE)))
			return false;
	}
	return true;
}

enum status domain_control_pause(struct domain *d)
{
	enum status status = OK;

	spin_lock(&d->lock);
	if (d->control_pause_count == CONTROL_PAUSES_MAX)
		status = E_RANGE;
	else
		d->control_pause_count++;
	spin_unlock(&d->lock);
	if (status == OK)
		domain_pause(d);
	return status;
}

enum status domain_control_unpause(struct domain *d)
{
	enum status status = OK;

	spin_lock(&d->lock);
	/* A tool that pauses and goes on while another builds the domain does not end its construction. */
	if (!d->control_pause_count)
		status = E_INVAL;
	else if (!--d->control_pause_count)
		write_once(d->control.has_run, true);
	spin_unlock(&d->lock);
	if (status == OK)
		domain_unpause(d);
	return status;
}
