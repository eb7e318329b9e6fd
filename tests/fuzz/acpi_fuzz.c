/*
 * ACPI tables: the input is physical memory from ROM_START on. Checksums would keep the fuzzer out, so the ones of
 * what looks like a table are made right first, unless the first byte is odd.
 */
#include <fakes/boot_memory_fake.h>
#include <hyp/boot/acpi.h>

#define ROM_START 0xe0000

static void say(void *, const char *line)
{
	if (!*line)
		abort();
}

static void sum_repair(uint8_t *data, size_t count, size_t at)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + (i == at ? 0 : data[i]));
	data[at] = (uint8_t)-sum;
}

static void sums_repair(uint8_t *rom, size_t size)
{
	static const char signatures[][5] = {"XSDT", "RSDT", "APIC", "FACP", "HPET", "MCFG"};

	for (size_t at = 0; at + 36 <= size; at += 4) {
		uint32_t length = load_u32(rom + at + 4);

		if (memcmp(rom + at, "RSD PTR ", 8) == 0) {
			sum_repair(rom + at, 20, 8);
			sum_repair(rom + at, 36, 32);
		}
		for (unsigned int i = 0; i < ARRAY_COUNT(signatures); i++)
			if (memcmp(rom + at, signatures[i], 4) == 0 && length >= 10 && length <= size - at)
				sum_repair(rom + at, length, 9);
	}
}

static void info_check(const struct acpi_info *info)
{
	if (info->cpu_count > ACPI_CPU_MAX || info->io_apic_count > ACPI_IO_APIC_MAX ||
	    info->override_count > ACPI_OVERRIDE_MAX || info->nmi_count > ACPI_NMI_MAX ||
	    info->mcfg_count > ACPI_MCFG_MAX)
		abort();
	for (unsigned int i = 0; i < info->cpu_count; i++)
		for (unsigned int k = 0; k < i; k++)
			if (info->cpu[i].apic_id == info->cpu[k].apic_id)
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acpi_info info;
	struct boot_memory_fake fake = {0};
	struct boot_memory memory = boot_memory_fake(&fake);
	struct boot_report report = {say, NULL};
	uint8_t *rom;

	if (size < 2)
		return 0;
	rom = malloc(size - 1);
	memcpy(rom, data + 1, size - 1);
	if (!(data[0] & 1))
		sums_repair(rom, size - 1);
	boot_memory_fake_add(&fake, ROM_START, rom, size - 1);
	if (acpi_parse(&memory, acpi_find_rsdp(&memory, ROM_START), &report, &info) == OK)
		info_check(&info);
	boot_memory_fake_free(&fake);
	free(rom);
	return 0;
}
