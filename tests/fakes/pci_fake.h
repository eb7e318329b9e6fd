#pragma once
/* One PCI function, 00:03.0, behind the ports 0xcf8 and 0xcfc of io_fake. Header-only: the state is the test's. */
#include <string.h>

#include <fakes/io_fake.h>
#include <hyp/drivers/pci.h>

#define PCI_FAKE_FUNCTION pci_sbdf(0, 0, 3 << 3)

static uint8_t pci_fake_space[256];
static uint32_t pci_fake_address;
static unsigned int pci_fake_accesses;
/* Called after each write to the function; may be NULL. */
static void (*pci_fake_written)(unsigned int offset, unsigned int bytes, uint32_t value);

static bool pci_fake_is_selected(uint16_t port)
{
	return port >= 0xcfc && port <= 0xcff && (pci_fake_address & 0xffffff00u) == 0x80001800u;
}

static uint32_t pci_fake_in(uint16_t port, unsigned int bytes)
{
	uint32_t value = 0;

	if (port == 0xcf8 && bytes == 4)
		return pci_fake_address;
	if (!pci_fake_is_selected(port))
		return UINT32_MAX;
	pci_fake_accesses++;
	memcpy(&value, pci_fake_space + (pci_fake_address & 0xfc) + (port & 3), bytes);
	return value;
}

static void pci_fake_out(uint16_t port, unsigned int bytes, uint32_t value)
{
	unsigned int offset = (pci_fake_address & 0xfc) + (port & 3);

	if (port == 0xcf8 && bytes == 4)
		pci_fake_address = value;
	if (!pci_fake_is_selected(port))
		return;
	pci_fake_accesses++;
	memcpy(pci_fake_space + offset, &value, bytes);
	if (pci_fake_written)
		pci_fake_written(offset, bytes, value);
}

static const struct io_fake_ports pci_fake_ports = {pci_fake_in, pci_fake_out};

static inline void pci_fake_set(unsigned int offset, unsigned int bytes, uint32_t value)
{
	memcpy(pci_fake_space + offset, &value, bytes);
}

static inline uint32_t pci_fake_get(unsigned int offset, unsigned int bytes)
{
	uint32_t value = 0;

	memcpy(&value, pci_fake_space + offset, bytes);
	return value;
}

static inline void pci_fake_reset(void)
{
	io_fake_reset();
	io_fake_set_ports(&pci_fake_ports);
	memset(pci_fake_space, 0, sizeof(pci_fake_space));
	pci_fake_address = 0;
	pci_fake_accesses = 0;
	pci_fake_written = NULL;
	pci_fake_set(PCI_VENDOR_ID, 4, 0x10008086);
	pci_fake_set(PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
}
