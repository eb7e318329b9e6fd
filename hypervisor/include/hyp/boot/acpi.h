#pragma once
/* What the firmware's ACPI tables say about CPUs, interrupt controllers, timers and buses. See boot/acpi.c. */
#include <hyp/acpi_space.h>
#include <hyp/boot/boot_memory.h>
#include <hyp/boot/bytes.h>
#include <hyp/boot/text.h>
#include <hyp/types.h>

#define ACPI_CPU_MAX 512
#define ACPI_IO_APIC_MAX 32
#define ACPI_OVERRIDE_MAX 64
#define ACPI_NMI_MAX (ACPI_CPU_MAX + 16) /* one of each CPU, and some that are global */
#define ACPI_MCFG_MAX 16

struct acpi_cpu {
	uint32_t apic_id;
	uint32_t acpi_id;
	bool enabled;
	bool online_capable; /* off now, may be added later */
	bool x2apic;	     /* came from an x2APIC entry */
};

struct acpi_io_apic {
	uint8_t id;
	paddr_t start;
	uint32_t gsi_base;
};

/* How an interrupt line signals. BUS: as the bus has it (ISA: high, edge; PCI: low, level). */
enum acpi_polarity { ACPI_POLARITY_BUS = 0, ACPI_POLARITY_HIGH = 1, ACPI_POLARITY_LOW = 3 };
enum acpi_trigger { ACPI_TRIGGER_BUS = 0, ACPI_TRIGGER_EDGE = 1, ACPI_TRIGGER_LEVEL = 3 };

/* ISA interrupt `irq` is global interrupt `gsi`. */
struct acpi_override {
	uint8_t irq;
	uint32_t gsi;
	uint8_t polarity, trigger; /* enum acpi_polarity, acpi_trigger */
};

#define ACPI_NMI_ALL_CPUS UINT32_MAX

/* A line that is an NMI: a local one of a CPU (by ACPI id, or all), or a global interrupt. */
struct acpi_nmi {
	bool local;
	uint32_t acpi_id;
	uint8_t lint;
	uint32_t gsi;
	uint8_t polarity, trigger;
};

struct acpi_mcfg {
	paddr_t start; /* of bus 0, even if bus_first is another */
	uint16_t segment;
	uint8_t bus_first, bus_last;
};

/* An address of 0 means that there is no such register. */
struct acpi_register {
	uint8_t space;
	uint8_t bits;
	uint64_t address;
};

#define ACPI_FADT_TIMER_32_BIT BIT(8)
#define ACPI_FADT_RESET_SUPPORTED BIT(10)
#define ACPI_FADT_HARDWARE_REDUCED BIT(20)

struct acpi_fadt {
	uint16_t sci_irq;
	uint32_t flags;
	uint32_t smi_command; /* a port; with acpi_enable written to it the firmware hands over */
	uint8_t acpi_enable, acpi_disable;
	struct acpi_register pm_timer; /* 24 or 32 bits, by the flag */
	struct acpi_register pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	struct acpi_register reset; /* only if the flag says that it works */
	uint8_t reset_value;
	struct acpi_register sleep_control, sleep_status;
};

struct acpi_hpet {
	paddr_t start;
	uint32_t id;
	uint8_t number;
	uint16_t minimum_tick;
};

/* About 24 KiB: not for a stack. */
struct acpi_info {
	bool has_madt, has_fadt, has_hpet, has_mcfg;
	paddr_t local_apic;
	bool has_pics; /* the two 8259 are there */
	struct acpi_cpu cpu[ACPI_CPU_MAX]; /* in the firmware's order, no APIC id twice */
	struct acpi_io_apic io_apic[ACPI_IO_APIC_MAX];
	struct acpi_override override[ACPI_OVERRIDE_MAX];
	struct acpi_nmi nmi[ACPI_NMI_MAX];
	struct acpi_mcfg mcfg[ACPI_MCFG_MAX];
	unsigned int cpu_count, io_apic_count, override_count, nmi_count, mcfg_count;
	struct acpi_fadt fadt;
	struct acpi_hpet hpet;
};

/* The root pointer at `hint` (0: none), else found in the BIOS's areas. `data` is NULL if there is none. */
struct bytes acpi_find_rsdp(const struct boot_memory *memory, paddr_t hint);
/* Writes all of `out`. `rsdp` is from acpi_find_rsdp or from struct boot_info. What is broken or does not fit is left
   out, and reported; look at the has_ flags. E_NODATA: no root pointer or no root table that can be used. */
enum status acpi_parse(const struct boot_memory *memory, struct bytes rsdp, const struct boot_report *report,
		       struct acpi_info *out);
