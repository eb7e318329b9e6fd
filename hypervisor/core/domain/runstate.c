/*
 * How long a vCPU has been running, runnable, blocked and offline.
 *
 * R1  The four times add up to state_entry_time minus the time at which accounting began: nothing is lost or doubled.
 * R2  runstate_lock protects it all; no lock is taken under it.
 * R3  While a vCPU runs, from install to sched_switched (sched.c), only its CPU changes it, and may read it without the lock.
 *
 * R4  No time that was told shrinks: a state lasts at least until the moment as of which somebody was told of it.
 *
 * The scheduler says when the state changes, on whichever CPU it happens, and may have read the clock a while before; clocks of
 * two CPUs may differ by a little, too. A time that seems to lie before the last change counts as no time at all.
 */
#include <hyp/domain.h>
#include <hyp/string.h>

static void account(struct vcpu *v, uint64_t now_ns)
{
	struct vcpu_runstate_info *r = &v->runstate;

	now_ns = MAX(now_ns, v->runstate_told_ns);
	if (now_ns <= r->state_entry_time)
		return;
	r->time[r->state] += now_ns - r->state_entry_time;
	r->state_entry_time = now_ns;
}

void vcpu_runstate_change(struct vcpu *v, int state, uint64_t now_ns)
{
	spin_lock(&v->runstate_lock);
	account(v, now_ns);
	v->runstate.state = state;
	spin_unlock(&v->runstate_lock);
}

/* As it is now: the time in the present state is counted, and state_entry_time tells when that began. */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	uint64_t now_ns;

	spin_lock(&v->runstate_lock);
	now_ns = MAX(time_now(), v->runstate_told_ns);
	v->runstate_told_ns = now_ns;
	memset(out, 0, sizeof(*out));
	out->state = v->runstate.state;
	out->state_entry_time = v->runstate.state_entry_time;
	for (unsigned int i = 0; i < ARRAY_COUNT(out->time); i++)
		out->time[i] = v->runstate.time[i];
	spin_unlock(&v->runstate_lock);
	if (now_ns > out->state_entry_time)
		out->time[out->state] += now_ns - out->state_entry_time;
}
