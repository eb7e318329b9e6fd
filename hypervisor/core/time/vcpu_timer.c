/*
 * The timers of a vCPU: one shot and periodic, both raising VIRQ_TIMER, and the end of a poll.
 *
 * A timer is armed on the CPU where its vCPU runs, so that the interrupt comes where the event goes. The periodic timer
 * works only while its vCPU runs: vcpu_periodic_enter and _leave follow the vCPU on and off a CPU, and a tick that was
 * missed meanwhile comes at once, but once. Thus ticks of vCPUs that do not run cost nobody anything, whatever the period.
 *
 * Any vCPU of the domain may set another one's periodic timer, so period_ns and period_next_ns may change under our feet;
 * each is one word, and a guest that races with itself gets one tick too few or too many.
 */
#include <hyp/domain.h>

/* A vCPU ticks from its first run on: the oldest kernels never ask for it, and later ones switch it off. */
#define PERIOD_AT_FIRST_NS UINT64_C(10000000)

static void singleshot_expired(struct timer *t)
{
	evtchn_send_vcpu_virq(container_of(t, struct vcpu, singleshot), VIRQ_TIMER);
}

static void poll_expired(struct timer *t)
{
	vcpu_wake_from(container_of(t, struct vcpu, poll), VCPU_POLLING);
}

/* Sends the tick that is due at now_ns, if any, and arms the next. */
static void periodic_work(struct vcpu *v, uint64_t now_ns)
{
	uint64_t period_ns = read_once(v->period_ns), next_ns = read_once(v->period_next_ns);

	if (!period_ns)
		return;
	if (now_ns >= next_ns) {
		evtchn_send_vcpu_virq(v, VIRQ_TIMER);
		next_ns += period_ns;
		if (next_ns <= now_ns)
			next_ns = now_ns + period_ns;
		write_once(v->period_next_ns, next_ns);
	}
	timer_set(&v->periodic, next_ns);
}

static void periodic_expired(struct timer *t)
{
	struct vcpu *v = container_of(t, struct vcpu, periodic);

	if (__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE))
		periodic_work(v, time_now());
}

void vcpu_timers_init(struct vcpu *v)
{
	timer_init(&v->singleshot, singleshot_expired, v->sched.cpu);
	timer_init(&v->periodic, periodic_expired, v->sched.cpu);
	timer_init(&v->poll, poll_expired, v->sched.cpu);
	v->period_ns = PERIOD_AT_FIRST_NS;
}

bool vcpu_timers_stop(struct vcpu *v)
{
	struct timer *const timers[] = {&v->singleshot, &v->periodic, &v->poll};
	bool are_stopped = true;

	write_once(v->period_ns, 0);
	for (unsigned int i = 0; i < ARRAY_COUNT(timers); i++) {
		timer_stop(timers[i]);
		are_stopped &= !timer_is_running(timers[i]);
		/* A function that ended just now may have armed it again. */
		timer_stop(timers[i]);
	}
	return are_stopped;
}

void vcpu_singleshot_set(struct vcpu *v, uint64_t deadline_ns)
{
	timer_set_here(&v->singleshot, deadline_ns);
}

void vcpu_singleshot_stop(struct vcpu *v)
{
	timer_stop(&v->singleshot);
}

void vcpu_periodic_set(struct vcpu *v, uint64_t period_ns)
{
	uint64_t next_ns = time_now() + period_ns;

	write_once(v->period_next_ns, next_ns);
	write_once(v->period_ns, period_ns);
	timer_migrate(&v->periodic, read_once(v->sched.cpu));
	timer_set(&v->periodic, next_ns);
}

void vcpu_periodic_stop(struct vcpu *v)
{
	write_once(v->period_ns, 0);
	timer_stop(&v->periodic);
}

void vcpu_poll_timer_set(struct vcpu *v, uint64_t deadline_ns)
{
	timer_set_here(&v->poll, deadline_ns);
}

void vcpu_periodic_enter(struct vcpu *v, uint64_t now_ns)
{
	if (!read_once(v->period_ns))
		return;
	timer_migrate(&v->periodic, arch_cpu_id());
	periodic_work(v, now_ns);
}

void vcpu_periodic_leave(struct vcpu *v)
{
	if (read_once(v->period_ns))
		timer_stop(&v->periodic);
}
