#pragma once
/*
 * Who runs where. Policy (virtual-time run queues per CPU) lives behind these calls; the rest of the hypervisor only
 * says that a vCPU became runnable or stopped being it, and asks who is next.
 *
 * A vCPU is runnable when it is not blocked, down, polling or paused (vcpu_is_runnable). Its state here:
 *   idle -> queued (wake) -> running (pick) -> queued (preempted) | idle (not runnable any more)
 */
#include <hyp/abi.h>
#include <hyp/cpu.h>
#include <hyp/lock.h>
#include <hyp/pairing.h>
#include <hyp/timer.h>

struct domain;
struct vcpu;

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MAX 65535

/* Part of struct vcpu. Letters: [r] run-queue lock of v->sched.cpu · [a] atomic. See core/sched/sched.c. */
struct sched_vcpu {
	struct pairing_node node;     /* [r] on the queue while queued; its key is the virtual time within the queue */
	uint64_t virtual_time_ns;     /* [r] the virtual time between queues, while neither queued nor running */
	uint64_t excess_ns;	      /* [r] how much its key was lowered when it joined the queue */
	uint64_t started_ns;	      /* [r] when it last began to run */
	uint64_t charged_ns;	      /* [r] up to when its run time is accounted for */
	uint64_t cap_grant_ns;	      /* [r] what it took from its domain's cap budget and has not used */
	unsigned int cpu;	      /* [r] the CPU whose queue it belongs to */
	unsigned int movers;	      /* [a] CPUs that look at it again, since they move it from one queue to another */
	bool queued;		      /* [r] */
	bool running;		      /* [r] a CPU holds it, or will from its next sched_pick on */
	bool parked;		      /* [r] its domain has used up its cap: until the next period */
	bool yielded;		      /* [r] at the next choice the others come first */
	bool slept;		      /* [r] it was not runnable since it was last queued */
	bool leaving;		      /* [r] its domain frees it: nothing queues it any more */
	bool is_pinned;		      /* [r] affinity_hard is the override's, affinity_saved was before */
	struct cpuset affinity_hard, affinity_soft, affinity_saved; /* [r] where it may run, where it likes to */
	struct cpuset pool_cpus;      /* [r] the CPUs of its domain's pool */
};

/* Part of struct domain. weight and cap: read without a lock, each value by itself. */
struct sched_domain {
	uint32_t weight; /* 1..65535 */
	uint32_t cap;	 /* percent of one CPU, 0 = none */
	uint32_t pool;	 /* written under pool.c's lock; see hyp/pool.h */
	struct spinlock cap_lock;
	int64_t cap_budget_ns;	   /* [cap_lock] run time that may still be taken; below 0 what was overdrawn */
	uint64_t cap_period_end_ns; /* [cap_lock] */
	struct timer cap_timer;	   /* while any vCPU is parked: the end of the period */
};

void sched_init_cpu(unsigned int cpu);
void sched_domain_init(struct domain *d);
/* Stops its timer; false while that still runs on some CPU. */
bool sched_domain_stop(struct domain *d);
/* v is down; from now on it may be woken. It starts on a CPU of its domain's pool, the next one for each vCPU. */
void sched_vcpu_init(struct vcpu *v);
/* v is not runnable and not running. */
void sched_vcpu_fini(struct vcpu *v);

/* v may have become runnable: queues it, and kicks the CPU that should run it. Any CPU. */
void sched_wake(struct vcpu *v);
/* v may have stopped being runnable: takes it off the queue, or kicks the CPU that runs it. Does not wait. */
void sched_sleep(struct vcpu *v);
/* v's CPU time for others: goes behind its peers. v is current. */
void sched_vcpu_yield(struct vcpu *v);

/* True if `cpu` should call sched_pick before it runs a guest again. */
bool sched_is_due(unsigned int cpu);
/*
 * On `cpu`, with `previous` (NULL: idle) having run until now: chooses who runs next and arms the slice timer;
 * NULL means idle. previous == the result is possible. The caller switches, then calls sched_switched for the
 * previous one if it changed; until then nobody else runs it.
 */
struct vcpu *sched_pick(unsigned int cpu, struct vcpu *previous);
void sched_switched(struct vcpu *previous);

/* E_INVAL if no online CPU of its pool is left in `hard`, E_BUSY while it is pinned. Moves v if it must move (a running vCPU
   moves when it is next picked). */
enum status sched_set_affinity(struct vcpu *v, const struct cpuset *hard, const struct cpuset *soft);
/* Each vCPU of a new domain stays on one of its pool's online CPUs, one after the other. */
void sched_set_affinity_in_turn(struct domain *d);
/* weight 1..65535; cap 0..100 * vCPUs. */
enum status sched_set_params(struct domain *d, uint32_t weight, uint32_t cap);
/* The online CPUs that v may run on: those of its hard affinity and its pool. Without a lock it is a hint. */
struct cpuset sched_vcpu_cpus(const struct vcpu *v);
/* v runs on `pool`'s CPUs alone from now on. If its hard affinity leaves none of them, or `anywhere`, it may use them all:
   a pin and the affinities are undone. Moves it as above. */
void sched_confine(struct vcpu *v, const struct cpuset *pool, bool anywhere);
/* sched_op pin_override: only `cpu`, until undone. E_INVAL: not an online CPU of its pool, or nothing to undo; E_BUSY: pinned. */
enum status sched_pin(struct vcpu *v, unsigned int cpu);
enum status sched_unpin(struct vcpu *v);
/* How long one that runs keeps its place at least, whoever wakes. 0: not at all. */
uint64_t sched_rate_limit_ns(void);
void sched_set_rate_limit(uint64_t ns);
/* How long `cpu` has had nothing to run. */
uint64_t sched_idle_ns(unsigned int cpu);
void sched_dump(void);
