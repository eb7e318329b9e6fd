/*
 * PCI configuration space (PCI Local Bus Specification 3.0, section 3.2.2.3.2; PCI Express Base
 * Specification, section 7.2.2).
 *
 * The first 256 bytes of segment 0 are reached by the port pair 0xcf8/0xcfc, under a lock, as on every PC.
 * All else needs configuration space in memory, where the ACPI tables say; it is mapped a bus at a time,
 * when the bus is first used.
 *
 * I1  Nobody else writes port 0xcf8 with four bytes: domain 0 has a latch of its own (struct pci_latch).
 * I2  A mapped bus stays mapped: `maps` only gains pointers, under the lock.
 */
#include <hyp/drivers/pci.h>
#include <hyp/io.h>
#include <hyp/lock.h>

#define ADDRESS 0xcf8
#define DATA 0xcfc
#define ADDRESS_ENABLE BIT(31)
#define SPACE_BYTES 256
#define EXTENDED_SPACE_BYTES 4096
#define BUS_SHIFT 20
#define BUS_BYTES (UINT64_C(1) << BUS_SHIFT)
#define BUSES 256
#define MMCFG_MAX 8
#define ABSENT 0xffffffffu

#define CAPABILITY_MIN 0x40
/* As many as fit between 0x40 and 0x100; a longer list loops. */
#define CAPABILITIES_MAX 48
#define HEADER_MULTIFUNCTION 0x80u
#define HEADER_DEVICE 0
#define HEADER_BRIDGE 1
#define BARS_DEVICE 6
#define BARS_BRIDGE 2
#define BAR_PORTS 0x1u
#define BAR_TYPE 0x6u
#define BAR_TYPE_64 0x4u
#define BAR_FLAGS 0xfu

static struct spinlock lock = SPINLOCK_INIT; /* the port pair, and `maps` */

static struct mmcfg {
	paddr_t address;
	uint16_t segment;
	uint8_t bus_first, bus_last;
	volatile uint8_t *maps[BUSES]; /* under the lock; NULL until the bus is used */
} ranges[MMCFG_MAX];
static unsigned int range_count;

static uint16_t segment_of(pci_sbdf_t f) { return (uint16_t)(f.v >> 16); }
static uint8_t bus_of(pci_sbdf_t f) { return (uint8_t)(f.v >> 8); }
static uint8_t devfn_of(pci_sbdf_t f) { return (uint8_t)f.v; }

enum status pci_mmcfg_add(paddr_t address, uint16_t segment, uint8_t bus_first, uint8_t bus_last)
{
	struct mmcfg *range = &ranges[range_count];

	if (range_count == MMCFG_MAX)
		return E_NOMEM;
	range->address = address;
	range->segment = segment;
	range->bus_first = bus_first;
	range->bus_last = bus_last;
	range_count++;
	return OK;
}

bool pci_mmcfg_owns_frame(mfn_t frame)
{
	paddr_t at = mfn_to_paddr(frame);

	for (unsigned int i = 0; i < range_count; i++) {
		paddr_t first = ranges[i].address + ranges[i].bus_first * BUS_BYTES;

		if (at >= first && at - first < (ranges[i].bus_last - ranges[i].bus_first + 1) * BUS_BYTES)
			return true;
	}
	return false;
}

static volatile uint8_t *memory_of(pci_sbdf_t f) REQUIRES(lock)
{
	for (unsigned int i = 0; i < range_count; i++) {
		struct mmcfg *range = &ranges[i];
		uint8_t bus = bus_of(f);

		if (range->segment != segment_of(f) || bus < range->bus_first || bus > range->bus_last)
			continue;
		if (!range->maps[bus])
			range->maps[bus] = mmio_map(range->address + bus * BUS_BYTES, BUS_BYTES);
		return range->maps[bus] ? range->maps[bus] + ((uint32_t)devfn_of(f) << 12) : NULL;
	}
	return NULL;
}

static bool is_by_ports(pci_sbdf_t f, uint16_t offset)
{
	return !segment_of(f) && offset < SPACE_BYTES;
}

static bool is_access(uint16_t offset, unsigned int bytes)
{
	return (bytes == 1 || bytes == 2 || bytes == 4) && !(offset & (bytes - 1)) && offset < EXTENDED_SPACE_BYTES;
}

static uint32_t all_ones(unsigned int bytes)
{
	return ABSENT >> (32 - 8 * bytes);
}

/* Returns the data port of the access. */
static uint16_t select_by_ports(pci_sbdf_t f, uint16_t offset) REQUIRES(lock)
{
	io_out32(ADDRESS, (uint32_t)ADDRESS_ENABLE | (f.v & 0xffff) << 8 | (offset & 0xfcu));
	return (uint16_t)(DATA + (offset & 3));
}

static uint32_t read_by_ports(pci_sbdf_t f, uint16_t offset, unsigned int bytes) REQUIRES(lock)
{
	uint16_t port = select_by_ports(f, offset);

	return bytes == 1 ? io_in8(port) : bytes == 2 ? io_in16(port) : io_in32(port);
}

static void write_by_ports(pci_sbdf_t f, uint16_t offset, unsigned int bytes, uint32_t value)
	REQUIRES(lock)
{
	uint16_t port = select_by_ports(f, offset);

	if (bytes == 1)
		io_out8(port, (uint8_t)value);
	else if (bytes == 2)
		io_out16(port, (uint16_t)value);
	else
		io_out32(port, value);
}

static uint32_t read_memory(const volatile uint8_t *at, unsigned int bytes)
{
	return bytes == 1 ? mmio_read8(at) : bytes == 2 ? mmio_read16(at) : mmio_read32(at);
}

static void write_memory(volatile uint8_t *at, unsigned int bytes, uint32_t value)
{
	if (bytes == 1)
		mmio_write8(at, (uint8_t)value);
	else if (bytes == 2)
		mmio_write16(at, (uint16_t)value);
	else
		mmio_write32(at, value);
}

uint32_t pci_config_read(pci_sbdf_t function, uint16_t offset, unsigned int bytes)
{
	volatile uint8_t *memory;
	uint32_t value;

	if (!is_access(offset, bytes))
		return ABSENT;
	spin_lock(&lock);
	if (is_by_ports(function, offset)) {
		value = read_by_ports(function, offset, bytes);
	} else {
		memory = memory_of(function);
		value = memory ? read_memory(memory + offset, bytes) : all_ones(bytes);
	}
	spin_unlock(&lock);
	return value;
}

void pci_config_write(pci_sbdf_t function, uint16_t offset, unsigned int bytes, uint32_t value)
{
	volatile uint8_t *memory;

	if (!is_access(offset, bytes))
		return;
	spin_lock(&lock);
	if (is_by_ports(function, offset)) {
		write_by_ports(function, offset, bytes, value);
	} else {
		memory = memory_of(function);
		if (memory)
			write_memory(memory + offset, bytes, value);
	}
	spin_unlock(&lock);
}

bool pci_function_exists(pci_sbdf_t function)
{
	return (pci_config_read(function, PCI_HEADER_TYPE, 1) & 0xff) != 0xff;
}

bool pci_function_is_virtual(pci_sbdf_t function)
{
	return pci_function_exists(function) && (pci_config_read(function, PCI_VENDOR_ID, 2) & 0xffff) == 0xffff;
}

uint8_t pci_capability_find(pci_sbdf_t function, uint8_t id)
{
	uint8_t at;

	if (!pci_function_exists(function) ||
	    !(pci_config_read(function, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return 0;
	at = pci_config_read(function, PCI_CAPABILITY_POINTER, 1) & 0xfc;
	for (unsigned int i = 0; i < CAPABILITIES_MAX && at >= CAPABILITY_MIN; i++) {
		uint32_t header = pci_config_read(function, at, 2);

		if ((header & 0xff) == id)
			return at;
		at = header >> 8 & 0xfc;
	}
	return 0;
}

static unsigned int bar_count(pci_sbdf_t function)
{
	switch (pci_config_read(function, PCI_HEADER_TYPE, 1) & ~HEADER_MULTIFUNCTION) {
	case HEADER_DEVICE:
		return BARS_DEVICE;
	case HEADER_BRIDGE:
		return BARS_BRIDGE;
	default:
		return 0;
	}
}

enum status pci_bar_address(pci_sbdf_t function, unsigned int index, paddr_t *address)
{
	unsigned int count = bar_count(function);
	paddr_t base;
	uint32_t low;

	if (index >= count)
		return E_INVAL;
	low = pci_config_read(function, (uint16_t)PCI_BAR(index), 4);
	if (low & BAR_PORTS)
		return E_NXIO;
	base = low & ~BAR_FLAGS;
	if ((low & BAR_TYPE) == BAR_TYPE_64) {
		if (index + 1 >= count)
			return E_INVAL;
		base |= (paddr_t)pci_config_read(function, (uint16_t)PCI_BAR(index + 1), 4) << 32;
	}
	if (!base)
		return E_NXIO;
	*address = base;
	return OK;
}

bool pci_latch_is_address(uint16_t port, unsigned int bytes)
{
	return port == ADDRESS && bytes == 4;
}

bool pci_latch_target(const struct pci_latch *latch, uint16_t port, unsigned int bytes,
		      struct pci_target *target)
{
	uint32_t byte = (uint32_t)port - DATA;

	if (byte > 3 || byte + bytes > 4 || !is_access((uint16_t)byte, bytes) || !(latch->address & ADDRESS_ENABLE))
		return false;
	target->function = pci_sbdf(0, (uint8_t)(latch->address >> 16), (uint8_t)(latch->address >> 8));
	target->offset = (uint16_t)((latch->address & 0xfc) + byte);
	return true;
}
