/* The machine's registers as a test models them. See io_fake.h. */
#include <string.h>

#include <fakes/io_fake.h>

#define REGIONS_MAX 16
#define MSRS_MAX 128

static const struct io_fake_ports *ports;
static struct region {
	paddr_t start;
	uint8_t *memory;
	uint64_t bytes;
	const struct io_fake_registers *registers;
} regions[REGIONS_MAX];
static unsigned int region_count;
static struct {
	uint32_t index;
	uint64_t value;
} msrs[MSRS_MAX];
static unsigned int msr_count;
static void (*msr_written)(uint32_t index, uint64_t value);
static uint64_t tsc, tsc_step;

void io_fake_reset(void)
{
	ports = NULL;
	region_count = 0;
	msr_count = 0;
	msr_written = NULL;
	tsc = 0;
	tsc_step = 1;
}

void io_fake_set_ports(const struct io_fake_ports *model) { ports = model; }
void io_fake_set_msr_hook(void (*written)(uint32_t index, uint64_t value)) { msr_written = written; }

void io_fake_set_tsc(uint64_t value, uint64_t step)
{
	tsc = value;
	tsc_step = step;
}

void io_fake_add_memory(paddr_t start, void *memory, uint64_t bytes, const struct io_fake_registers *registers)
{
	if (region_count == REGIONS_MAX)
		__builtin_trap();
	regions[region_count++] = (struct region){start, memory, bytes, registers};
}

void *mmio_map(paddr_t start, uint64_t bytes)
{
	for (unsigned int i = 0; i < region_count; i++) {
		struct region *r = &regions[i];

		if (start >= r->start && bytes <= r->bytes && start - r->start <= r->bytes - bytes)
			return r->memory + (start - r->start);
	}
	return NULL;
}

static uint32_t port_in(uint16_t port, unsigned int bytes) { return ports ? ports->in(port, bytes) : UINT32_MAX; }
static void port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
	if (ports)
		ports->out(port, bytes, value);
}

uint8_t io_in8(uint16_t port) { return (uint8_t)port_in(port, 1); }
uint16_t io_in16(uint16_t port) { return (uint16_t)port_in(port, 2); }
uint32_t io_in32(uint16_t port) { return port_in(port, 4); }
void io_out8(uint16_t port, uint8_t value) { port_out(port, 1, value); }
void io_out16(uint16_t port, uint16_t value) { port_out(port, 2, value); }
void io_out32(uint16_t port, uint32_t value) { port_out(port, 4, value); }

static const struct region *find_model(const volatile void *address, uint64_t *offset)
{
	for (unsigned int i = 0; i < region_count; i++) {
		const uint8_t *at = (const uint8_t *)(uintptr_t)address;

		if (regions[i].registers && at >= regions[i].memory && at < regions[i].memory + regions[i].bytes) {
			*offset = (uint64_t)(at - regions[i].memory);
			return &regions[i];
		}
	}
	return NULL;
}

static uint32_t mmio_read(const volatile void *address, unsigned int bytes)
{
	uint64_t offset;
	const struct region *region = find_model(address, &offset);
	uint32_t value = 0;

	if (region)
		return region->registers->read(offset, bytes);
	memcpy(&value, (const void *)(uintptr_t)address, bytes);
	return value;
}

static void mmio_write(volatile void *address, unsigned int bytes, uint32_t value)
{
	uint64_t offset;
	const struct region *region = find_model(address, &offset);

	if (region)
		region->registers->write(offset, bytes, value);
	else
		memcpy((void *)(uintptr_t)address, &value, bytes);
}

uint8_t mmio_read8(const volatile void *address) { return (uint8_t)mmio_read(address, 1); }
uint16_t mmio_read16(const volatile void *address) { return (uint16_t)mmio_read(address, 2); }
uint32_t mmio_read32(const volatile void *address) { return mmio_read(address, 4); }
void mmio_write8(volatile void *address, uint8_t value) { mmio_write(address, 1, value); }
void mmio_write16(volatile void *address, uint16_t value) { mmio_write(address, 2, value); }
void mmio_write32(volatile void *address, uint32_t value) { mmio_write(address, 4, value); }

uint64_t msr_read(uint32_t index)
{
	for (unsigned int i = 0; i < msr_count; i++) {
		if (msrs[i].index == index)
			return msrs[i].value;
	}
	return 0;
}

void msr_write(uint32_t index, uint64_t value)
{
	unsigned int i = 0;

	while (i < msr_count && msrs[i].index != index)
		i++;
	if (i == MSRS_MAX)
		__builtin_trap();
	msrs[i].index = index;
	msrs[i].value = value;
	if (i == msr_count)
		msr_count++;
	if (msr_written)
		msr_written(index, value);
}

uint64_t tsc_read(void)
{
	uint64_t now = tsc;

	tsc += tsc_step;
	return now;
}

void io_fence(void) {}
