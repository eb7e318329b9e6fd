/*
 * System time: nanoseconds since the hypervisor started, a linear function of the time-stamp counter.
 *
 * The same function is published to guests (vcpu_time_info), so guest and hypervisor agree exactly.
 * Its rate is taken as the same on all CPUs and for good; its zero is each CPU's own where their counters differ
 * (tsc_sync.c), and guests are told that the counter is no common clock then.
 * The hardware timer of each CPU is its local APIC's.
 */
#include "time.h"
#include "cpu.h"
#include "ops.h"
#include "panic.h"
#include <hyp/drivers/calibrate.h>
#include <hyp/drivers/lapic.h>
#include <hyp/drivers/rtc.h>
#include <hyp/log.h>
#include <hyp/timer.h>

/* A third of a millisecond of one CPU: a guest's other events wait no longer than this for a hypercall. */
#define HYPERCALL_BUDGET_US 300

struct tsc_scale tsc_scale;
uint32_t tsc_khz;
uint64_t hypercall_budget_ticks;
uint64_t wallclock_boot_ns;

static enum tsc_trust trust;
/* The counters are not all the same: each CPU has its own tsc_base. */
static bool skewed;

bool tsc_is_stable(void)
{
	return !skewed && (trust == TSC_TRUST || (trust == TSC_TRUST_CPUID && cpu_features.tsc_invariant));
}

uint64_t tsc_base(void) { return skewed ? this_cpu()->tsc_base : tsc_scale.base; }

uint64_t ns_to_tsc(uint64_t system_time_ns)
{
	return ticks_to_tsc(tsc_base(), ns_to_ticks(&tsc_scale, system_time_ns));
}

uint64_t time_now(void)
{
	uint64_t ticks = tsc_read_unordered() - tsc_base();

	/* A CPU whose counter started a little late is at 0, not in the far future. */
	return (int64_t)ticks < 0 ? 0 : ticks_to_ns(&tsc_scale, ticks);
}

void time_init(uint8_t rtc_century_register, enum tsc_trust known)
{
	const char *reference;
	uint64_t seconds;

	if (calibrate_tsc_on_machine(&tsc_khz, &reference) != OK)
		refuse_to_start("no usable timer: neither HPET, ACPI PM timer nor PIT counts, "
				"so the time-stamp counter's rate is unknown");
	tsc_scale = tsc_scale_make(tsc_khz);
	tsc_scale.base = this_cpu()->tsc_base = tsc_read();
	trust = known;
	skewed = known == TSC_TRUST_NOT_EQUAL;
	hypercall_budget_ticks = (uint64_t)tsc_khz * HYPERCALL_BUDGET_US / 1000;
	if (rtc_read(rtc_century_register, &seconds) == OK)
		wallclock_boot_ns = seconds * NANOSECONDS_PER_SECOND;
	else
		log_warning("no battery clock: the wall clock starts at 1970");
	log_info("time stamp counter: %u.%03u MHz, measured with the %s%s", tsc_khz / 1000, tsc_khz % 1000, reference,
		 cpu_features.tsc_invariant ? ", invariant" : "");
}

void time_init_cpu(struct cpu *other)
{
	struct tsc_bounds bounds = TSC_BOUNDS_NONE;
	int64_t offset;

	tsc_meeting_ask(&other->meeting, &bounds);
	offset = tsc_bounds_offset(&bounds);
	other->tsc_base = tsc_scale.base + (uint64_t)offset;
	if (offset) {
		log_warning("CPU %u's time-stamp counter is %lld ticks from CPU 0's%s", other->id, (long long)offset,
			    tsc_bounds_agree(&bounds) ? "" : ", and not steadily: time may drift");
		skewed = true;
	}
	tsc_meeting_end(&other->meeting);
}

void arch_timer_program(uint64_t deadline_ns)
{
	uint64_t now_ns;

	if (deadline_ns == UINT64_MAX) {
		lapic_timer_stop();
	} else if (lapic_timer_has_deadlines) {
		lapic_timer_at(ns_to_tsc(deadline_ns));
	} else {
		now_ns = time_now();
		lapic_timer_after(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
	}
}

void arch_timer_kick(unsigned int cpu)
{
	if (cpu == this_cpu()->id) {
		this_cpu()->timer_due = true;
		this_cpu()->work = true;
	} else {
		__atomic_store_n(&cpu_table[cpu]->timer_due, true, __ATOMIC_SEQ_CST);
		arch_cpu_kick(cpu);
	}
}
