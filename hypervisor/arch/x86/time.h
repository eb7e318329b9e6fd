#pragma once
/* System time from the time-stamp counter; see time.c. */
#include "tsc_scale.h"

struct cpu;

/* The machine's. */
extern struct tsc_scale tsc_scale;
extern uint32_t tsc_khz;
/* What one hypercall may take before it stops at a preemption point. */
extern uint64_t hypercall_budget_ticks;

/* What is known of the counters at start (the word tsc=). */
enum tsc_trust { TSC_TRUST_CPUID, TSC_TRUST_NOT, TSC_TRUST_NOT_EQUAL, TSC_TRUST };
/* Measures the TSC; stops the machine if there is no timer to measure it with. Boot CPU. */
void time_init(uint8_t rtc_century_register, enum tsc_trust trust);
/* The machine's wall clock at system time 0, in nanoseconds since 1970. */
extern uint64_t wallclock_boot_ns;
/* Whether guests may take the counter for a clock that is the same on every CPU. For good once all CPUs have started. */
bool tsc_is_stable(void);
/* This CPU's counter at system time 0. */
uint64_t tsc_base(void);
/* On the boot CPU, with another that waits in tsc_meeting_answer: gives it its time, and lets it go on. */
void time_init_cpu(struct cpu *other);
uint64_t ns_to_tsc(uint64_t system_time_ns);
