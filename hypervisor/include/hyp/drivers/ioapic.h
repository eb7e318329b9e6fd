#pragma once
/* The IO-APICs: which processor and vector a global system interrupt (GSI) goes to. Any CPU, interrupts
   off. */
#include <hyp/types.h>

#define IOAPICS_MAX 32

struct ioapic_route {
	uint32_t apic_id; /* of the CPU, physical */
	uint8_t vector;
	bool level;	 /* else edge */
	bool active_low; /* else active high */
};

/* While the machine starts, once for each IO-APIC of the ACPI tables; all its lines are masked. E_NODEV
   if nothing answers, E_NOMEM if it cannot be mapped or there are too many, E_EXIST if its interrupts
   overlap another's. */
enum status ioapic_add(paddr_t address, uint32_t gsi_base);
/* `extended_ids`: the platform takes 15-bit destinations (a CPUID bit of some hypervisors), else 8-bit.
   `directed_eoi`: CPUs suppress the broadcast of EOI, so ioapic_eoi() is needed for level interrupts. */
void ioapic_configure(bool extended_ids, bool directed_eoi);
unsigned int ioapic_count(void);
/* One more than the highest GSI that any IO-APIC has. */
uint32_t ioapic_gsi_end(void);
bool ioapic_has_gsi(uint32_t gsi);

/* Sets the route and leaves the line masked. E_NOENT if there is no such GSI, E_RANGE if the APIC id
   does not fit, E_INVAL if the vector is below 16. */
enum status ioapic_route(uint32_t gsi, const struct ioapic_route *route);
/* Nothing happens for a GSI that does not exist. */
void ioapic_mask(uint32_t gsi);
void ioapic_unmask(uint32_t gsi);
bool ioapic_is_masked(uint32_t gsi);
/* Ends a level interrupt at the IO-APIC; needed only where CPUs do not broadcast their EOI. */
void ioapic_eoi(uint32_t gsi);
/* The CPU has not ended the line's level interrupt yet. */
bool ioapic_is_in_service(uint32_t gsi);
/* The raw redirection entry; E_NOENT if there is no such GSI. */
enum status ioapic_entry_read(uint32_t gsi, uint64_t *entry);

/* physdev_op apic_read: register `index` of the IO-APIC at `address`. E_INVAL if there is none such. */
enum status ioapic_register_read(paddr_t address, uint32_t index, uint32_t *value);
/* True if the frame holds registers of an IO-APIC: no guest may map it. */
bool ioapic_owns_frame(mfn_t frame);
