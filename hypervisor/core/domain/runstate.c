/*
 * How long a vCPU has been running, runnable, blocked and offline.
 *
 * R1  The four times add up to state_entry_time minus the time at which accounting began: nothing is lost or doubled.
 * R2  runstate_lock protects it all; no lock is taken under it.
 * R3  While a vCPU runs, from install to sched_switched (sched.c), only its CPU changes it, and may read it without the lock.
 *
 * The scheduler says when the state changes, on whichever CPU it happens; clocks of two CPUs may differ by a little, and
 * a time that seems to lie before the last change counts as no time at all.
 */
#include <hyp/domain.h>
#include <hyp/string.h>

static void account(struct vcpu_runstate_info *r, uint64_t now_ns)
{
	if (now_ns <= r->state_entry_time)
		return;
	r->time[r->state] += now_ns - r->state_entry_time;
	r->state_entry_time = now_ns;
}

void vcpu_runstate_change(struct vcpu *v, int state, uint64_t now_ns)
{
	spin_lock(&v->runstate_lock);
	account(&v->runstate, now_ns);
	v->runstate.state = state;
	spin_unlock(&v->runstate_lock);
}

/* As it is now: the time in the present state is counted, and state_entry_time tells when that began. */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	uint64_t now_ns = time_now();

	spin_lock(&v->runstate_lock);
	memset(out, 0, sizeof(*out));
	out->state = v->runstate.state;
	out->state_entry_time = v->runstate.state_entry_time;
	for (unsigned int i = 0; i < ARRAY_COUNT(out->time); i++)
		out->time[i] = v->runstate.time[i];
	spin_unlock(&v->runstate_lock);
	if (now_ns > out->state_entry_time)
		out->time[out->state] += now_ns - out->state_entry_time;
}
