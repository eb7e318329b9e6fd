#pragma once
/* The hypervisor's command line: Xen's words. See boot/cmdline.c. */
#include <hyp/boot/text.h>
#include <hyp/types.h>

enum boot_console { BOOT_CONSOLE_COM1, BOOT_CONSOLE_COM2, BOOT_CONSOLE_VGA, BOOT_CONSOLE_E9 };
#define BOOT_CONSOLE_MAX 4

/* Fields that were not given are 0: the driver's defaults. */
struct boot_serial {
	bool given;
	bool baud_auto; /* keep the speed that the firmware set */
	uint32_t baud, base_baud;
	uint8_t data_bits, stop_bits;
	char parity; /* 'n' 'o' 'e' 'm' 's' */
	uint64_t io_base;
	bool has_irq;
	uint32_t irq;
};

struct boot_size {
	bool given;
	bool negative; /* all memory but so much */
	uint64_t bytes;
};

struct boot_dom0_memory {
	struct boot_size size, min, max;
};

struct boot_vcpu_range {
	bool given;
	uint32_t min, max;
};

/* What the console lets through: lines up to `always`, and up to `limited` at a limited rate. */
enum boot_log { BOOT_LOG_NONE, BOOT_LOG_ERROR, BOOT_LOG_WARNING, BOOT_LOG_INFO, BOOT_LOG_DEBUG };
struct boot_log_levels {
	bool given;
	uint8_t always, limited; /* enum boot_log */
};

/* Whose page-table entries are kept from naming memory while they are not present. */
struct boot_l1tf {
	bool dom0, domu;
};

/* A switch whose default is not ours to choose. */
enum boot_switch { BOOT_SWITCH_UNSET = -1, BOOT_SWITCH_OFF = 0, BOOT_SWITCH_ON = 1 };

/* 0 is "not given" in each of these. */
enum boot_tsc { BOOT_TSC_DEFAULT, BOOT_TSC_UNSTABLE, BOOT_TSC_SKEWED, BOOT_TSC_STABLE_SOCKET };
enum boot_timestamps { BOOT_TIMESTAMPS_DEFAULT, BOOT_TIMESTAMPS_NONE, BOOT_TIMESTAMPS_DATE, BOOT_TIMESTAMPS_DATEMS,
		       BOOT_TIMESTAMPS_BOOT, BOOT_TIMESTAMPS_RAW };
enum boot_clock { BOOT_CLOCK_DEFAULT, BOOT_CLOCK_PIT, BOOT_CLOCK_HPET, BOOT_CLOCK_ACPI, BOOT_CLOCK_TSC };
enum boot_edd { BOOT_EDD_DEFAULT, BOOT_EDD_ON, BOOT_EDD_OFF, BOOT_EDD_SKIP_MBR };
enum boot_watchdog { BOOT_WATCHDOG_OFF, BOOT_WATCHDOG_ON, BOOT_WATCHDOG_FORCE };

/* CPUID registers that `cpuid_mask_*` words mask; a bit that is 0 hides a feature. All ones if not given. */
struct boot_cpuid_masks {
	uint32_t ecx, edx, ext_ecx, ext_edx, thermal_ecx, l7s0_eax, l7s0_ebx, xsave_eax;
};

struct boot_options {
	enum boot_console console[BOOT_CONSOLE_MAX];
	unsigned int console_count; /* given and 0: no console */
	bool console_given;
	struct boot_serial com1, com2;
	struct boot_dom0_memory dom0_mem;
	struct boot_vcpu_range dom0_max_vcpus;
	bool dom0_vcpus_pin;
	uint32_t maxcpus; /* 0: no limit */
	bool nosmp, noreboot, noapic, no_real_mode;
	struct boot_log_levels loglvl, guest_loglvl;
	char sched[16];
	uint8_t tsc;		     /* enum boot_tsc */
	uint8_t console_timestamps;  /* enum boot_timestamps */
	uint8_t clocksource;	     /* enum boot_clock */
	uint8_t edd;		     /* enum boot_edd */
	uint8_t watchdog;	     /* enum boot_watchdog */
	int8_t x2apic, smep, smap, pcid, xsave; /* enum boot_switch */
	char cpuid[256];	     /* a list for boot_list_next */
	char cpuid_mask_cpu[16];
	struct boot_cpuid_masks cpuid_mask;
	uint64_t conring_size; /* bytes; 0: the default */
	uint64_t mem;	       /* RAM above this address is left alone; 0: no limit */
	struct boot_l1tf pv_l1tf;
};

/* Writes all of `out`: defaults, then the words, of which the last of a name wins. Words that are unknown or have a
   value that makes no sense are reported, change nothing, and stop nothing. `dom0_line` is what follows " -- ". */
void cmdline_parse(struct text line, const struct boot_report *report, struct boot_options *out,
		   struct text *dom0_line);
/* Takes the next name out of a list "a,no-b,c": what it is and whether it is switched on. False at the end. */
bool boot_list_next(struct text *rest, struct text *name, bool *on);
/* The i-th known word and its explanation, for documents; false behind the last. */
bool cmdline_describe(unsigned int i, const char **name, const char **help);
