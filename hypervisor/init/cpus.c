/*
 * The boot CPU's own tables, the machine's timers, and the other CPUs.
 */
#include "init.h"
#include "../arch/x86/cpu.h"
#include "../arch/x86/irq.h"
#include "../arch/x86/ops.h"
#include "../arch/x86/paging.h"
#include "../arch/x86/time.h"
#include "../arch/x86/panic.h"
#include "../arch/x86/tlb.h"
#include <hyp/console.h>
#include <hyp/drivers/acpi_power.h>
#include <hyp/drivers/hpet.h>
#include <hyp/drivers/lapic.h>
#include <hyp/drivers/pmtimer.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/pool.h>
#include <hyp/timer.h>

/* 0 where the tables do not have the CPU. */
static uint32_t acpi_id_of(uint32_t apic_id)
{
	for (unsigned int i = 0; i < startup.acpi.cpu_count; i++)
		if (startup.acpi.cpu[i].apic_id == apic_id)
			return startup.acpi.cpu[i].acpi_id;
	return 0;
}

void startup_boot_cpu(void)
{
	struct cpu *c = this_cpu();
	const struct lapic_config config = {
		.address = startup.acpi.has_madt ? startup.acpi.local_apic : 0xfee00000,
		.has_x2apic = cpu_features.x2apic,
		.want_x2apic = startup.options.x2apic == BOOT_SWITCH_ON,
		.has_deadline = cpu_features.tsc_deadline,
		.spurious_vector = VECTOR_SPURIOUS,
		.timer_vector = VECTOR_TIMER,
		.error_vector = VECTOR_ERROR,
	};

	descriptors_init_idt();
	descriptors_load(c);
	cpu_setup_registers();
	c->xcr0 = cpu_features.xsave ? cpu_features.xcr0 : 0;
	if (lapic_setup(&config) != OK)
		panic("the local APIC cannot be mapped");
	lapic_init_cpu();
	c->apic_id = lapic_id();
	c->acpi_id = acpi_id_of(c->apic_id);
	c->started = true;
	cpuset_add_atomic(&cpus_online, c->id);
	tlb_flush_local();
}

static void power_setup(void)
{
	const struct acpi_fadt *f = &startup.acpi.fadt;
	const struct acpi_power_config config = {
		.pm1a_control = f->pm1a_control.space == ACPI_SPACE_PORTS ? (uint16_t)f->pm1a_control.address : 0,
		.pm1b_control = f->pm1b_control.space == ACPI_SPACE_PORTS ? (uint16_t)f->pm1b_control.address : 0,
		.reset_space = f->reset.space,
		.reset_address = f->reset.address,
		.reset_value = f->reset_value,
	};

	if (startup.acpi.has_fadt)
		acpi_power_setup(&config);
}

void startup_timers(void)
{
	static const enum tsc_trust trust[] = {
		[BOOT_TSC_DEFAULT] = TSC_TRUST_CPUID,
		[BOOT_TSC_UNSTABLE] = TSC_TRUST_NOT,
		[BOOT_TSC_SKEWED] = TSC_TRUST_NOT_EQUAL,
		[BOOT_TSC_STABLE_SOCKET] = TSC_TRUST,
	};
	const struct acpi_fadt *f = &startup.acpi.fadt;

	power_setup();
	if (startup.acpi.has_hpet && hpet_init(startup.acpi.hpet.start) != OK)
		log_warning("the HPET at %#llx does not answer", (unsigned long long)startup.acpi.hpet.start);
	if (startup.acpi.has_fadt && f->pm_timer.address && f->pm_timer.space == ACPI_SPACE_PORTS &&
	    pmtimer_init((uint16_t)f->pm_timer.address, f->flags & ACPI_FADT_TIMER_32_BIT) != OK)
		log_warning("the ACPI PM timer does not count");
	time_init(0, trust[startup.options.tsc]);
	if (lapic_timer_calibrate(tsc_khz) != OK)
		refuse_to_start("no usable timer: the local APIC's does not count");
	lapic_timer_init_cpu();
	log_set_clock(time_now);
}

static bool is_wanted(const struct acpi_cpu *a)
{
	unsigned int limit = startup.options.nosmp ? 1 : startup.options.maxcpus ? startup.options.maxcpus : CPUS_MAX;

	return a->enabled && a->apic_id != this_cpu()->apic_id && cpu_count < MIN(limit, CPUS_MAX) &&
	       (lapic_is_x2apic() || a->apic_id < 0xff);
}

void startup_other_cpus(void)
{
	for (unsigned int i = 0; i < startup.acpi.cpu_count; i++) {
		const struct acpi_cpu *a = &startup.acpi.cpu[i];

		if (is_wanted(a))
			(void)cpu_create(cpu_count, a->apic_id, a->acpi_id);
	}
	if (cpu_count > 1 && !startup.trampoline)
		refuse_to_start("no page below 1 MiB to start the other CPUs from; nosmp goes on with one");
	smp_start_others(startup.trampoline);
	pools_init();
}
