/*
 * Three kinds of source: a line of an IO-APIC, the MSI of a PCI function, an entry of its MSI-X table.
 *
 * S1  A guest enables and disables MSI and MSI-X by its own configuration writes; the masks are ours alone.
 * S2  An MSI that has no mask is never moved: to disable it meanwhile would make the device use its line instead.
 * S3  A table that was mapped stays mapped, and is found again by its machine address.
 */
#include "irq_source.h"
#include <hyp/domain.h>
#include <hyp/drivers/ioapic.h>
#include <hyp/lock.h>
#include <hyp/page_table.h>

/* More places than a machine has functions with a table. */
#define TABLES_MAX 1024u

static struct spinlock tables_lock = SPINLOCK_INIT;
static struct msix_table tables[TABLES_MAX]; /* tables_lock */
static unsigned int tables_count;	      /* tables_lock */

static enum status gsi_route(const struct irq_source *s, uint8_t vector, uint32_t apic_id)
{
	const struct ioapic_route route = {
		.apic_id = apic_id,
		.vector = vector,
		.level = s->level,
		.active_low = s->active_low,
	};

	return ioapic_route(s->gsi, &route);
}

enum status irq_source_program(const struct irq_source *s, uint8_t vector, uint32_t apic_id)
{
	struct msi_message message;
	enum status status;

	if (s->kind == IRQ_SOURCE_GSI)
		return gsi_route(s, vector, apic_id);
	status = msi_compose(apic_id, vector, false, &message);
	if (status)
		return status;
	return s->kind == IRQ_SOURCE_MSI ? msi_program(s->function, &s->msi, &message, 0) :
					   msix_program(&s->table, s->entry, &message);
}

static enum status message_move(const struct irq_source *s, uint8_t vector, uint32_t apic_id)
{
	struct msi_message message;
	enum status status = msi_compose(apic_id, vector, false, &message);

	if (status)
		return status;
	if (s->kind == IRQ_SOURCE_MSIX)
		return msix_program(&s->table, s->entry, &message);
	return s->msi.has_masks ? msi_move(s->function, &s->msi, &message) : E_OPNOTSUPP;
}

/* The end of a level is on its way from the local APIC while the line is in service: it names the vector, which the entry
   must still have when it arrives. */
static enum status gsi_move(const struct irq_source *s, uint8_t vector, uint32_t apic_id)
{
	return ioapic_is_in_service(s->gsi) ? E_BUSY : gsi_route(s, vector, apic_id);
}

enum status irq_source_move(const struct irq_source *s, uint8_t vector, uint32_t apic_id, bool masked)
{
	enum status status = s->kind == IRQ_SOURCE_GSI ? gsi_move(s, vector, apic_id) : message_move(s, vector, apic_id);

	if (status == OK && !masked)
		irq_source_mask(s, false);
	return status;
}

void irq_source_mask(const struct irq_source *s, bool masked)
{
	switch (s->kind) {
	case IRQ_SOURCE_GSI:
		if (masked)
			ioapic_mask(s->gsi);
		else
			ioapic_unmask(s->gsi);
		break;
	case IRQ_SOURCE_MSI:
		(void)msi_mask(s->function, &s->msi, 0, masked);
		break;
	case IRQ_SOURCE_MSIX:
		msix_mask(&s->table, s->entry, masked);
		break;
	case IRQ_SOURCE_NONE:
		break;
	}
}

static bool table_is_known(paddr_t address, uint16_t entries, struct msix_table *table) REQUIRES(tables_lock)
{
	for (unsigned int i = 0; i < tables_count; i++) {
		if (tables[i].address == address && tables[i].entries == entries) {
			*table = tables[i];
			return true;
		}
	}
	return false;
}

/* Domain 0 says where functions have their registers: what is memory, or the hypervisor's, is none of theirs. */
static bool is_of_a_device(paddr_t first, paddr_t last)
{
	for (mfn_t frame = paddr_to_mfn(first); frame.v <= paddr_to_mfn(last).v; frame.v++)
		if (!arch_iomem_may_map(domain0, frame, true))
			return false;
	return first <= last;
}

static enum status table_add(paddr_t address, uint16_t entries, struct msix_table *table) REQUIRES(tables_lock)
{
	enum status s = tables_count < TABLES_MAX ? msix_table_map(address, entries, table) : E_NOMEM;

	if (s == OK)
		tables[tables_count++] = *table;
	return s;
}

enum status irq_source_find_table(pci_sbdf_t function, paddr_t virtual_base, struct msix_table *table)
{
	struct msix_capability msix;
	paddr_t base;
	enum status s = msix_find(function, &msix);

	if (s == OK)
		s = msix_bar_address(function, &msix, virtual_base, &base);
	if (s)
		return s;
	base += msix.table_offset;
	if (!is_of_a_device(base, base + msix.entries * MSIX_ENTRY_BYTES - 1))
		return E_NXIO;
	spin_lock(&tables_lock);
	if (!table_is_known(base, msix.entries, table))
		s = table_add(base, msix.entries, table);
	spin_unlock(&tables_lock);
	return s;
}
