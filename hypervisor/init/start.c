/*
 * The machine starts: every step, in order. Each may rely on those before it.
 *
 * The first steps run on the loader's page tables and a small stack of the image; from the memory step on there are
 * tables and allocators, and the rest runs on the boot CPU's own stack, where this_cpu() works.
 */
#include "init.h"
#include "../arch/x86/cpu.h"
#include "../arch/x86/efi_info.h"
#include "../arch/x86/irq.h"
#include "../arch/x86/ops.h"
#include "../arch/x86/paging.h"
#include "../arch/x86/pv/pv.h"
#include "../arch/x86/traps.h"
#include "../arch/x86/panic.h"
#include "../arch/x86/tlb.h"
#include <hyp/log.h>
#include <hyp/mm.h>

static void say(void *ctx, const char *line)
{
	(void)ctx;
	log_warning("%s", line);
}

static void read_firmware(void)
{
	const struct boot_report report = {.say = say};
	struct bytes rsdp = {startup.info.rsdp, startup.info.rsdp_bytes};

	if (!rsdp.count)
		rsdp = acpi_find_rsdp(&loader_memory, 0);
	if (acpi_parse(&loader_memory, rsdp, &report, &startup.acpi) != OK)
		log_warning("no ACPI tables: one CPU, and no interrupt controllers but the local APIC");
}

static void features_apply_options(void)
{
	const struct boot_options *o = &startup.options;

	cpu_features.smep &= o->smep != BOOT_SWITCH_OFF;
	cpu_features.smap &= o->smap != BOOT_SWITCH_OFF;
	cpu_features.pcid &= o->pcid != BOOT_SWITCH_OFF;
	cpu_features.xsave &= o->xsave != BOOT_SWITCH_OFF;
	cpu_features.fpu.has_header = cpu_features.xsave;
}

/* On the boot CPU's own stack. */
static void start_services(void)
{
	startup_boot_cpu();
	startup_timers();
	irq_init(&startup.acpi);
	startup_console_ring();
	pv_cpuid_read(startup.options.cpuid);
	startup_other_cpus();
	pv_cpuid_init(startup.options.cpuid);
	startup_debug_keys();
	startup_domain0();
	enter_guest_loop(&cpu_info_of(0)->guest_regs);
}

static void stack_switch_to(struct cpu_info *top, void (*function)(void))
{
	__asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1"
			 :
			 : "r"((uint64_t)&top->guest_regs & ~UINT64_C(15)), "r"(function)
			 : "memory");
	__builtin_unreachable();
}

void hypervisor_start(uint32_t magic, uint32_t info);
void hypervisor_start(uint32_t magic, uint32_t info)
{
	uint32_t one[4];

	startup.magic = magic;
	startup.info_at = info;
	cpu_features_read();
	pt_entry_init();
	startup_read_loader();
	startup_consoles();
	features_apply_options();
	cpu_smap_settle();
	tlb_init();
	panic_reboots = !startup.options.noreboot;
	startup_memory_plan();
	read_firmware();
	efi_info_keep(&startup.info.efi);
	startup_memory();
	cpuid(1, 0, one);
	stack_switch_to(cpu_info_of(cpu_create(0, one[1] >> 24, 0)->id), start_services);
}
