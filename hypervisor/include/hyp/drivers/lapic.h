#pragma once
/*
 * The local APIC of each CPU, in xAPIC or x2APIC mode. Functions act on the CPU that calls them unless an
 * APIC id says otherwise; interrupts off. In x2APIC mode ids have 32 bits, else 8.
 */
#include <hyp/types.h>

struct lapic_config {
	paddr_t address;     /* of the registers in xAPIC mode, from the ACPI tables */
	bool has_x2apic;     /* CPUID 1, ecx bit 21 */
	bool want_x2apic;    /* taken also where not wanted, if the firmware already switched */
	bool has_deadline;   /* CPUID 1, ecx bit 24 */
	uint8_t spurious_vector;
	uint8_t timer_vector;
	uint8_t error_vector;
};


/* On the boot CPU, once, before anything else. E_NOMEM if the registers cannot be mapped. */
enum status lapic_setup(const struct lapic_config *config);
/* On every CPU, the boot CPU also: enables it, accepts all vectors, masks all its lines, ends what the
   firmware left. */
void lapic_init_cpu(void);
/* The CPU takes no more interrupts but INIT, NMI and SMI. */
void lapic_disable_cpu(void);

bool lapic_is_x2apic(void);
uint32_t lapic_id(void);
void lapic_eoi(void);
/* Clears and returns the errors since the last call (ESR bits). */
uint32_t lapic_errors(void);
/* What a guest may read of the base register: the registers' frame. */
bool lapic_owns_frame(mfn_t frame);

/* To one CPU. The E_TIMEDOUT of these says that an earlier one was never accepted. */
enum status lapic_send_vector(uint32_t apic_id, uint8_t vector);
enum status lapic_send_nmi(uint32_t apic_id);
/* To this CPU; also from an NMI that came in the middle of another command. */
void lapic_send_self(uint8_t vector);
enum status lapic_send_init(uint32_t apic_id);
/* Starts a CPU that waits after INIT, in real mode at `page` << 12. */
enum status lapic_send_startup(uint32_t apic_id, uint8_t page);

/* The local lines: what a device of the CPU itself raises. Line 0 or 1 becomes a non-maskable interrupt. */
void lapic_line_set_nmi(unsigned int line, bool active_low);

/* On one CPU, after lapic_init_cpu(), with the rate of the time stamp: finds the timer's rate. E_NODEV
   if the timer does not count. Needless, and OK at once, in deadline mode. */
enum status lapic_timer_calibrate(uint32_t tsc_khz);
/* On every CPU. */
void lapic_timer_init_cpu(void);
/* The timer takes deadlines of the time stamp (TSC-deadline mode), and no intervals. Fixed after lapic_setup. */
extern bool lapic_timer_has_deadlines;
/* One interrupt, at once if the deadline is past or the interval 0; replaces what was armed. An interval of more than a few
   seconds ends too early: the handler finds that out and arms again. */
void lapic_timer_at(uint64_t deadline_tsc);
void lapic_timer_after(uint64_t interval_ns);
/* No interrupt. */
void lapic_timer_stop(void);
