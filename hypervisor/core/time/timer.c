/*
 * Timers: one queue of deadlines per CPU.
 *
 * T1  A timer that is active is in exactly the queue of t->cpu; t->cpu changes only under that queue's lock.
 * T2  The hardware of a CPU will interrupt, or has been told to come here, not later than the first deadline of its queue:
 *     programmed_ns <= the first key, or the queue is being run (is_running), which ends by programming it.
 * T3  A function is called at most once for each time that the timer was set, never before its deadline, and in the
 *     order of the deadlines on its CPU.
 *
 * The queue lock is the innermost of all locks: timers are set under nearly any other. Two of them: the
 * lower CPU's first. Functions run without it, so that they may set timers; `current` is only compared, never followed,
 * since a function may free its timer.
 * One timer_run calls a bounded number of functions, so that whoever sets many short timers gets in nobody else's way for
 * long: the rest waits for the interrupt that is asked for at once.
 */
#include <hyp/cpu.h>
#include <hyp/lock.h>
#include <hyp/timer.h>

struct timer_queue {
	struct spinlock lock;
	struct pairing_heap heap;
	uint64_t programmed_ns;	     /* what the hardware was last told, UINT64_MAX: never, or it has come */
	const struct timer *current; /* whose function runs */
	bool is_running;
} __attribute__((aligned(64)));

static struct timer_queue queues[CPUS_MAX];

static struct timer *timer_of(struct pairing_node *node)
{
	return container_of(node, struct timer, node);
}

static uint64_t first_deadline(const struct timer_queue *q) REQUIRES(q->lock)
{
	return q->heap.root ? q->heap.root->key : UINT64_MAX;
}

/* The queue of t, locked: it may move until it is. */
static struct timer_queue *lock_queue(const struct timer *t) NO_LOCK_CHECK
{
	for (;;) {
		unsigned int cpu = read_once(t->cpu);
		struct timer_queue *q = &queues[cpu];

		spin_lock(&q->lock);
		if (read_once(t->cpu) == cpu)
			return q;
		spin_unlock(&q->lock);
	}
}

/* Keeps T2 after an insertion: true if the queue's CPU must be told of programmed_ns. */
static bool first_is_news(struct timer_queue *q) REQUIRES(q->lock)
{
	uint64_t first = first_deadline(q);

	if (q->is_running || first >= q->programmed_ns)
		return false;
	q->programmed_ns = first;
	return true;
}

/* The same, and tells this CPU; true if it is another one. */
static bool program_for_first(struct timer_queue *q, unsigned int cpu) REQUIRES(q->lock)
{
	if (!first_is_news(q))
		return false;
	if (cpu != arch_cpu_id())
		return true;
	arch_timer_program(q->programmed_ns);
	return false;
}

void timer_queue_init(unsigned int cpu)
{
	struct timer_queue *q = &queues[cpu];

	spin_init(&q->lock);
	q->heap.root = NULL;
	q->programmed_ns = UINT64_MAX;
	q->current = NULL;
	q->is_running = false;
}

void timer_init(struct timer *t, void (*function)(struct timer *), unsigned int cpu)
{
	t->function = function;
	t->cpu = cpu;
	t->active = false;
}

static void remove_if_active(struct timer_queue *q, struct timer *t) REQUIRES(q->lock)
{
	if (!t->active)
		return;
	pairing_remove(&q->heap, &t->node);
	t->active = false;
}

static void insert(struct timer_queue *q, struct timer *t, uint64_t deadline_ns) REQUIRES(q->lock)
{
	t->node.key = MIN(deadline_ns, TIMER_NEVER_NS);
	t->active = true;
	pairing_insert(&q->heap, &t->node);
}

void timer_set(struct timer *t, uint64_t deadline_ns) NO_LOCK_CHECK
{
	struct timer_queue *q = lock_queue(t);
	unsigned int cpu = t->cpu;
	bool must_kick;

	remove_if_active(q, t);
	insert(q, t, deadline_ns);
	must_kick = program_for_first(q, cpu);
	spin_unlock(&q->lock);
	if (must_kick)
		arch_timer_kick(cpu);
}

void timer_set_here(struct timer *t, uint64_t deadline_ns) NO_LOCK_CHECK
{
	unsigned int cpu = arch_cpu_id();
	struct timer_queue *q = &queues[cpu];

	spin_lock(&q->lock);
	if (unlikely(read_once(t->cpu) != cpu)) {
		spin_unlock(&q->lock);
		timer_migrate(t, cpu);
		timer_set(t, deadline_ns);
		return;
	}
	remove_if_active(q, t);
	insert(q, t, deadline_ns);
	if (first_is_news(q))
		arch_timer_program(q->programmed_ns);
	spin_unlock(&q->lock);
}

void timer_stop(struct timer *t) NO_LOCK_CHECK
{
	struct timer_queue *q = lock_queue(t);

	/* The hardware may come in vain: cheaper than to tell it each time. */
	remove_if_active(q, t);
	spin_unlock(&q->lock);
}

bool timer_is_running(const struct timer *t)
{
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++)
		if (__atomic_load_n(&queues[cpu].current, __ATOMIC_ACQUIRE) == t)
			return true;
	return false;
}

/* Both queues, the lower CPU's first; false if t is on `cpu` already. On true both are locked. */
static bool lock_both(const struct timer *t, unsigned int cpu, struct timer_queue **from) NO_LOCK_CHECK
{
	for (;;) {
		unsigned int now_on = read_once(t->cpu);

		if (now_on == cpu)
			return false;
		*from = &queues[now_on];
		spin_lock(&queues[MIN(now_on, cpu)].lock);
		spin_lock(&queues[MAX(now_on, cpu)].lock);
		if (read_once(t->cpu) == now_on)
			return true;
		spin_unlock(&queues[now_on].lock);
		spin_unlock(&queues[cpu].lock);
	}
}

void timer_migrate(struct timer *t, unsigned int cpu) NO_LOCK_CHECK
{
	struct timer_queue *from, *to = &queues[cpu];
	bool must_kick = false;

	if (!lock_both(t, cpu, &from))
		return;
	if (t->active) {
		pairing_remove(&from->heap, &t->node);
		t->cpu = cpu;
		insert(to, t, t->node.key);
		must_kick = program_for_first(to, cpu);
	} else {
		t->cpu = cpu;
	}
	spin_unlock(&from->lock);
	spin_unlock(&to->lock);
	if (must_kick)
		arch_timer_kick(cpu);
}

/* Takes the first timer out if it is due. */
static struct timer *take_due(struct timer_queue *q, uint64_t now_ns) REQUIRES(q->lock)
{
	struct timer *t;

	if (!q->heap.root || key_is_before(now_ns, q->heap.root->key))
		return NULL;
	t = timer_of(q->heap.root);
	pairing_remove(&q->heap, &t->node);
	t->active = false;
	return t;
}

void timer_run(unsigned int cpu)
{
	struct timer_queue *q = &queues[cpu];
	uint64_t now_ns = time_now();
	struct timer *t;

	spin_lock(&q->lock);
	q->is_running = true;
	/* What becomes due meanwhile interrupts at once. */
	for (unsigned int i = 0; i < TIMER_BATCH && (t = take_due(q, now_ns)); i++) {
		__atomic_store_n(&q->current, t, __ATOMIC_RELEASE);
		spin_unlock(&q->lock);
		t->function(t);
		spin_lock(&q->lock);
		__atomic_store_n(&q->current, NULL, __ATOMIC_RELEASE);
	}
	q->is_running = false;
	q->programmed_ns = first_deadline(q);
	arch_timer_program(q->programmed_ns);
	spin_unlock(&q->lock);
}

uint64_t timer_next_deadline(unsigned int cpu)
{
	struct timer_queue *q = &queues[cpu];
	uint64_t deadline_ns;

	spin_lock(&q->lock);
	deadline_ns = first_deadline(q);
	spin_unlock(&q->lock);
	return deadline_ns;
}
