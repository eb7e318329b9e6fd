#pragma once
/* Message-signalled interrupts: which memory write a device makes instead of raising a line. Any CPU,
   interrupts off. */
#include <hyp/drivers/pci.h>

struct msi_message {
	uint64_t address;
	uint32_t data;
};

/* Pure. Edge, fixed delivery, one CPU. `extended_ids` as for the IO-APICs. E_RANGE if the APIC id does
   not fit, E_INVAL if the vector is below 16. */
enum status msi_compose(uint32_t apic_id, uint8_t vector, bool extended_ids, struct msi_message *message);

struct msi_capability {
	uint8_t offset;
	bool is_64_bit;
	bool has_masks;		/* one bit for each vector */
	uint8_t vectors_log2_max; /* 0 to 5 */
};

/* Decodes the MSI capability; E_NODEV if the function has none. */
enum status msi_find(pci_sbdf_t function, struct msi_capability *msi);
/* Writes the message for 2^vectors_log2 vectors, with MSI disabled meanwhile and vectors masked where
   they can be; leaves MSI disabled. With several vectors, the message's vector is a multiple of their
   number. E_INVAL if there are more than the function has, or the vector is not such a multiple; E_RANGE
   if the address needs 64 bits and the function has 32. */
enum status msi_program(pci_sbdf_t function, const struct msi_capability *msi, const struct msi_message *message,
			unsigned int vectors_log2);
/* Changes where an enabled MSI goes, masked meanwhile where that is possible. */
enum status msi_move(pci_sbdf_t function, const struct msi_capability *msi, const struct msi_message *message);
void msi_enable(pci_sbdf_t function, const struct msi_capability *msi, bool on);
/* False if the vector cannot be masked at the device. */
bool msi_mask(pci_sbdf_t function, const struct msi_capability *msi, unsigned int vector_index, bool masked);

#define MSIX_ENTRY_BYTES UINT64_C(16)

struct msix_capability {
	uint8_t offset;
	uint8_t bar;	       /* of the table */
	uint16_t entries;      /* 1 to 2048 */
	uint32_t table_offset; /* in the BAR */
};

struct msix_table {
	volatile uint8_t *registers; /* mapped for good */
	paddr_t address;
	uint16_t entries;
};

/* Decodes the MSI-X capability; E_NODEV if the function has none. */
enum status msix_find(pci_sbdf_t function, struct msix_capability *msix);
/* Machine address of the BAR that the table is in; a virtual function's is `virtual_base`, 0 if that is not known. E_NXIO if
   the BAR is not assigned or memory is not decoded. */
enum status msix_bar_address(pci_sbdf_t function, const struct msix_capability *msix, paddr_t virtual_base, paddr_t *base);
/* Maps a table, once for each place. E_NOMEM if it cannot be mapped. */
enum status msix_table_map(paddr_t address, uint16_t entries, struct msix_table *table);
/* Masks the entry and writes its message. E_INVAL if there is no such entry. */
enum status msix_program(const struct msix_table *table, unsigned int entry, const struct msi_message *message);
/* The entry exists. */
void msix_mask(const struct msix_table *table, unsigned int entry, bool masked);
bool msix_is_masked(const struct msix_table *table, unsigned int entry);
/* All of the function's MSI-X, and the mask over all its entries. */
void msix_enable(pci_sbdf_t function, const struct msix_capability *msix, bool on, bool all_masked);
