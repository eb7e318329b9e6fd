/*
 * Who runs: virtual-time fair sharing on a queue per CPU.
 *
 * Each vCPU has a virtual time, its run time scaled by 256 / weight; the CPU goes to the smallest. The files: runqueue.c
 * keeps the order and relates the times of different queues; placement.c decides on which CPU a vCPU queues; cap.c limits
 * a domain; affinity.c and pool.c restrict where; here is what the rest of the hypervisor calls.
 *
 * S1  A vCPU is idle (neither queued nor running), queued on exactly one queue, or running on exactly one CPU.
 * S2  One that is runnable and not parked is queued or running, but for the moment in which somebody moves it and is about
 *     to look at it again. One that is not runnable is not queued, but for the moment until whoever stopped it gets the lock;
 *     it is never chosen.
 * S3  `running` is set by sched_pick, or by who wakes a vCPU on the idle CPU where it belongs (hand_over), and cleared by
 *     sched_switched: while a CPU still holds a vCPU's registers nobody else runs it. Only sched_switched queues it again.
 * S4  A vCPU may be freed once its domain is stopped, so whoever has no reference to it looks at it under its queue's lock alone.
 *     From one such lock to the next, as it moves, `movers` counts who does that, and the domain is not stopped meanwhile.
 * S5  A CPU that is made due calls sched_pick before it next runs a guest; on a CPU with somebody waiting the slice timer
 *     sees to it.
 *
 * Lock order: pool_lock -> run queue -> runstate_lock | cap_lock -> timer queue. At most one run queue at a time. sched_wake and
 * sched_sleep may be called under any lock outside of these.
 */
#include "runqueue.h"

#include <hyp/log.h>
#include <hyp/pool.h>

/* Nobody loses its place sooner than this after it began. */
static uint64_t rate_limit_ns = UINT64_C(200000);

/* What a vCPU that does not run is doing. A vCPU over its cap would run if it could. */
static int waiting_runstate(const struct vcpu *v)
{
	if (vcpu_is_runnable(v))
		return RUNSTATE_runnable;
	return read_once(v->stop) & (VCPU_BLOCKED | VCPU_POLLING) ? RUNSTATE_blocked : RUNSTATE_offline;
}

static bool wants_to_run(const struct vcpu *v)
{
	return vcpu_is_runnable(v) && !v->sched.parked && !v->sched.leaving;
}

static void slice_ended(struct timer *t)
{
	__atomic_store_n(&container_of(t, struct runqueue, slice)->due, true, __ATOMIC_SEQ_CST);
}

void sched_init_cpu(unsigned int cpu)
{
	struct runqueue *q = &runqueues[cpu];

	*q = (struct runqueue){.idle_since_ns = time_now()};
	spin_init(&q->lock);
	timer_init(&q->slice, slice_ended, cpu);
	cpuset_add_atomic(&idle_cpus, cpu);
}

void sched_domain_init(struct domain *d)
{
	d->sched.weight = SCHED_WEIGHT_DEFAULT;
	d->sched.cap = 0;
	cap_init(d);
}

bool sched_domain_stop(struct domain *d)
{
	return cap_stop(d);
}

/* The n-th of the online CPUs of a pool, counted in turn. */
static unsigned int first_cpu(const struct cpuset *pool, unsigned int n)
{
	struct cpuset online = cpuset_and(pool, &cpus_online);
	unsigned int count = cpuset_count(&online), skip = count ? n % count : 0;

	cpuset_for_each(cpu, &online)
		if (!skip--)
			return cpu;
	return 0;
}

void sched_vcpu_init(struct vcpu *v)
{
	struct cpuset pool = pool_cpus_of(v->domain);

	v->sched = (struct sched_vcpu){
		.cpu = first_cpu(&pool, v->domain->id + v->id),
		.slept = true,
		.virtual_time_ns = runqueue_foremost_ns(),
		.pool_cpus = pool,
	};
	for (unsigned int i = 0; i < ARRAY_COUNT(v->sched.affinity_hard.word); i++)
		v->sched.affinity_hard.word[i] = v->sched.affinity_soft.word[i] = UINT64_MAX;
}

void sched_vcpu_fini(struct vcpu *v) NO_LOCK_CHECK
{
	struct runqueue *q = runqueue_lock_of(v);

	v->sched.leaving = true;
	if (v->sched.queued)
		runqueue_leave(q, v);
	CHECK(!v->sched.running);
	spin_unlock(&q->lock);
}

/* v has been queued on q, whose CPU runs somebody else: does v take its place now, soon, or in its turn? */
static bool preempts(struct runqueue *q, const struct vcpu *v, uint64_t now_ns) REQUIRES(q->lock)
{
	uint64_t soonest_ns = q->current->sched.started_ns + read_once(rate_limit_ns);

	if (!key_is_before(v->sched.node.key + WAKE_GRANULARITY_NS, runqueue_current_ns(q, now_ns)))
		return false;
	if (now_ns >= soonest_ns)
		return true;
	if (soonest_ns < q->slice_end_ns) {
		q->slice_end_ns = soonest_ns;
		timer_set(&q->slice, soonest_ns);
	}
	return false;
}

/* The one that runs has had the CPU to itself; now somebody waits, and its slice shrinks. */
static void shorten_slice(struct runqueue *q, uint64_t now_ns) REQUIRES(q->lock)
{
	uint64_t end_ns = MAX(now_ns, q->slice_start_ns + MAX(SLICE_NS / (q->queued + 1), SLICE_MIN_NS));

	if (end_ns < q->slice_end_ns) {
		q->slice_end_ns = end_ns;
		timer_set(&q->slice, end_ns);
	}
}

/* `next` (NULL: nobody) has the CPU from now on. */
static void install(struct runqueue *q, struct vcpu *previous, struct vcpu *next, uint64_t now_ns) REQUIRES(q->lock)
{
	write_once(q->current, next);
	if (next && q->idle_since_ns != UINT64_MAX) {
		q->idle_ns += now_ns > q->idle_since_ns ? now_ns - q->idle_since_ns : 0;
		q->idle_since_ns = UINT64_MAX;
	}
	if (!next && q->idle_since_ns == UINT64_MAX)
		q->idle_since_ns = now_ns;
	if (next == previous)
		return;
	if (previous)
		vcpu_runstate_change(previous, waiting_runstate(previous), now_ns);
	if (!next)
		return;
	__atomic_store_n(&next->sched.running, true, __ATOMIC_SEQ_CST);
	next->sched.started_ns = next->sched.charged_ns = now_ns;
	vcpu_runstate_change(next, RUNSTATE_running, now_ns);
}

static void start_slice(struct runqueue *q, const struct vcpu *next, uint64_t grant_ns, uint64_t now_ns)
	REQUIRES(q->lock)
{
	uint64_t end_ns = now_ns + MIN(MAX(SLICE_NS / (q->queued + 1), SLICE_MIN_NS), grant_ns);

	/* The timer may come in vain: cheaper than to stop it each time. */
	if (!next)
		return;
	q->slice_start_ns = now_ns;
	/* Nobody waits: to look again earlier, at the end of a slice that began before, takes nothing from it. */
	if (!q->queued && now_ns < q->slice_end_ns && q->slice_end_ns <= end_ns)
		return;
	q->slice_end_ns = end_ns;
	timer_set(&q->slice, end_ns);
}

/* v, idle, wants to run on this CPU, which was idle and is claimed for it: it need not queue. The next sched_pick returns it. */
static void hand_over(struct runqueue *q, struct vcpu *v, uint64_t now_ns) REQUIRES(q->lock)
{
	runqueue_enter(q, v);
	install(q, NULL, v, now_ns);
	start_slice(q, v, UINT64_MAX, now_ns);
	q->handed = true;
}

/* v wants to run and is idle, in the locked queue of v->sched.cpu: queues it and tells who must know. Unlocks. */
static void queue_and_unlock(struct runqueue *q, struct vcpu *v, bool claimed) RELEASES(q->lock) NO_LOCK_CHECK
{
	unsigned int cpu = v->sched.cpu;
	uint64_t now_ns = time_now();
	bool is_due = claimed || !q->current;

	if (claimed && cpu == arch_cpu_id() && !q->current && !q->queued && !read_once(v->domain->sched.cap)) {
		hand_over(q, v, now_ns);
		spin_unlock(&q->lock);
		return;
	}
	runqueue_join(q, v);
	vcpu_runstate_change(v, RUNSTATE_runnable, now_ns);
	if (!is_due) {
		is_due = preempts(q, v, now_ns);
		if (!is_due)
			shorten_slice(q, now_ns);
	}
	if (!claimed)
		placement_offer(v);
	spin_unlock(&q->lock);
	if (is_due)
		runqueue_make_due(cpu);
}

/* v is not going to be queued now, or not by this call. */
static void settle_and_unlock(struct runqueue *q, struct vcpu *v) RELEASES(q->lock) NO_LOCK_CHECK
{
	unsigned int cpu = v->sched.cpu;
	bool must_stop = v->sched.running && !wants_to_run(v);

	if (v->sched.queued && !wants_to_run(v)) {
		runqueue_leave(q, v);
		v->sched.slept = true;
	}
	if (!v->sched.queued && !v->sched.running) {
		v->sched.slept |= !vcpu_is_runnable(v);
		vcpu_runstate_change(v, waiting_runstate(v), time_now());
	}
	spin_unlock(&q->lock);
	if (must_stop)
		runqueue_make_due(cpu);
}

void sched_update_and_unlock(struct runqueue *q, struct vcpu *v) NO_LOCK_CHECK
{
	bool claimed = false, is_placed = false;
	unsigned int claimed_cpu = v->sched.cpu;

	while (!v->sched.queued && !v->sched.running && wants_to_run(v)) {
		unsigned int cpu;

		/* Its affinity may have been changed while it was in no queue. */
		if (is_placed && !vcpu_may_run_on(v, claimed_cpu)) {
			if (claimed)
				runqueue_make_due(claimed_cpu);
			is_placed = claimed = false;
		}
		cpu = is_placed ? v->sched.cpu : placement_choose(v, &claimed);
		if (cpu == v->sched.cpu) {
			queue_and_unlock(q, v, claimed);
			return;
		}
		is_placed = true;
		claimed_cpu = cpu;
		q = runqueue_move(q, v, cpu);
		if (v->sched.cpu != claimed_cpu)
			break;
	}
	settle_and_unlock(q, v);
	/* Somebody else was faster: the CPU that was claimed for v must see that it is idle, or what came instead. */
	if (claimed)
		runqueue_make_due(claimed_cpu);
}

void sched_update(struct vcpu *v) NO_LOCK_CHECK
{
	sched_update_and_unlock(runqueue_lock_of(v), v);
}

void sched_wake(struct vcpu *v)
{
	sched_update(v);
}

void sched_sleep(struct vcpu *v)
{
	sched_update(v);
}

void sched_vcpu_yield(struct vcpu *v) NO_LOCK_CHECK
{
	struct runqueue *q = runqueue_lock_of(v);
	bool has_peers = q->queued;

	v->sched.yielded = has_peers;
	spin_unlock(&q->lock);
	if (has_peers)
		runqueue_make_due(v->sched.cpu);
}

bool sched_is_due(unsigned int cpu)
{
	return __atomic_load_n(&runqueues[cpu].due, __ATOMIC_SEQ_CST) || runqueues[cpu].handed;
}

/* Accounts for what the one that ran until now has run. */
static void charge_previous(struct runqueue *q, struct vcpu *v, uint64_t now_ns) REQUIRES(q->lock)
{
	uint64_t from_ns = v->sched.charged_ns;

	runqueue_charge(q, v, now_ns);
	cap_settle(v, v->sched.charged_ns - from_ns);
	if (v->sched.yielded && q->heap.root && key_is_before(v->sched.node.key, q->heap.root->key))
		v->sched.node.key = q->heap.root->key;
}

/* Should the one that ran go on, with `first` (or NULL) waiting? */
static bool goes_on(const struct runqueue *q, const struct vcpu *v, const struct pairing_node *first,
		    uint64_t now_ns) REQUIRES(q->lock)
{
	if (!first)
		return true;
	if (v->sched.yielded)
		return false;
	if (!key_is_before(first->key, v->sched.node.key))
		return true;
	/* Somebody asked for a choice in the middle of a slice: it takes more than a hair's breadth to lose it. */
	return now_ns < q->slice_end_ns && !key_is_before(first->key + WAKE_GRANULARITY_NS, v->sched.node.key);
}

/* Takes a grant for v, or parks it. The queue of v's CPU is locked. */
static uint64_t grant_or_park(struct vcpu *v, uint64_t now_ns)
{
	uint64_t grant_ns = cap_take(v, now_ns);

	v->sched.parked = !grant_ns;
	return grant_ns;
}

/* Takes the next one out of the queue; NULL: nobody. *grant_ns: how long it may run at most. */
static struct vcpu *take_first(struct runqueue *q, uint64_t now_ns, uint64_t *grant_ns) REQUIRES(q->lock)
{
	while (q->heap.root) {
		struct vcpu *v = vcpu_of_node(q->heap.root);

		/* Whoever stopped it is on the way here to take it off the queue, and will find it done. */
		if (!wants_to_run(v)) {
			runqueue_leave(q, v);
			v->sched.slept = true;
			vcpu_runstate_change(v, waiting_runstate(v), now_ns);
			continue;
		}
		*grant_ns = grant_or_park(v, now_ns);
		if (*grant_ns) {
			runqueue_take(q, v);
			return v;
		}
		runqueue_leave(q, v);
	}
	return NULL;
}

static struct vcpu *choose(struct runqueue *q, unsigned int cpu, struct vcpu *previous, uint64_t now_ns,
			   uint64_t *grant_ns) REQUIRES(q->lock)
{
	struct vcpu *next;

	if (previous && wants_to_run(previous) && vcpu_may_run_on(previous, cpu) &&
	    goes_on(q, previous, q->heap.root, now_ns)) {
		*grant_ns = grant_or_park(previous, now_ns);
		if (*grant_ns)
			return previous;
	}
	next = take_first(q, now_ns, grant_ns);
	if (next || !previous)
		return next;
	/* It yielded or was behind, but those who waited cannot run. */
	if (wants_to_run(previous) && vcpu_may_run_on(previous, cpu)) {
		*grant_ns = grant_or_park(previous, now_ns);
		if (*grant_ns)
			return previous;
	}
	return NULL;
}

/* The one that was given this CPU while it was idle. No lock: the CPU did that itself. */
static struct vcpu *take_handed(struct runqueue *q)
{
	q->handed = false;
	return read_once(q->current);
}

/* One attempt with what is on this queue. */
static struct vcpu *pick_here(unsigned int cpu, struct vcpu *previous, uint64_t now_ns)
{
	struct runqueue *q = &runqueues[cpu];
	uint64_t grant_ns = 0;
	struct vcpu *next;

	/* Whom this CPU could not keep, as it looked around, came back. */
	if (q->handed)
		return take_handed(q);
	spin_lock(&q->lock);
	__atomic_store_n(&q->due, false, __ATOMIC_SEQ_CST);
	next = choose(q, cpu, previous, now_ns, &grant_ns);
	if (previous)
		previous->sched.yielded = false;
	if (next)
		cpuset_remove_atomic(&idle_cpus, cpu);
	else
		cpuset_add_atomic(&idle_cpus, cpu);
	install(q, previous, next, now_ns);
	start_slice(q, next, grant_ns, now_ns);
	placement_offer_all(q);
	spin_unlock(&q->lock);
	return next;
}

/* Charges `previous`, and looks whether another queue's vCPU should come here. */
static void prepare(unsigned int cpu, struct vcpu *previous, uint64_t now_ns)
{
	struct runqueue *q = &runqueues[cpu];
	bool has_own = false;
	uint64_t best_ns = 0;

	spin_lock(&q->lock);
	CHECK(q->current == previous);
	if (previous) {
		charge_previous(q, previous, now_ns);
		has_own = wants_to_run(previous) && vcpu_may_run_on(previous, cpu);
		best_ns = previous->sched.node.key + q->offset_ns;
	}
	if (q->heap.root && (!has_own || key_is_before(q->heap.root->key + q->offset_ns, best_ns))) {
		has_own = true;
		best_ns = q->heap.root->key + q->offset_ns;
	}
	spin_unlock(&q->lock);
	placement_pull(cpu, has_own ? &best_ns : NULL, now_ns);
}

/* What it chose begins to run, what ran stops: with no lock held, since events are sent. */
static void switch_timers(struct vcpu *previous, struct vcpu *next, uint64_t now_ns)
{
	if (previous == next)
		return;
	if (previous)
		vcpu_periodic_leave(previous);
	if (next)
		vcpu_periodic_enter(next, now_ns);
}

/* Out of line: whoever finds one that was handed over shall not save its registers. */
static __attribute__((noinline)) struct vcpu *pick(unsigned int cpu, struct vcpu *previous)
{
	struct runqueue *q = &runqueues[cpu];
	uint64_t now_ns = time_now();
	struct vcpu *next;

	/* An idle CPU that somebody has given something to do need not look elsewhere. */
	if (previous || !read_once(q->queued) || now_ns - q->balanced_ns >= BALANCE_NS)
		prepare(cpu, previous, now_ns);
	next = pick_here(cpu, previous, now_ns);
	/* This CPU is among the idle ones now: whoever queues a vCPU from here on finds it. Who came before? Those that turn out
	   to be over their cap are parked, so this ends. */
	while (!next) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		placement_pull(cpu, NULL, now_ns);
		if (!read_once(q->queued) && !q->handed)
			break;
		next = pick_here(cpu, NULL, now_ns);
	}
	switch_timers(previous, next, now_ns);
	return next;
}

struct vcpu *sched_pick(unsigned int cpu, struct vcpu *previous)
{
	struct runqueue *q = &runqueues[cpu];
	struct vcpu *next;

	if (!q->handed)
		return pick(cpu, previous);
	next = take_handed(q);
	switch_timers(previous, next, next->sched.started_ns);
	return next;
}

/* It stays where it ran unless an idle CPU, or its affinity, calls it away. */
void sched_switched(struct vcpu *previous) NO_LOCK_CHECK
{
	struct vcpu *v = previous;
	struct runqueue *q = runqueue_lock_of(v);
	bool is_busy = q->current != NULL;

	__atomic_store_n(&v->sched.running, false, __ATOMIC_SEQ_CST);
	if (wants_to_run(v) && is_busy && vcpu_may_run_on(v, v->sched.cpu)) {
		runqueue_return(q, v);
		vcpu_runstate_change(v, RUNSTATE_runnable, time_now());
		placement_offer(v);
		spin_unlock(&q->lock);
		return;
	}
	runqueue_leave(q, v);
	sched_update_and_unlock(q, v);
}

enum status sched_set_params(struct domain *d, uint32_t weight, uint32_t cap)
{
	bool cap_changes = cap != read_once(d->sched.cap);

	if (!weight || weight > SCHED_WEIGHT_MAX || cap > 100 * d->vcpu_max)
		return E_INVAL;
	write_once(d->sched.weight, weight);
	write_once(d->sched.cap, cap);
	if (cap_changes)
		cap_reset(d);
	return OK;
}

uint64_t sched_rate_limit_ns(void)
{
	return read_once(rate_limit_ns);
}

void sched_set_rate_limit(uint64_t ns)
{
	write_once(rate_limit_ns, ns);
}

uint64_t sched_idle_ns(unsigned int cpu)
{
	struct runqueue *q = &runqueues[cpu];
	uint64_t now_ns, idle_ns;

	spin_lock(&q->lock);
	now_ns = time_now();
	/* What is told counts: its CPU may end its idleness with a clock that it has read before. */
	if (q->idle_since_ns != UINT64_MAX && now_ns > q->idle_since_ns) {
		q->idle_ns += now_ns - q->idle_since_ns;
		q->idle_since_ns = now_ns;
	}
	idle_ns = q->idle_ns;
	spin_unlock(&q->lock);
	return idle_ns;
}

void sched_dump(void)
{
	cpuset_for_each(cpu, &cpus_online) {
		struct runqueue *q = &runqueues[cpu];
		int domain = -1, vcpu = -1;
		unsigned int queued;
		uint64_t min_ns, offset_ns;

		spin_lock(&q->lock);
		if (q->current) {
			domain = q->current->domain->id;
			vcpu = (int)q->current->id;
		}
		queued = q->queued;
		min_ns = q->min_ns;
		offset_ns = q->offset_ns;
		spin_unlock(&q->lock);
		log_info("cpu %u: runs d%d v%d, %u queued, virtual time %lu + %lu", cpu, domain, vcpu, queued,
			 (unsigned long)min_ns, (unsigned long)offset_ns);
	}
}
