/*
 * On which CPU a vCPU queues: where it wakes, and when it is moved.
 *
 * L1  A runnable vCPU does not wait on a queue while a CPU that may run it is idle. Who queues one stores `queued` and then
 *     looks at idle_cpus (placement_offer); who chooses one does so for those that go on waiting; who goes idle puts itself
 *     into idle_cpus and then looks at all queues once more (sched_pick). These are full barriers: one sees the other.
 * L2  Over time vCPUs get shares by weight, not by how many happen to share their queue: each busy CPU looks now and then
 *     for a queue whose first is far behind its own in global virtual time, and pulls that one over.
 * L3  No two run-queue locks are ever held: a vCPU that moves is for a moment in no queue, though runnable, and v->sched.cpu
 *     names the new one already. Whoever looks at it then queues it there; whoever moved it looks at it afterwards.
 */
#include "runqueue.h"

/* A vCPU that may run elsewhere is looked for among so many of a queue. */
#define SCAN_MAX 256u

struct cpuset idle_cpus;

static inline bool claim(unsigned int cpu)
{
	return cpuset_has(&idle_cpus, cpu) && bit_test_and_clear_atomic(idle_cpus.word, cpu);
}

/* An idle CPU of `set`, the last one first; CPUS_MAX if there is none. */
static unsigned int claim_idle(const struct cpuset *set, unsigned int last)
{
	if (cpuset_has(set, last) && claim(last))
		return last;
	for (unsigned int i = 0; i < ARRAY_COUNT(set->word); i++) {
		uint64_t word = set->word[i] & read_once(idle_cpus.word[i]);

		for (; word; word &= word - 1) {
			unsigned int cpu = i * 64 + (unsigned int)__builtin_ctzll(word);

			if (claim(cpu))
				return cpu;
		}
	}
	return CPUS_MAX;
}

static unsigned int load(unsigned int cpu)
{
	return read_once(runqueues[cpu].queued) + (read_once(runqueues[cpu].current) ? 1 : 0);
}

unsigned int placement_least_loaded(const struct cpuset *set, unsigned int last)
{
	unsigned int best = CPUS_MAX, best_load = 0;

	if (cpuset_has(set, last)) {
		best = last;
		best_load = load(last);
		best_load -= best_load ? 1 : 0;
	}
	cpuset_for_each(cpu, set) {
		if (best == CPUS_MAX || load(cpu) < best_load) {
			best = cpu;
			best_load = load(cpu);
		}
	}
	return best;
}

/* Out of line: its sets would cost the usual way their room and the registers. */
static __attribute__((noinline)) unsigned int choose_anywhere(const struct vcpu *v, bool *claimed)
{
	struct cpuset hard = sched_vcpu_cpus(v), soft = cpuset_and(&hard, &v->sched.affinity_soft);
	unsigned int cpu = claim_idle(&soft, v->sched.cpu);

	if (cpu == CPUS_MAX)
		cpu = claim_idle(&hard, v->sched.cpu);
	*claimed = cpu != CPUS_MAX;
	if (*claimed)
		return cpu;
	return placement_least_loaded(cpuset_is_empty(&soft) ? &hard : &soft, v->sched.cpu);
}

unsigned int placement_choose(const struct vcpu *v, bool *claimed)
{
	unsigned int cpu = v->sched.cpu;

	/* Mostly where it was is idle, and as good as any. */
	*claimed = vcpu_may_run_on(v, cpu) && cpuset_has(&v->sched.affinity_soft, cpu) && cpuset_has(&cpus_online, cpu) &&
		   claim(cpu);
	return *claimed ? cpu : choose_anywhere(v, claimed);
}

void placement_offer(const struct vcpu *v)
{
	struct cpuset hard = sched_vcpu_cpus(v);
	unsigned int cpu;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpu = claim_idle(&hard, v->sched.cpu);
	if (cpu != CPUS_MAX)
		runqueue_make_due(cpu);
}

/* Idle CPUs are few where somebody waits: mostly there is none, and nothing is walked. */
void placement_offer_all(const struct runqueue *q)
{
	unsigned int looked_at = 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (struct pairing_node *node = q->heap.root; node && looked_at < SCAN_MAX && !cpuset_is_empty(&idle_cpus);
	     node = pairing_next(node)) {
		placement_offer(vcpu_of_node(node));
		looked_at++;
	}
}

/* The first queued vCPU of q, or nearly, that may run on `cpu`. */
static struct vcpu *find_movable(const struct runqueue *q, unsigned int cpu) REQUIRES(q->lock)
{
	struct vcpu *best = NULL;
	unsigned int looked_at = 0;

	for (struct pairing_node *node = q->heap.root; node && looked_at < SCAN_MAX; node = pairing_next(node)) {
		struct vcpu *v = vcpu_of_node(node);

		looked_at++;
		if (vcpu_may_run_on(v, cpu) && (!best || key_is_before(node->key, best->sched.node.key)))
			best = v;
	}
	return best;
}

/* False if nothing of `from` was to be had; not_after_ns (or NULL) bounds its global virtual time. */
static bool pull_from(unsigned int from, unsigned int cpu, const uint64_t *not_after_ns) NO_LOCK_CHECK
{
	struct runqueue *q = &runqueues[from];
	bool may_stay;
	struct vcpu *v;

	spin_lock(&q->lock);
	v = find_movable(q, cpu);
	if (!v || (not_after_ns && key_is_before(*not_after_ns, v->sched.node.key + q->offset_ns))) {
		spin_unlock(&q->lock);
		return false;
	}
	runqueue_leave(q, v);
	q = runqueue_move(q, v, cpu);
	may_stay = vcpu_may_run_on(v, cpu);
	/* Its affinity was changed while it was in no queue. */
	if (!may_stay) {
		sched_update_and_unlock(q, v);
		return false;
	}
	if (v->sched.cpu == cpu && !v->sched.queued && !v->sched.running && !v->sched.leaving &&
	    !v->sched.parked && vcpu_is_runnable(v))
		runqueue_join(q, v);
	spin_unlock(&q->lock);
	return true;
}

/* The one vCPU of a CPU that is idle until it sees it is best left there. */
static bool has_spare(unsigned int cpu)
{
	unsigned int queued = __atomic_load_n(&runqueues[cpu].queued, __ATOMIC_SEQ_CST);

	return queued > 1 || (queued && read_once(runqueues[cpu].current));
}

static void pull_any(unsigned int cpu)
{
	for (unsigned int i = 1; i < cpu_count; i++) {
		unsigned int from = (cpu + i) % cpu_count;

		if (has_spare(from) && pull_from(from, cpu, NULL))
			return;
	}
}

static void pull_behind(unsigned int cpu, uint64_t limit_ns)
{
	unsigned int best = cpu;
	uint64_t best_ns = limit_ns;

	cpuset_for_each(from, &cpus_online) {
		uint64_t first_ns = read_once(runqueues[from].first_ns);

		if (from != cpu && has_spare(from) && key_is_before(first_ns, best_ns)) {
			best = from;
			best_ns = first_ns;
		}
	}
	if (best != cpu)
		(void)pull_from(best, cpu, &limit_ns);
}

void placement_pull(unsigned int cpu, const uint64_t *best_ns, uint64_t now_ns)
{
	struct runqueue *q = &runqueues[cpu];

	if (!best_ns) {
		pull_any(cpu);
	} else if (now_ns - q->balanced_ns >= BALANCE_NS) {
		q->balanced_ns = now_ns;
		pull_behind(cpu, *best_ns - BALANCE_LAG_NS);
	}
}
