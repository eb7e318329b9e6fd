#pragma once
/*
 * Interrupts of devices: who gets them, and how the hardware is told.
 *
 * An open interrupt (struct irq) is a line of an IO-APIC or a message of a PCI function, with a vector. It belongs to
 * the hypervisor itself (a handler), or to a domain, which it reaches as an event while it is connected to a port.
 * Any CPU, interrupts off. Locks: the set of open interrupts, below it one for each interrupt; both below a domain's
 * event-channel lock and the lock of its PIRQ table, above the run-queue locks.
 */
#include "pirq.h"
#include <hyp/drivers/pci.h>
#include <hyp/types.h>

struct acpi_info;
struct cpu;
struct domain;
struct irq;

/* On the boot CPU, with heap and local APIC in place: finds the IO-APICs, silences the 8259s, adds the configuration
   space of the ACPI tables, opens the machine's NMI here, and gives the serial console its interrupt. */
void irq_init(const struct acpi_info *acpi);

/* A vector between 32 and 255 came in. From a guest or from idle: no lock is held. Ends it at the local APIC. */
void irq_handle(struct cpu *c, unsigned int vector);

/* One more than the highest global system interrupt. */
uint32_t irq_gsi_end(void);
/* The global system interrupt of ISA interrupt `isa`. */
uint32_t irq_isa_to_gsi(uint8_t isa);
/* Takes a line for the hypervisor, for good. The handler runs with no lock held.
   E_NOENT: no such line; E_BUSY: in use; E_NOSPC: no vector. */
enum status irq_claim_gsi(uint32_t gsi, bool level, bool active_low, void (*handler)(void), const char *name);
/* The same for an ISA interrupt, which signals as the ACPI tables say. */
enum status irq_claim_isa(uint8_t isa, void (*handler)(void), const char *name);

/* How a line signals, from now on. E_NOENT: no such line; E_EXIST: it is in use. */
enum status irq_gsi_setup(uint32_t gsi, bool level, bool active_low);

/* All of these leave the source masked, with its route to CPU 0. */
/* E_NOENT: no such line; E_BUSY: in use; E_NOSPC: no vector. */
enum status irq_open_gsi(uint32_t gsi, struct irq **out);
/* E_NODEV: the function has no MSI; E_EXIST: its messages are in use; E_NOSPC. */
enum status irq_open_msi(pci_sbdf_t function, struct irq **out);
/* `virtual_base` as for msix_bar_address.
   E_NODEV: the function has no MSI-X; E_NOENT: it has no such entry; E_NXIO, E_NOMEM: its table cannot be reached;
   E_EXIST: the entry, or MSI, is in use; E_NOSPC. */
enum status irq_open_msix(pci_sbdf_t function, unsigned int entry, paddr_t virtual_base, struct irq **out);
/* It is not connected. */
void irq_close(struct irq *irq);

/* From now on an interrupt makes the port pending, and goes to `cpu` if it can. */
void irq_connect(struct irq *irq, struct domain *d, uint32_t port, unsigned int cpu);
/* When this returns no interrupt of it makes the port pending any more. */
void irq_disconnect(struct irq *irq);
/* A level: it stays masked from when it comes until irq_end. It is open. */
bool irq_needs_end(const struct irq *irq);
void irq_end(struct irq *irq);
/* It goes to another CPU, at the latest after one more interrupt. */
void irq_move(struct irq *irq, unsigned int cpu);

/* The function lost what was written to it (a reset): its open messages are written again; MSI stays disabled. */
void irq_function_restore(pci_sbdf_t function);
/* The function is gone from the bus: nothing is written to it any more. */
void irq_function_gone(pci_sbdf_t function);
