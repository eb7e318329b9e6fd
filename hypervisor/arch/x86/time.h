#pragma once
/* System time from the time-stamp counter; see time.c. */
#include <hyp/types.h>

struct cpu;

/* How guests turn TSC ticks into nanoseconds: ((ticks << shift) * mul) >> 32 (negative shift: to the right). */
struct tsc_scale {
	uint32_t mul;
	int8_t shift;
	uint64_t base; /* the boot CPU's TSC at system time 0; another CPU's is its cpu->tsc_base */
};
extern struct tsc_scale tsc_scale;
extern uint32_t tsc_khz;
/* All CPUs' counters show the same, and go on at one rate: guests may compare them. Known once all CPUs have started. */
extern bool tsc_is_stable;
/* What one hypercall may take before it stops at a preemption point. */
extern uint64_t hypercall_budget_ticks;

/* Measures the TSC; stops the machine if there is no timer to measure it with. Boot CPU. */
void time_init(uint8_t rtc_century_register);
/*
 * A CPU that starts finds how far its counter is ahead of the boot CPU's, and from then on has the same system time: it calls
 * time_meet, before its first timer, while the boot CPU calls time_answer again and again. One CPU at a time.
 */
void time_meet(struct cpu *c);
void time_answer(void);
/* The machine's wall clock at system time 0, in nanoseconds since 1970. */
extern uint64_t wallclock_boot_ns;
uint64_t ticks_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t system_time_ns);
