#pragma once
/*
 * One timer queue per CPU: deadlines in nanoseconds of system time (time_now).
 *
 * A timer belongs to one CPU at a time; its function runs there, from timer_run(), with no lock held and
 * interrupts off, at or after the deadline; the timer is inactive then and may be set again.
 */
#include <hyp/pairing.h>
#include <hyp/types.h>

struct timer {
	void (*function)(struct timer *t);
	struct pairing_node node; /* [q] its key is the deadline while active */
	unsigned int cpu;	  /* [q] the queue that it is on */
	bool active;		  /* [q] */
};

/* Deadlines beyond are cut to it: it does not come. */
#define TIMER_NEVER_NS ((uint64_t)INT64_MAX)
/* So many functions are called at once; then the hardware is asked to interrupt again. */
#define TIMER_BATCH 64u

/* Nanoseconds since the hypervisor started, never backwards on one CPU and within a microsecond between CPUs. */
uint64_t time_now(void);

void timer_queue_init(unsigned int cpu);
void timer_init(struct timer *t, void (*function)(struct timer *), unsigned int cpu);
/* (Re)arms. A deadline in the past fires at the next timer_run. Any CPU. */
void timer_set(struct timer *t, uint64_t deadline_ns);
/* The same, and moves it to this CPU's queue. */
void timer_set_here(struct timer *t, uint64_t deadline_ns);
/* After it returns the function does not start any more; it may still be running on the timer's CPU. */
void timer_stop(struct timer *t);
/* The function runs right now on some CPU. */
bool timer_is_running(const struct timer *t);
/* Moves t, active or not, to another CPU's queue. */
void timer_migrate(struct timer *t, unsigned int cpu);
/* On `cpu`: calls what is due (TIMER_BATCH at most), then programs the hardware for the next deadline. */
void timer_run(unsigned int cpu);
/* UINT64_MAX if the queue is empty. */
uint64_t timer_next_deadline(unsigned int cpu);

/* From the architecture, with a timer queue's lock held: this CPU's hardware timer shall interrupt at
   deadline_ns (UINT64_MAX: never), at once if past. */
void arch_timer_program(uint64_t deadline_ns);
/* From the architecture: `cpu` shall call timer_run soon (another CPU put an earlier deadline on its queue). */
void arch_timer_kick(unsigned int cpu);
