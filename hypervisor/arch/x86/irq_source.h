#pragma once
/* Where an interrupt comes from, and how that is masked and routed; see irq_source.c. The caller has the interrupt's lock. */
#include <hyp/drivers/msi.h>
#include <hyp/types.h>

enum irq_source_kind { IRQ_SOURCE_NONE, IRQ_SOURCE_GSI, IRQ_SOURCE_MSI, IRQ_SOURCE_MSIX };

struct irq_source {
	enum irq_source_kind kind;
	bool is_gone; /* the function is not there any more */
	bool level;
	bool active_low;
	uint32_t gsi;
	pci_sbdf_t function;
	struct msi_capability msi;
	struct msix_table table;
	unsigned int entry; /* of the table */
};

static inline bool irq_source_is_message(const struct irq_source *s)
{
	return s->kind == IRQ_SOURCE_MSI || s->kind == IRQ_SOURCE_MSIX;
}

/* Writes vector and destination anew; leaves the source masked, and MSI disabled. E_RANGE: the APIC id does not fit. */
enum status irq_source_program(const struct irq_source *s, uint8_t vector, uint32_t apic_id);
/* Changes the destination of a programmed source; it is masked then or not as it was: `masked`. E_RANGE, and E_OPNOTSUPP for
   what cannot be masked meanwhile; E_BUSY: a level whose last interrupt has not ended at the IO-APIC yet, later. */
enum status irq_source_move(const struct irq_source *s, uint8_t vector, uint32_t apic_id, bool masked);
/* An MSI without a mask goes on sending. */
void irq_source_mask(const struct irq_source *s, bool masked);

/* The MSI-X table of a function, mapped once for each place; `virtual_base` as for msix_bar_address. Any CPU, no lock held.
   E_NODEV: it has none; E_NXIO: it is not decoded; E_NOMEM. */
enum status irq_source_find_table(pci_sbdf_t function, paddr_t virtual_base, struct msix_table *table);
