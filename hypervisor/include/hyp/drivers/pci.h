#pragma once
/* PCI configuration space. Any CPU, interrupts off. */
#include <hyp/types.h>

/* Which function: a number of its own kind. Segment in bits 31:16, bus 15:8, device 7:3, function 2:0. */
typedef struct { uint32_t v; } pci_sbdf_t;

static inline pci_sbdf_t pci_sbdf(uint16_t segment, uint8_t bus, uint8_t devfn)
{
	return (pci_sbdf_t){(uint32_t)segment << 16 | (uint32_t)bus << 8 | devfn};
}

#define PCI_VENDOR_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x0010u
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR(n) (0x10 + 4 * (n))
#define PCI_CAPABILITY_POINTER 0x34
#define PCI_CAPABILITY_MSI 0x05
#define PCI_CAPABILITY_MSIX 0x11

/* While the machine starts: a range of buses whose configuration space is memory (ACPI table MCFG); bus
   0 of the segment would be at `address`. E_NOMEM if there are too many. */
enum status pci_mmcfg_add(paddr_t address, uint16_t segment, uint8_t bus_first, uint8_t bus_last);
/* True if the frame is configuration space of memory. */
bool pci_mmcfg_owns_frame(mfn_t frame);

/* `bytes` is 1, 2 or 4 and `offset` a multiple of it. As on the bus, what does not exist reads all-ones
   and drops writes. */
uint32_t pci_config_read(pci_sbdf_t function, uint16_t offset, unsigned int bytes);
void pci_config_write(pci_sbdf_t function, uint16_t offset, unsigned int bytes, uint32_t value);
bool pci_function_exists(pci_sbdf_t function);
/* A virtual function of SR-IOV: its vendor reads all-ones, its BARs and its command's memory bit zero; the physical function has
   them (Single Root I/O Virtualization 1.1, sections 3.4.1 and 3.3.14). */
bool pci_function_is_virtual(pci_sbdf_t function);

/* Offset of the first capability of this kind, or 0. Ends also on a list that loops. */
uint8_t pci_capability_find(pci_sbdf_t function, uint8_t id);

/* Machine address of memory BAR `index`. E_INVAL if there is no such BAR, E_NXIO if it is of ports or
   not assigned. */
enum status pci_bar_address(pci_sbdf_t function, unsigned int index, paddr_t *address);

/*
 * Ports 0xcf8 and 0xcfc to 0xcff as a guest sees them: a latch of its own, so that its pairs of accesses
 * are not torn by ours or another's. Pure.
 */
struct pci_latch {
	uint32_t address;
};
struct pci_target {
	pci_sbdf_t function;
	uint16_t offset;
};
/* An access to the latch itself: four bytes at 0xcf8. Anything narrower goes to the port as it is. */
bool pci_latch_is_address(uint16_t port, unsigned int bytes);
/* An access to 0xcfc to 0xcff that the latch turns into one of configuration space: what is meant. False
   if the latch is not enabled, or the access is not within the four ports or not aligned: it then reads
   all-ones. */
bool pci_latch_target(const struct pci_latch *latch, uint16_t port, unsigned int bytes,
		      struct pci_target *target);
