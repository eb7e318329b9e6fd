/*
 * Run queues: the order of virtual time on one CPU, and how the times of different queues compare.
 *
 * Q1  A queued vCPU is in exactly the heap of v->sched.cpu; v->sched.cpu changes only under that queue's lock, while the
 *     vCPU is neither queued nor running.
 * Q2  node.key is the virtual time within the queue while queued or running; virtual_time_ns is the global one otherwise.
 * Q3  min_ns never goes back, and is not after any vCPU here except one that joined with the bonus of waking up.
 * Q4  A queue's min_ns in global time is at most QUEUE_LAG_MAX_NS behind the foremost queue's. What goes beyond is added to
 *     the offset: it moves the queue as a whole, so the order and the distances within it stay as they are.
 *
 * Q5  A vCPU that joins a queue far behind its own time is not made to wait for all of it; what it was spared (excess_ns)
 *     is added again when it leaves, so that it gains nothing by having been there.
 *
 * Q4 is what keeps an old debt from starving others: a vCPU whose weight entitles it to more than one CPU, or that is
 * tied to a CPU that it shares, falls behind for ever and can never make use of it.
 */
#include "runqueue.h"

struct runqueue runqueues[CPUS_MAX];
static uint64_t foremost_ns; /* [a] the greatest min_ns of all queues, in global time */

struct runqueue *runqueue_lock_of(const struct vcpu *v) NO_LOCK_CHECK
{
	for (;;) {
		unsigned int cpu = read_once(v->sched.cpu);

		spin_lock(&runqueues[cpu].lock);
		if (read_once(v->sched.cpu) == cpu)
			return &runqueues[cpu];
		spin_unlock(&runqueues[cpu].lock);
	}
}

/* Counted before anybody can find v in its new queue, who may even move it on. */
struct runqueue *runqueue_move(struct runqueue *q, struct vcpu *v, unsigned int cpu) NO_LOCK_CHECK
{
	(void)__atomic_fetch_add(&v->sched.movers, 1, __ATOMIC_SEQ_CST);
	write_once(v->sched.cpu, cpu);
	spin_unlock(&q->lock);
	q = runqueue_lock_of(v);
	(void)__atomic_fetch_sub(&v->sched.movers, 1, __ATOMIC_SEQ_CST);
	return q;
}

static void raise_foremost(uint64_t ns)
{
	uint64_t seen = __atomic_load_n(&foremost_ns, __ATOMIC_RELAXED);

	while (key_is_before(seen, ns) && !__atomic_compare_exchange_n(&foremost_ns, &seen, ns, false,
								       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Keeps Q4 with the given distance. */
static void catch_up(struct runqueue *q, uint64_t lag_max_ns) REQUIRES(q->lock)
{
	uint64_t least = __atomic_load_n(&foremost_ns, __ATOMIC_RELAXED) - lag_max_ns;

	if (key_is_before(q->min_ns + q->offset_ns, least))
		q->offset_ns = least - q->min_ns;
}

/* After any change of who is here or of the virtual time of the one that runs. */
static void update(struct runqueue *q) REQUIRES(q->lock)
{
	const struct pairing_node *first = q->heap.root;
	uint64_t min_ns = q->min_ns;

	if (first && q->current)
		min_ns = key_is_before(first->key, q->current->sched.node.key) ? first->key :
										  q->current->sched.node.key;
	else if (first)
		min_ns = first->key;
	else if (q->current)
		min_ns = q->current->sched.node.key;
	if (key_is_before(q->min_ns, min_ns))
		q->min_ns = min_ns;
	catch_up(q, QUEUE_LAG_MAX_NS);
	raise_foremost(q->min_ns + q->offset_ns);
	write_once(q->first_ns, first ? first->key + q->offset_ns : 0);
}

static void insert(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock)
{
	pairing_insert(&q->heap, &v->sched.node);
	v->sched.queued = true;
	__atomic_store_n(&q->queued, q->queued + 1, __ATOMIC_SEQ_CST);
	update(q);
}

static void remove(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock)
{
	pairing_remove(&q->heap, &v->sched.node);
	v->sched.queued = false;
	__atomic_store_n(&q->queued, q->queued - 1, __ATOMIC_SEQ_CST);
}

/* Q2 for v, which comes from elsewhere. */
static void give_place(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock)
{
	uint64_t key, earliest, latest;

	if (!q->current && !q->queued)
		catch_up(q, 0);
	key = v->sched.virtual_time_ns - q->offset_ns;
	earliest = q->min_ns - (v->sched.slept ? WAKE_BONUS_NS : QUEUE_LAG_MAX_NS);
	latest = q->min_ns + virtual_ns(v, LEAD_MAX_NS);
	if (key_is_before(key, earliest))
		key = earliest;
	v->sched.excess_ns = key_is_before(latest, key) ? key - latest : 0;
	v->sched.node.key = key - v->sched.excess_ns;
	v->sched.slept = false;
}

void runqueue_join(struct runqueue *q, struct vcpu *v)
{
	give_place(q, v);
	insert(q, v);
}

void runqueue_enter(struct runqueue *q, struct vcpu *v)
{
	give_place(q, v);
	write_once(q->current, v);
	update(q);
}

void runqueue_return(struct runqueue *q, struct vcpu *v)
{
	insert(q, v);
}

void runqueue_take(struct runqueue *q, struct vcpu *v)
{
	remove(q, v);
	update(q);
}

void runqueue_leave(struct runqueue *q, struct vcpu *v)
{
	if (v->sched.queued)
		remove(q, v);
	v->sched.virtual_time_ns = v->sched.node.key + q->offset_ns + v->sched.excess_ns;
	update(q);
}

void runqueue_charge(struct runqueue *q, struct vcpu *v, uint64_t now_ns)
{
	if (now_ns <= v->sched.charged_ns)
		return;
	v->sched.node.key += virtual_ns(v, now_ns - v->sched.charged_ns);
	v->sched.charged_ns = now_ns;
	update(q);
}

uint64_t runqueue_foremost_ns(void)
{
	return __atomic_load_n(&foremost_ns, __ATOMIC_RELAXED);
}

uint64_t runqueue_current_ns(const struct runqueue *q, uint64_t now_ns)
{
	const struct vcpu *v = q->current;
	uint64_t since_ns = now_ns > v->sched.charged_ns ? now_ns - v->sched.charged_ns : 0;

	return v->sched.node.key + virtual_ns(v, since_ns);
}

void runqueue_make_due(unsigned int cpu)
{
	__atomic_store_n(&runqueues[cpu].due, true, __ATOMIC_SEQ_CST);
	arch_cpu_kick(cpu);
}
