#pragma once
/* System time from the time-stamp counter; see time.c. */
#include <hyp/types.h>

/* How guests turn TSC ticks into nanoseconds: ((ticks << shift) * mul) >> 32 (negative shift: to the right). */
struct tsc_scale {
	uint32_t mul;
	int8_t shift;
	uint64_t base; /* TSC at system time 0 */
};
extern struct tsc_scale tsc_scale;
extern uint32_t tsc_khz;
/* What one hypercall may take before it stops at a preemption point. */
extern uint64_t hypercall_budget_ticks;

/* Measures the TSC; stops the machine if there is no timer to measure it with. Boot CPU. */
void time_init(uint8_t rtc_century_register);
/* The machine's wall clock at system time 0, in nanoseconds since 1970. */
extern uint64_t wallclock_boot_ns;
uint64_t ticks_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t system_time_ns);
