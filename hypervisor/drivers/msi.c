/*
 * Message-signalled interrupts (PCI Local Bus Specification 3.0, section 6.8; Intel SDM vol. 3, section
 * 11.11 for the message).
 *
 * MSI keeps its message in configuration space: one address, and data whose low bits the device fills in
 * for its several vectors. MSI-X keeps a table of messages in a memory BAR, sixteen bytes an entry, each
 * with a mask bit.
 *
 * I1  A message is changed only while it cannot be sent: the entry masked, or, where there is no mask, MSI
 *     disabled. A device thus never uses the address of one message with the data of another.
 */
#include <hyp/drivers/msi.h>
#include <hyp/io.h>

#define MESSAGE_ADDRESS 0xfee00000u
#define MESSAGE_DESTINATION_SHIFT 12
#define MESSAGE_EXTENDED_SHIFT 5 /* bits 8 to 14 of an extended destination */
#define DESTINATION_MAX 0xff
#define DESTINATION_EXTENDED_MAX 0x7fff
#define VECTOR_MIN 16

/* MSI, from the capability's offset. */
#define MSI_CONTROL 2
#define MSI_CONTROL_ENABLE 0x0001u
#define MSI_CONTROL_CAPABLE_LOG2(c) ((c) >> 1 & 7)
#define MSI_CONTROL_ENABLED_LOG2_MASK 0x0070u
#define MSI_CONTROL_ENABLED_LOG2_SHIFT 4
#define MSI_CONTROL_64_BIT 0x0080u
#define MSI_CONTROL_MASKS 0x0100u
#define MSI_VECTORS_LOG2_MAX 5
#define MSI_ADDRESS 4
#define MSI_ADDRESS_HIGH 8
#define MSI_DATA_32 8
#define MSI_DATA_64 12
#define MSI_MASKS_32 12
#define MSI_MASKS_64 16

/* MSI-X, from the capability's offset. */
#define MSIX_CONTROL 2
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_CONTROL_MASK_ALL 0x4000u
#define MSIX_CONTROL_LAST(c) ((c) & 0x7ff)
#define MSIX_TABLE 4
#define MSIX_TABLE_BAR 0x7u
#define MSIX_ENTRY_ADDRESS 0
#define MSIX_ENTRY_ADDRESS_HIGH 4
#define MSIX_ENTRY_DATA 8
#define MSIX_ENTRY_CONTROL 12
#define MSIX_ENTRY_MASKED 0x1u

enum status msi_compose(uint32_t apic_id, uint8_t vector, bool extended_ids, struct msi_message *message)
{
	if (apic_id > (extended_ids ? DESTINATION_EXTENDED_MAX : DESTINATION_MAX))
		return E_RANGE;
	if (vector < VECTOR_MIN)
		return E_INVAL;
	message->address = MESSAGE_ADDRESS | (apic_id & 0xff) << MESSAGE_DESTINATION_SHIFT |
			   (apic_id >> 8) << MESSAGE_EXTENDED_SHIFT;
	message->data = vector;
	return OK;
}

static uint16_t at(uint8_t capability, unsigned int offset)
{
	return (uint16_t)(capability + offset);
}

static uint32_t control_read(pci_sbdf_t function, const struct msi_capability *msi)
{
	return pci_config_read(function, at(msi->offset, MSI_CONTROL), 2);
}

static void control_write(pci_sbdf_t function, const struct msi_capability *msi, uint32_t control)
{
	pci_config_write(function, at(msi->offset, MSI_CONTROL), 2, control);
}

enum status msi_find(pci_sbdf_t function, struct msi_capability *msi)
{
	uint32_t control;

	*msi = (struct msi_capability){.offset = pci_capability_find(function, PCI_CAPABILITY_MSI)};
	if (!msi->offset)
		return E_NODEV;
	control = control_read(function, msi);
	msi->is_64_bit = control & MSI_CONTROL_64_BIT;
	msi->has_masks = control & MSI_CONTROL_MASKS;
	msi->vectors_log2_max = (uint8_t)MIN(MSI_CONTROL_CAPABLE_LOG2(control), MSI_VECTORS_LOG2_MAX);
	return OK;
}

static enum status message_check(const struct msi_capability *msi, const struct msi_message *message,
				 unsigned int vectors_log2)
{
	/* Can the function send that many? */
	if (vectors_log2 > msi->vectors_log2_max)
		return E_INVAL;
	/* The device sets the low bits of the data: are they free? */
	if (message->data & (BIT(vectors_log2) - 1))
		return E_INVAL;
	/* Does the address fit? */
	if (message->address > UINT32_MAX && !msi->is_64_bit)
		return E_RANGE;
	return OK;
}

static void message_write(pci_sbdf_t function, const struct msi_capability *msi, const struct msi_message *message)
{
	pci_config_write(function, at(msi->offset, MSI_ADDRESS), 4, (uint32_t)message->address);
	if (msi->is_64_bit)
		pci_config_write(function, at(msi->offset, MSI_ADDRESS_HIGH), 4, (uint32_t)(message->address >> 32));
	pci_config_write(function, at(msi->offset, msi->is_64_bit ? MSI_DATA_64 : MSI_DATA_32), 2, message->data);
}

static uint16_t masks_offset(const struct msi_capability *msi)
{
	return at(msi->offset, msi->is_64_bit ? MSI_MASKS_64 : MSI_MASKS_32);
}

enum status msi_program(pci_sbdf_t function, const struct msi_capability *msi, const struct msi_message *message,
			unsigned int vectors_log2)
{
	enum status status = message_check(msi, message, vectors_log2);
	uint32_t control;

	if (status)
		return status;
	control = control_read(function, msi) & ~(MSI_CONTROL_ENABLE | MSI_CONTROL_ENABLED_LOG2_MASK);
	control_write(function, msi, control | vectors_log2 << MSI_CONTROL_ENABLED_LOG2_SHIFT);
	if (msi->has_masks)
		pci_config_write(function, masks_offset(msi), 4, UINT32_MAX);
	message_write(function, msi, message);
	return OK;
}

enum status msi_move(pci_sbdf_t function, const struct msi_capability *msi, const struct msi_message *message)
{
	uint32_t control = control_read(function, msi), masks = 0;
	unsigned int vectors_log2 = (control & MSI_CONTROL_ENABLED_LOG2_MASK) >> MSI_CONTROL_ENABLED_LOG2_SHIFT;
	enum status status = message_check(msi, message, vectors_log2);

	if (status)
		return status;
	if (msi->has_masks) {
		masks = pci_config_read(function, masks_offset(msi), 4);
		pci_config_write(function, masks_offset(msi), 4, UINT32_MAX);
	} else {
		control_write(function, msi, control & ~MSI_CONTROL_ENABLE);
	}
	message_write(function, msi, message);
	if (msi->has_masks)
		pci_config_write(function, masks_offset(msi), 4, masks);
	else
		control_write(function, msi, control);
	return OK;
}

void msi_enable(pci_sbdf_t function, const struct msi_capability *msi, bool on)
{
	uint32_t control = control_read(function, msi) & ~MSI_CONTROL_ENABLE;

	control_write(function, msi, control | (on ? MSI_CONTROL_ENABLE : 0));
}

bool msi_mask(pci_sbdf_t function, const struct msi_capability *msi, unsigned int vector_index, bool masked)
{
	uint32_t masks;

	if (!msi->has_masks || vector_index >= 32)
		return false;
	masks = pci_config_read(function, masks_offset(msi), 4) & ~(uint32_t)BIT(vector_index);
	pci_config_write(function, masks_offset(msi), 4, masks | (uint32_t)masked << vector_index);
	return true;
}

enum status msix_find(pci_sbdf_t function, struct msix_capability *msix)
{
	uint8_t offset = pci_capability_find(function, PCI_CAPABILITY_MSIX);
	uint32_t table;

	if (!offset)
		return E_NODEV;
	table = pci_config_read(function, at(offset, MSIX_TABLE), 4);
	*msix = (struct msix_capability){
		.offset = offset,
		.bar = table & MSIX_TABLE_BAR,
		.entries = (uint16_t)(MSIX_CONTROL_LAST(pci_config_read(function, at(offset, MSIX_CONTROL), 2)) + 1),
		.table_offset = table & ~MSIX_TABLE_BAR,
	};
	return OK;
}

enum status msix_bar_address(pci_sbdf_t function, const struct msix_capability *msix, paddr_t virtual_base, paddr_t *base)
{
	if (pci_function_is_virtual(function)) {
		*base = virtual_base;
		return virtual_base ? OK : E_NXIO;
	}
	if (!(pci_config_read(function, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
		return E_NXIO;
	return pci_bar_address(function, msix->bar, base) == OK ? OK : E_NXIO;
}

enum status msix_table_map(paddr_t address, uint16_t entries, struct msix_table *table)
{
	table->address = address;
	table->entries = entries;
	table->registers = mmio_map(address, entries * MSIX_ENTRY_BYTES);
	return table->registers ? OK : E_NOMEM;
}

static volatile uint8_t *entry_at(const struct msix_table *table, unsigned int entry)
{
	return table->registers + entry * MSIX_ENTRY_BYTES;
}

enum status msix_program(const struct msix_table *table, unsigned int entry, const struct msi_message *message)
{
	volatile uint8_t *registers = entry_at(table, entry);

	if (entry >= table->entries)
		return E_INVAL;
	msix_mask(table, entry, true);
	mmio_write32(registers + MSIX_ENTRY_ADDRESS, (uint32_t)message->address);
	mmio_write32(registers + MSIX_ENTRY_ADDRESS_HIGH, (uint32_t)(message->address >> 32));
	mmio_write32(registers + MSIX_ENTRY_DATA, message->data);
	return OK;
}

void msix_mask(const struct msix_table *table, unsigned int entry, bool masked)
{
	volatile uint8_t *registers = entry_at(table, entry);
	uint32_t control = mmio_read32(registers + MSIX_ENTRY_CONTROL) & ~MSIX_ENTRY_MASKED;

	mmio_write32(registers + MSIX_ENTRY_CONTROL, control | (masked ? MSIX_ENTRY_MASKED : 0));
	/* Reading back waits until the write has reached the device. */
	(void)mmio_read32(registers + MSIX_ENTRY_CONTROL);
}

bool msix_is_masked(const struct msix_table *table, unsigned int entry)
{
	return mmio_read32(entry_at(table, entry) + MSIX_ENTRY_CONTROL) & MSIX_ENTRY_MASKED;
}

void msix_enable(pci_sbdf_t function, const struct msix_capability *msix, bool on, bool all_masked)
{
	uint32_t control = pci_config_read(function, at(msix->offset, MSIX_CONTROL), 2);

	control &= ~(MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
	control |= (on ? MSIX_CONTROL_ENABLE : 0) | (all_masked ? MSIX_CONTROL_MASK_ALL : 0);
	pci_config_write(function, at(msix->offset, MSIX_CONTROL), 2, control);
}
