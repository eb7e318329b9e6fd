#pragma once
/*
 * What tests see and set of the fake architecture. Each part belongs to one file of arch/fake.
 */
#include <setjmp.h>

#include <hyp/cpu.h>
#include <hyp/types.h>

struct vcpu;

/* cpu.c: CPUs and time */

struct fake_cpu {
	unsigned int kicks;		  /* arch_cpu_kick */
	unsigned int timer_kicks;	  /* arch_timer_kick */
	unsigned int timer_programs;	  /* arch_timer_program */
	uint64_t timer_deadline_ns;	  /* the last one that was programmed, UINT64_MAX: never */
};
extern struct fake_cpu fake_cpus[CPUS_MAX];
extern _Thread_local unsigned int fake_cpu_id; /* what arch_cpu_id answers */
extern uint64_t fake_now_ns;		       /* what time_now answers */
extern unsigned int fake_lock_waits;	       /* calls of arch_lock_wait */
extern unsigned int fake_preempt_in;	       /* arch_preempt_due is true at the n-th question; 0: never */
extern void (*fake_lock_wait_hook)(void);      /* what another CPU does while this one waits, or NULL */
extern bool fake_lock_wait_is_fatal;	       /* one CPU: whoever waits for a lock waits for ever. Default true. */

/* arch_machine_shutdown records the reason and jumps here; without a place to jump to it aborts. */
extern jmp_buf *fake_shutdown_jump;
extern int fake_shutdown_reason; /* -1: none yet */
/* The same for panic. */
extern jmp_buf *fake_panic_jump;
extern char fake_panic_text[256];

/* CPUs 0 .. count-1 online, with fresh timer and run queues; CPU 0 is this one, the time is 1 s; nothing recorded. */
void fake_cpus_reset(unsigned int count);

/* domain.c: the architecture's part of domains and vCPUs */

extern enum status fake_domain_create_status, fake_vcpu_create_status;	/* what the next ones answer */
extern enum status fake_initialise_status, fake_info_map_status;
/* What happens on another CPU while a vCPU is being initialised; NULL: nothing. */
extern void (*fake_initialise_meanwhile)(struct vcpu *target, struct vcpu *caller);
extern unsigned int fake_domains_alive, fake_vcpus_alive;		/* created and not destroyed */
extern unsigned int fake_runstate_updates, fake_time_updates, fake_nmis;
extern vaddr_t fake_guest_limit; /* addresses from here on are the hypervisor's */
void fake_domains_reset(void);
