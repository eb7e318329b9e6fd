#pragma once
/*
 * Domains and their virtual CPUs.
 *
 * A domain lives from domain_create to the last domain_put; in between it may die (domain_kill) in restartable steps:
 *   ALIVE -> DYING (nothing new is given to it) -> DEAD (all its memory is back, only references keep the struct).
 * Letters: [I] fixed after creation · [D] d->lock · [S] d->shutdown_lock · [L] the list lock of core/domain/domain.c ·
 * [K] d->kill_lock · [a] atomic · [c] only by the CPU that runs the vCPU, or by others while it is paused ·
 * [m] d->mm_lock.
 */
#include <hyp/abi.h>
#include <hyp/arch_types.h>
#include <hyp/console.h>
#include <hyp/control.h>
#include <hyp/cpu.h>
#include <hyp/evtchn.h>
#include <hyp/grant.h>
#include <hyp/list.h>
#include <hyp/lock.h>
#include <hyp/page_table.h>
#include <hyp/sched.h>
#include <hyp/timer.h>
#include <hyp/types.h>

#define VCPUS_MAX 128u
#define DOMAINS_MAX DOMID_FIRST_RESERVED

enum domain_state { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

/* Why a vCPU does not run, besides pause counts. [a] */
#define VCPU_BLOCKED 1u /* sched_op block: until an event */
#define VCPU_DOWN 2u	/* never started, or taken down */
#define VCPU_POLLING 4u /* sched_op poll: until one of some ports is pending */
#define VCPU_NO_INFO 8u /* nowhere to see its events, until its domain registers a vcpu_info for it */

#define DOMAIN_WATCHDOGS 2u
#define SHUTDOWN_CODE_NONE 0xffu
/* A periodic timer is not faster. */
#define VCPU_PERIOD_MIN_NS UINT64_C(1000000)

struct vcpu {
	struct domain *domain; /* [I] */
	unsigned int id;       /* [I] */
	bool initialised;      /* [D] has a context */
	bool initialising;     /* [a] a CPU is in arch_vcpu_initialise for it */
	uint32_t stop;	       /* [a] VCPU_BLOCKED ... */
	uint32_t pause_count;  /* [a] */
	struct sched_vcpu sched;
	struct vcpu_roots roots; /* [m] */

	struct vcpu_info *info;	   /* [D] in shared_info or in the guest's own page; NULL until it has one */
	struct page *info_page;	   /* [D] the guest's page, referenced, writable */
	uint16_t virq_port[24];	   /* [e] evtchn lock: port of each per-vCPU VIRQ, 0 none */
	uint32_t poll_port;	   /* [a] the one port it polls for, or 0: several */
	struct timer singleshot;   /* VIRQ_TIMER */
	struct timer periodic;	   /* VIRQ_TIMER, period_ns apart */
	struct timer poll;	   /* end of a poll */
	uint64_t period_ns;	   /* [a] 0: none; see core/time/vcpu_timer.c */
	uint64_t period_next_ns;   /* [a] when the next tick is due */

	struct vcpu_runstate_info runstate;    /* runstate_lock: see core/domain/runstate.c */
	uint64_t runstate_told_ns;	       /* runstate_lock: as of when its times were last told */
	struct spinlock runstate_lock;
	vaddr_t runstate_area;		       /* [c] guest address, 0 none */
	vaddr_t time_area;		       /* [c] guest address of a secondary time record, 0 none */

	struct arch_vcpu arch;
};

struct domain {
	domid_t id;			/* [I] */
	bool privileged;		/* [I] domain 0: may control others and the machine */
	bool is_shutdown;		/* [S] no vCPU runs until domain_resume */
	uint8_t shutdown_code;		/* [S] SHUTDOWN_*, or SHUTDOWN_CODE_NONE; may be set before it shuts down */
	enum domain_state state;	/* [D] */
	uint32_t references;		/* [a] */
	uint32_t pause_count;		/* [a] */
	uint32_t control_pause_count;	/* [D] pauses by the control interface */
	struct spinlock lock;
	struct spinlock shutdown_lock;	/* may be taken with d->lock, mm_lock or a grant lock held */
	struct spinlock kill_lock;	/* only ever tried: one CPU at a time destroys */
	unsigned int kill_step;		/* [K] what of the destruction comes next */
	struct list link;		/* [L] ascending id */
	struct list hash_link;		/* [L] */
	xen_domain_handle_t handle;	/* [D] */

	unsigned int vcpu_max;		/* [D] length of vcpu[] */
	struct vcpu **vcpu;		/* [D] appended to only */
	uint32_t polling;		/* [a] vCPUs with VCPU_POLLING; not less than those */

	struct shared_info *shared_info; /* [I] */
	struct evtchn_table evtchn;
	struct grant_table grant;
	struct sched_domain sched;
	struct control_domain control;

	struct watchdog {
		struct timer timer;
		struct domain *domain; /* [I] */
		bool is_used;	       /* [D] */
	} watchdog[DOMAIN_WATCHDOGS];

	struct spinlock mm_lock;	/* page tables of this domain */
	struct pt_undo undo;		/* [m] page tables that go out of use, in steps */
	uint64_t tables_changed;	/* [m] validations of tables above level 1 and changes of their entries, counted */
	struct page *validating[PAGE_LEVELS + 1]; /* [m] by level: what page_table_get is about at this moment */
	uint64_t pages;			/* [a] frames of its reservation */
	uint64_t pages_max;		/* [D] */
	uint64_t pages_claimed;		/* allocator's lock: promised, not yet given */
	uint64_t shared_pages;		/* [a] frames of the hypervisor that are shared with it */
	struct domain_regions *regions; /* [D] where in the machine its frames are; see core/mm/domain_frames.c */
	uint64_t release_cursor;	/* teardown: where it stopped */
	struct memory_map_entry *memory_map; /* [D] what XENMEM_memory_map answers, set by its builder; NULL: none */
	uint32_t memory_map_count;	/* [D] */
	uint64_t vm_assist;		/* [a] VMASST_TYPE_* bits */
	bool msr_relaxed;		/* [I] registers that the machine has and guests do not read as 0, and take no value */
	struct cpuset dirty_cpus;	/* [a] CPUs whose TLB may hold translations of it */
	int64_t time_offset_ns;		/* [D] wall clock offset */

	struct console_guest console;	/* [D] its debugging text */

	struct arch_domain arch;
};

/* Domain 0, once it is there. */
extern struct domain *domain0;

/* E_EXIST, E_NOMEM, E_INVAL; E_SRCH, there is no such pool. The domain starts with one reference (its existence) and paused by
   the control interface. `id` DOMID_INVALID: the next free one. */
struct domain_config {
	domid_t id;
	bool privileged;
	uint32_t vcpu_max, evtchn_port_max, grant_frames_max, maptrack_frames_max;
	uint32_t pool;
	bool msr_relaxed;
	xen_domain_handle_t handle;
};
enum status domain_create(const struct domain_config *config, struct domain **out);
/* E_INVAL: id >= vcpu_max, or the domain is not alive; E_EXIST, E_NOMEM. It is down and has no context. */
enum status vcpu_create(struct domain *d, unsigned int id, struct vcpu **out);
/* From domain_put, when nothing runs or refers to it any more. */
void vcpu_destroy(struct vcpu *v);

/* A reference, or NULL. DOMID_SELF is not looked up here. */
struct domain *domain_find(domid_t id);
/* The first domain with id >= `id`, referenced; NULL at the end. */
struct domain *domain_find_next(domid_t id);
void domain_get(struct domain *d);
/* The last one frees everything: no lock may be held. */
void domain_put(struct domain *d);
/* The domain that `caller` means by `id` (DOMID_SELF or a number), referenced; NULL if it does not exist. */
struct domain *domain_find_for(struct domain *caller, domid_t id);

/* Counted pauses. domain_pause returns at once; domain_is_stopped says when no vCPU of it runs any more, or is
   moved from one CPU to another. */
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);
bool domain_is_stopped(const struct domain *d);
void vcpu_pause(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
/* The control interface's pause: E_INVAL when unpausing what is not paused, E_RANGE when paused 255 times. */
enum status domain_control_pause(struct domain *d);
enum status domain_control_unpause(struct domain *d);

/*
 * The domain stops and the control domain is told; domain 0's own shutdown stops the machine. The vCPUs of other CPUs
 * stop soon after. May be called for the running vCPU's domain, in the middle of a call, with d->lock, mm_lock or a
 * grant lock held, but with no event-channel, run-queue or timer lock. A reason that was latched before wins.
 */
void domain_shutdown(struct domain *d, uint8_t reason);
/* The reason that a later shutdown will report, unless there is one already. */
void domain_latch_shutdown_code(struct domain *d, uint8_t reason);
/* After a suspend that was cancelled. */
void domain_resume(struct domain *d);
/* The guest did what it cannot be allowed to survive. The text goes to the log at a limited rate. Where
   domain_shutdown may be called; the caller goes on and the vCPU does not return to its guest. */
[[gnu::format(printf, 2, 3)]] void domain_crash(struct domain *d, const char *why, ...);
/* Restartable: E_RESTART until everything is given back. The caller holds a reference; it is not a vCPU of d. */
enum status domain_kill(struct domain *d);

/* `caller` may act on `target` as a control domain does. */
static inline bool domain_may_control(const struct domain *caller, const struct domain *target)
{
	(void)target;
	return caller->privileged;
}

static inline bool page_table_has_undo(const struct domain *d)
{
	return d->undo.levels;
}

/* Is p a table of level 1 of d's, and in use? Then it stays so, with mm_lock held. */
static inline bool page_is_leaf_table(const struct domain *d, const struct page *p)
{
	uint32_t type = read_once(p->type);

	return p->owner == d->id && (type & PAGE_TYPE_MASK) == PAGE_TYPE_L1 && type & PAGE_TYPE_COUNT_MASK;
}

/* See page_table_undo_some. */
static inline enum status page_table_undo(struct domain *d)
{
	return likely(!page_table_has_undo(d)) ? OK : page_table_undo_some(d);
}

static inline bool vcpu_is_runnable(const struct vcpu *v)
{
	return !(__atomic_load_n(&v->stop, __ATOMIC_SEQ_CST) | __atomic_load_n(&v->pause_count, __ATOMIC_SEQ_CST) |
		 __atomic_load_n(&v->domain->pause_count, __ATOMIC_SEQ_CST));
}

static inline struct vcpu *domain_vcpu(const struct domain *d, uint32_t id)
{
	return id < d->vcpu_max ? __atomic_load_n(&d->vcpu[id], __ATOMIC_ACQUIRE) : NULL;
}

/* Something is pending for v: wakes it if it is blocked, interrupts the CPU that runs it. */
void vcpu_kick(struct vcpu *v);
/* Clears a stop reason and wakes. */
void vcpu_wake_from(struct vcpu *v, uint32_t stop_bits);
/* Sets a stop reason. The CPU that runs v is told; v may be current, and then stops on its way out. */
void vcpu_stop_for(struct vcpu *v, uint32_t stop_bits);
/* VCPU_POLLING without a word to the scheduler, while sched_op poll looks whether v, which is current, has to stop at all. */
void vcpu_poll_begin(struct vcpu *v);
void vcpu_poll_end(struct vcpu *v);
/* sched_op block: lets events in and sleeps unless one is there, or an NMI. v is current. */
void vcpu_block(struct vcpu *v);
/* vcpu_op up and down. down: the last vCPU that goes down shuts its domain down. */
void vcpu_up(struct vcpu *v);
void vcpu_down(struct vcpu *v);

/* VIRQ_TIMER sources (core/time/vcpu_timer.c). Absolute times in system time; any value is fine. */
void vcpu_timers_init(struct vcpu *v);
/* False while one of its functions still runs on some CPU. */
bool vcpu_timers_stop(struct vcpu *v);
void vcpu_singleshot_set(struct vcpu *v, uint64_t deadline_ns);
void vcpu_singleshot_stop(struct vcpu *v);
/* period_ns >= VCPU_PERIOD_MIN_NS. Ticks come while v runs, and one when it comes back after it missed some. */
void vcpu_periodic_set(struct vcpu *v, uint64_t period_ns);
void vcpu_periodic_stop(struct vcpu *v);
void vcpu_poll_timer_set(struct vcpu *v, uint64_t deadline_ns);
/* From the scheduler, with no lock held: v begins to run on this CPU; v has stopped running. */
void vcpu_periodic_enter(struct vcpu *v, uint64_t now_ns);
void vcpu_periodic_leave(struct vcpu *v);

/* sched_op watchdog: `id` 0 takes a free one, `timeout_s` 0 gives one back. Its number from 1, 0, E_INVAL, E_NOSPC. */
long domain_watchdog(struct domain *d, uint32_t id, uint32_t timeout_s);
void domain_watchdogs_init(struct domain *d);
/* False while one of their functions still runs on some CPU. */
bool domain_watchdogs_stop(struct domain *d);
/* v has an event and does not mask it. */
static inline bool vcpu_event_is_deliverable(const struct vcpu *v)
{
	return v->info && read_once(v->info->evtchn_upcall_pending) && !read_once(v->info->evtchn_upcall_mask);
}
/* What vcpu_kick tells of has come. v is current, and its stop bit is set. */
static inline bool vcpu_must_not_sleep(const struct vcpu *v)
{
	return vcpu_event_is_deliverable(v) || arch_vcpu_has_nmi(&v->arch);
}

/* Runstate accounting: v's state becomes RUNSTATE_* at now_ns. */
void vcpu_runstate_change(struct vcpu *v, int state, uint64_t now_ns);
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);

/* From the architecture. */
enum status arch_domain_create(struct domain *d);
/* Gives back what the architecture holds for a dying domain (page tables of vCPUs, LDT, pins...). Restartable. */
enum status arch_domain_relinquish(struct domain *d);
void arch_domain_destroy(struct domain *d);
enum status arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
/*
 * vcpu_op initialise: copies in the vcpu_guest_context at `context` (in caller's address space) and makes it target's.
 * Sets target->initialised under d->lock as its last act. The caller has set target->initialising, so nobody else makes it
 * run meanwhile. E_RESTART is fine.
 */
enum status arch_vcpu_initialise(struct vcpu *target, struct vcpu *caller, vaddr_t context);
/*
 * Takes a writable reference to the domain's frame, copies what v->info held (zeroes and upcall_mask 1 if it had none)
 * to `offset` in it, and sets v->info and v->info_page. The place was checked. d->lock is held.
 */
enum status arch_vcpu_info_map(struct vcpu *v, gfn_t frame, unsigned int offset);
/* For a vCPU of v's domain: writes v's runstate to v->runstate_area, and its time record to v->time_area, now or, if v is not
   current, perhaps when it next runs. A fault is ignored. */
void arch_runstate_update(struct vcpu *v);
void arch_time_update(struct vcpu *v);
/* An NMI for v, which is kicked; a second one before the first is taken is the same one. See also arch_vcpu_has_nmi. */
void arch_vcpu_nmi(struct vcpu *v);
/* The guest may name these bytes: none of them is the hypervisor's. They need not be there. */
bool arch_guest_range_is_valid(const struct vcpu *v, vaddr_t address, uint64_t bytes);
/* The machine's names of a CPU (APIC id in the low half, ACPI id in the high half). */
uint64_t arch_cpu_physical_id(unsigned int cpu);
/* All domains are gone or domain 0 asks: the machine stops or restarts. */
[[gnu::noreturn]] void arch_machine_shutdown(uint8_t reason);
