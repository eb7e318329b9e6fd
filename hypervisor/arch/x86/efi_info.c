/*
 * EFI's system table and memory map (UEFI Specification 2.10, sections 4.3 and 7.2).
 *
 * The map lies in the loader's memory and is copied before that is given out. The tables lie in memory that the firmware
 * keeps for good; they are read when somebody asks first. Nothing of the firmware is ever called.
 */
#include "efi_info.h"
#include <hyp/io.h>
#include <hyp/lock.h>
#include <hyp/log.h>
#include <hyp/string.h>

#define TABLE_REVISION 8
#define SYSTEM_TABLE_VENDOR 24
#define SYSTEM_TABLE_VENDOR_REVISION 32
#define SYSTEM_TABLE_RUNTIME 88
#define SYSTEM_TABLE_CONFIG_COUNT 104
#define SYSTEM_TABLE_CONFIG 112
#define SYSTEM_TABLE_BYTES 120
#define RUNTIME_TABLE_HEADER_BYTES 24

#define MEMORY_TYPE 0
#define MEMORY_START 8
#define MEMORY_PAGES 24
#define MEMORY_ATTRIBUTES 32
#define MEMORY_DESCRIPTOR_MIN 40

static struct {
	uint64_t system_table; /* 0: no EFI */
	uint32_t map_bytes, descriptor_bytes;
	uint8_t map[24576];

	/* Under the lock; once read they stay. */
	struct spinlock lock;
	bool was_read;
	uint32_t version, runtime_version, revision, config_count;
	uint64_t config;
	uint16_t vendor[EFI_VENDOR_MAX];
} efi;

void efi_info_keep(const struct boot_efi *info)
{
	efi.system_table = info->system_table;
	if (!info->system_table || !info->map || info->descriptor_bytes < MEMORY_DESCRIPTOR_MIN)
		return;
	efi.descriptor_bytes = info->descriptor_bytes;
	efi.map_bytes = ROUND_DOWN(MIN(info->map_bytes, (uint32_t)sizeof(efi.map)), info->descriptor_bytes);
	if (efi.map_bytes < info->map_bytes)
		log_warning("EFI's memory map is kept only in part: %u of %u bytes", efi.map_bytes, info->map_bytes);
	memcpy(efi.map, info->map, efi.map_bytes);
}

bool efi_is_there(void) { return efi.system_table; }

static uint64_t read64(const volatile uint8_t *at)
{
	return mmio_read32(at) | (uint64_t)mmio_read32(at + 4) << 32;
}

static void vendor_read(paddr_t at)
{
	const volatile uint8_t *text = at ? mmio_map(at, sizeof(efi.vendor)) : NULL;

	for (unsigned int i = 0; text && i < EFI_VENDOR_MAX - 1; i++) {
		efi.vendor[i] = mmio_read16(text + 2 * i);
		if (!efi.vendor[i])
			break;
	}
}

static void tables_read(void) REQUIRES(efi.lock)
{
	const volatile uint8_t *system = mmio_map(efi.system_table, SYSTEM_TABLE_BYTES), *runtime;

	if (!system)
		return;
	runtime = mmio_map(read64(system + SYSTEM_TABLE_RUNTIME), RUNTIME_TABLE_HEADER_BYTES);
	efi.version = mmio_read32(system + TABLE_REVISION);
	efi.runtime_version = runtime ? mmio_read32(runtime + TABLE_REVISION) : 0;
	efi.revision = mmio_read32(system + SYSTEM_TABLE_VENDOR_REVISION);
	efi.config = read64(system + SYSTEM_TABLE_CONFIG);
	efi.config_count = mmio_read32(system + SYSTEM_TABLE_CONFIG_COUNT);
	vendor_read(read64(system + SYSTEM_TABLE_VENDOR));
}

static void tables_need(void)
{
	spin_lock(&efi.lock);
	if (!efi.was_read)
		tables_read();
	efi.was_read = true;
	spin_unlock(&efi.lock);
}

uint32_t efi_version(void)
{
	tables_need();
	return efi.version;
}

uint32_t efi_runtime_version(void)
{
	tables_need();
	return efi.runtime_version;
}

uint64_t efi_config_table(uint32_t *count)
{
	tables_need();
	*count = efi.config_count;
	return efi.config;
}

uint32_t efi_firmware_revision(void)
{
	tables_need();
	return efi.revision;
}

const uint16_t *efi_vendor(void)
{
	tables_need();
	return efi.vendor;
}

static uint64_t field64(const uint8_t *descriptor, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, descriptor + offset, sizeof(value));
	return value;
}

bool efi_memory_find(uint64_t address, struct efi_memory *memory)
{
	for (uint32_t at = 0; at < efi.map_bytes; at += efi.descriptor_bytes) {
		const uint8_t *d = &efi.map[at];
		uint64_t start = field64(d, MEMORY_START), pages = field64(d, MEMORY_PAGES);

		if (address < start || (address - start) >> PAGE_SHIFT >= pages)
			continue;
		*memory = (struct efi_memory){
			.start = start,
			.bytes = pages << PAGE_SHIFT,
			.attributes = field64(d, MEMORY_ATTRIBUTES),
			.type = (uint32_t)field64(d, MEMORY_TYPE),
		};
		return true;
	}
	return false;
}
