/*
 * The IO-APICs (Intel 82093AA data sheet; for the EOI register, the chipset data sheets of version 0x20 and
 * later).
 *
 * A window of two registers, index and data, leads to the others; so each access is two, under the chip's
 * lock. A line has a redirection entry of 64 bits, written in halves: the half with the mask bit is written
 * first to mask and last to unmask, so the chip never sees a vector of one route with the destination of
 * another.
 *
 * I1  Lines are masked until ioapic_unmask(), and ioapic_route() masks first. But those that the firmware made system
 *     management interrupts are its own, and stay as they are until they are routed.
 * I2  The set of chips changes only while the machine starts; afterwards it is read without a lock.
 * I3  The chips' interrupts do not overlap: a GSI belongs to one line of one chip.
 */
#include <hyp/drivers/ioapic.h>
#include <hyp/io.h>
#include <hyp/lock.h>

#define WINDOW_INDEX 0x00
#define WINDOW_DATA 0x10
#define WINDOW_EOI 0x40
#define WINDOW_BYTES 0x44

#define REGISTER_VERSION 1
#define REGISTER_ARBITRATION 2
#define REGISTER_TABLE 0x10
#define VERSION_WITH_EOI 0x20

#define ENTRY_MODE (UINT64_C(7) << 8)
#define ENTRY_MODE_SMI (UINT64_C(2) << 8)
#define ENTRY_ACTIVE_LOW BIT(13)
#define ENTRY_IN_SERVICE BIT(14)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASKED BIT(16)
#define ENTRY_VECTOR UINT64_C(0xff)
#define ENTRY_DESTINATION_SHIFT 56
#define ENTRY_EXTENDED_SHIFT 49 /* bits 8 to 14 of an extended destination */
#define DESTINATION_MAX 0xff
#define DESTINATION_EXTENDED_MAX 0x7fff
#define VECTOR_MIN 16

static struct ioapic {
	struct spinlock lock;	     /* the window */
	volatile uint8_t *registers; /* [I] */
	paddr_t address;	     /* [I] */
	uint32_t gsi_base;	     /* [I] */
	uint32_t lines;		     /* [I] */
	uint8_t version;	     /* [I] */
} ioapics[IOAPICS_MAX];
static unsigned int ioapics_count;
static bool extended_ids_taken, eoi_is_ours;

static uint32_t register_read(struct ioapic *chip, uint32_t index) REQUIRES(chip->lock)
{
	mmio_write32(chip->registers + WINDOW_INDEX, index);
	return mmio_read32(chip->registers + WINDOW_DATA);
}

static void register_write(struct ioapic *chip, uint32_t index, uint32_t value) REQUIRES(chip->lock)
{
	mmio_write32(chip->registers + WINDOW_INDEX, index);
	mmio_write32(chip->registers + WINDOW_DATA, value);
}

static uint64_t entry_read(struct ioapic *chip, uint32_t line) REQUIRES(chip->lock)
{
	uint32_t low = register_read(chip, REGISTER_TABLE + 2 * line);

	return (uint64_t)register_read(chip, REGISTER_TABLE + 2 * line + 1) << 32 | low;
}

static void entry_write_low(struct ioapic *chip, uint32_t line, uint64_t entry) REQUIRES(chip->lock)
{
	register_write(chip, REGISTER_TABLE + 2 * line, (uint32_t)entry);
}

static void entry_write(struct ioapic *chip, uint32_t line, uint64_t entry) REQUIRES(chip->lock)
{
	entry_write_low(chip, line, ENTRY_MASKED);
	register_write(chip, REGISTER_TABLE + 2 * line + 1, (uint32_t)(entry >> 32));
	entry_write_low(chip, line, entry);
}

static struct ioapic *find(uint32_t gsi, uint32_t *line)
{
	for (unsigned int i = 0; i < ioapics_count; i++) {
		if (gsi - ioapics[i].gsi_base < ioapics[i].lines) {
			*line = gsi - ioapics[i].gsi_base;
			return &ioapics[i];
		}
	}
	return NULL;
}

static bool overlaps(const struct ioapic *chip)
{
	for (unsigned int i = 0; i < ioapics_count; i++) {
		const struct ioapic *other = &ioapics[i];

		if (chip->gsi_base < other->gsi_base + other->lines &&
		    other->gsi_base < chip->gsi_base + chip->lines)
			return true;
	}
	return false;
}

enum status ioapic_add(paddr_t address, uint32_t gsi_base)
{
	struct ioapic *chip = &ioapics[ioapics_count];
	uint32_t version;

	if (ioapics_count == IOAPICS_MAX)
		return E_NOMEM;
	*chip = (struct ioapic){.address = address, .gsi_base = gsi_base};
	chip->registers = mmio_map(address, WINDOW_BYTES);
	if (!chip->registers)
		return E_NOMEM;

	spin_lock(&chip->lock);
	version = register_read(chip, REGISTER_VERSION);
	spin_unlock(&chip->lock);
	if (version == UINT32_MAX)
		return E_NODEV;
	chip->version = (uint8_t)version;
	chip->lines = (version >> 16 & 0xff) + 1;
	if (gsi_base + chip->lines < gsi_base || overlaps(chip))
		return E_EXIST;

	spin_lock(&chip->lock);
	for (uint32_t line = 0; line < chip->lines; line++)
		if ((entry_read(chip, line) & ENTRY_MODE) != ENTRY_MODE_SMI)
			entry_write(chip, line, ENTRY_MASKED);
	spin_unlock(&chip->lock);
	ioapics_count++;
	return OK;
}

void ioapic_configure(bool extended_ids, bool directed_eoi)
{
	extended_ids_taken = extended_ids;
	eoi_is_ours = directed_eoi;
}

unsigned int ioapic_count(void)
{
	return ioapics_count;
}

uint32_t ioapic_gsi_end(void)
{
	uint32_t end = 0;

	for (unsigned int i = 0; i < ioapics_count; i++)
		end = MAX(end, ioapics[i].gsi_base + ioapics[i].lines);
	return end;
}

bool ioapic_has_gsi(uint32_t gsi)
{
	uint32_t line;

	return find(gsi, &line);
}

static uint64_t entry_encode(const struct ioapic_route *route)
{
	return ENTRY_MASKED | route->vector | (route->level ? ENTRY_LEVEL : 0) |
	       (route->active_low ? ENTRY_ACTIVE_LOW : 0) |
	       (uint64_t)(route->apic_id & 0xff) << ENTRY_DESTINATION_SHIFT |
	       (uint64_t)(route->apic_id >> 8 & 0x7f) << ENTRY_EXTENDED_SHIFT;
}

enum status ioapic_route(uint32_t gsi, const struct ioapic_route *route)
{
	uint32_t line;
	struct ioapic *chip = find(gsi, &line);

	if (!chip)
		return E_NOENT;
	if (route->apic_id > (extended_ids_taken ? DESTINATION_EXTENDED_MAX : DESTINATION_MAX))
		return E_RANGE;
	if (route->vector < VECTOR_MIN)
		return E_INVAL;
	spin_lock(&chip->lock);
	entry_write(chip, line, entry_encode(route));
	spin_unlock(&chip->lock);
	return OK;
}

static void mask_set(uint32_t gsi, bool masked)
{
	uint32_t line;
	struct ioapic *chip = find(gsi, &line);
	uint64_t entry;

	if (!chip)
		return;
	spin_lock(&chip->lock);
	entry = entry_read(chip, line) & ~ENTRY_MASKED;
	entry_write_low(chip, line, entry | (masked ? ENTRY_MASKED : 0));
	spin_unlock(&chip->lock);
}

void ioapic_mask(uint32_t gsi)
{
	mask_set(gsi, true);
}

void ioapic_unmask(uint32_t gsi)
{
	mask_set(gsi, false);
}

enum status ioapic_entry_read(uint32_t gsi, uint64_t *entry)
{
	uint32_t line;
	struct ioapic *chip = find(gsi, &line);

	if (!chip)
		return E_NOENT;
	spin_lock(&chip->lock);
	*entry = entry_read(chip, line);
	spin_unlock(&chip->lock);
	return OK;
}

bool ioapic_is_masked(uint32_t gsi)
{
	uint64_t entry;

	return ioapic_entry_read(gsi, &entry) || (entry & ENTRY_MASKED);
}

bool ioapic_is_in_service(uint32_t gsi)
{
	uint64_t entry;

	return !ioapic_entry_read(gsi, &entry) && (entry & ENTRY_LEVEL) && (entry & ENTRY_IN_SERVICE);
}

void ioapic_eoi(uint32_t gsi)
{
	uint32_t line;
	struct ioapic *chip = find(gsi, &line);
	uint64_t entry;

	if (!chip || !eoi_is_ours)
		return;
	spin_lock(&chip->lock);
	entry = entry_read(chip, line);
	if (chip->version >= VERSION_WITH_EOI) {
		mmio_write32(chip->registers + WINDOW_EOI, (uint32_t)(entry & ENTRY_VECTOR));
	} else if (entry & ENTRY_LEVEL) {
		/* Older chips forget that a line is in service when it becomes an edge; masked
		   meanwhile, so that the edge is not taken for an interrupt. */
		entry_write_low(chip, line, (entry & ~ENTRY_LEVEL) | ENTRY_MASKED);
		entry_write_low(chip, line, entry);
	}
	spin_unlock(&chip->lock);
}

static bool register_exists(const struct ioapic *chip, uint32_t index)
{
	return index <= REGISTER_ARBITRATION ||
	       (index >= REGISTER_TABLE && index - REGISTER_TABLE < 2 * chip->lines);
}

enum status ioapic_register_read(paddr_t address, uint32_t index, uint32_t *value)
{
	for (unsigned int i = 0; i < ioapics_count; i++) {
		struct ioapic *chip = &ioapics[i];

		if (chip->address != address)
			continue;
		if (!register_exists(chip, index))
			return E_INVAL;
		spin_lock(&chip->lock);
		*value = register_read(chip, index);
		spin_unlock(&chip->lock);
		return OK;
	}
	return E_INVAL;
}

bool ioapic_owns_frame(mfn_t frame)
{
	for (unsigned int i = 0; i < ioapics_count; i++) {
		if (mfn_equal(frame, paddr_to_mfn(ioapics[i].address)))
			return true;
	}
	return false;
}
