#pragma once
/*
 * One CPU's run queue, and the virtual clocks. For core/sched alone; the essay is in sched.c.
 *
 * Fields: [r] the queue's lock · [a] written under the lock, read by anybody as a hint.
 */
#include <hyp/domain.h>
#include <hyp/sched.h>

#define MILLISECONDS(n) ((n) * UINT64_C(1000000))

/* A vCPU runs so long before the next one's turn: divided by how many there are, but not shorter than the minimum. */
#define SLICE_NS MILLISECONDS(10)
#define SLICE_MIN_NS MILLISECONDS(1)
/* So much virtual time one that wakes must be ahead of the one that runs to take its place. */
#define WAKE_GRANULARITY_NS UINT64_C(500000)
/* One that wakes is at most so far before the first of its queue, however long it slept... */
#define WAKE_BONUS_NS MILLISECONDS(6)
/* ...and one that comes from elsewhere not farther behind it (at the default weight). */
#define LEAD_MAX_NS MILLISECONDS(60)
/* A queue is not farther behind the foremost one: what lies beyond is forgiven to it as a whole. */
#define QUEUE_LAG_MAX_NS MILLISECONDS(200)
/* How often a busy CPU looks at the others' queues, and what makes it pull a vCPU over. */
#define BALANCE_NS MILLISECONDS(10)
#define BALANCE_LAG_NS MILLISECONDS(3)

struct runqueue {
	struct spinlock lock;
	struct pairing_heap heap; /* [r] the queued vCPUs by virtual time */
	struct vcpu *current;	  /* [a] chosen by the last sched_pick or handed over since, NULL: idle */
	uint64_t min_ns;	  /* [r] virtual time of the first here, queued or running; never goes back */
	uint64_t offset_ns;	  /* [r] added to a time of this queue gives the global virtual time */
	uint64_t first_ns;	  /* [a] global virtual time of the first queued */
	unsigned int queued;	  /* [a] */
	bool due;		  /* [a] sched_pick must be called */
	bool handed;		  /* this CPU: it must, since it made somebody `current` while it was idle */
	uint64_t slice_start_ns, slice_end_ns; /* [r] */
	uint64_t balanced_ns;	  /* this CPU: when it last looked at the others */
	uint64_t idle_since_ns;	  /* [r] up to when idle_ns counts; UINT64_MAX: not idle */
	uint64_t idle_ns;	  /* [r] */
	struct timer slice;
} __attribute__((aligned(64)));

extern struct runqueue runqueues[CPUS_MAX];
extern struct cpuset idle_cpus; /* [a] */

static inline struct vcpu *vcpu_of_node(struct pairing_node *node)
{
	return container_of(node, struct vcpu, sched.node);
}

/* Run time as virtual time of v. */
static inline uint64_t virtual_ns(const struct vcpu *v, uint64_t ns)
{
	return ns * SCHED_WEIGHT_DEFAULT / read_once(v->domain->sched.weight);
}

static inline bool vcpu_may_run_on(const struct vcpu *v, unsigned int cpu)
{
	return cpuset_has(&v->sched.affinity_hard, cpu) && cpuset_has(&v->sched.pool_cpus, cpu);
}

/* runqueue.c */
struct runqueue *runqueue_lock_of(const struct vcpu *v);
/* v, idle, belongs to another CPU's queue from now on: q is unlocked, and the queue locked to which v belongs then. v is still
   there, whoever ends its domain. */
struct runqueue *runqueue_move(struct runqueue *q, struct vcpu *v, unsigned int cpu);
/* v, neither queued nor running, joins q at the place that its virtual time gives it. */
void runqueue_join(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock);
/* v, neither queued nor running, is to run here at once: nobody else is here. */
void runqueue_enter(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock);
/* v, which ran here, queues again. */
void runqueue_return(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock);
/* v is taken out of the queue, to run here. */
void runqueue_take(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock);
/* v, queued or having run here, leaves: its virtual time goes with it. */
void runqueue_leave(struct runqueue *q, struct vcpu *v) REQUIRES(q->lock);
/* Adds what v, which runs here, has run since it was last charged. */
void runqueue_charge(struct runqueue *q, struct vcpu *v, uint64_t now_ns) REQUIRES(q->lock);
/* The virtual time in q of the one that runs here, as of now. */
uint64_t runqueue_current_ns(const struct runqueue *q, uint64_t now_ns) REQUIRES(q->lock);
/* The global virtual time of the foremost queue. */
uint64_t runqueue_foremost_ns(void);
/* Makes `cpu` call sched_pick soon. Any locks. */
void runqueue_make_due(unsigned int cpu);

/* sched.c */
/* Looks at v again after something about it changed: queues it, takes it off, or tells its CPU. No run-queue lock held. */
void sched_update(struct vcpu *v);
/* The same with v's queue locked already. Once it is unlocked, and stays so, v is not looked at any more. */
void sched_update_and_unlock(struct runqueue *q, struct vcpu *v) RELEASES(q->lock);

/* placement.c */
/* Where v should queue; *claimed if that CPU was idle and is now taken out of idle_cpus: it must be made due. */
unsigned int placement_choose(const struct vcpu *v, bool *claimed) REQUIRES(runqueues[v->sched.cpu].lock);
/* The least loaded of `set`; the last one unless another has less to do by more than one. CPUS_MAX: the set is empty. */
unsigned int placement_least_loaded(const struct cpuset *set, unsigned int last);
/* v is queued on a busy CPU: an idle one that may run it is told to come and get it. */
void placement_offer(const struct vcpu *v);
/* The same for all that wait on q. */
void placement_offer_all(const struct runqueue *q) REQUIRES(q->lock);
/* Moves one vCPU from another queue to `cpu`'s if this CPU has nothing to do (best_ns NULL), or if that one is far enough
   behind *best_ns, the global virtual time of the first here. No run-queue lock held. */
void placement_pull(unsigned int cpu, const uint64_t *best_ns, uint64_t now_ns);

/* cap.c */
/* Takes run time for v out of its domain's budget: how long it may run now (UINT64_MAX: no cap), or 0: it must wait.
   With the queue of v's CPU locked, like the next. */
uint64_t cap_take(struct vcpu *v, uint64_t now_ns);
/* v has run for used_ns since cap_take. */
void cap_settle(struct vcpu *v, uint64_t used_ns);
void cap_init(struct domain *d);
bool cap_stop(struct domain *d);
/* The cap has changed. */
void cap_reset(struct domain *d);
