/*
 * ACPI tables: a machine like QEMU's q35 with two CPUs, and the same with one thing broken. The tables lie in the
 * BIOS's area, the root pointer in its last kilobyte.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <fakes/boot_memory_fake.h>

#include <cmocka.h>

#include <hyp/boot/acpi.h>

#define ROM 0xe0000
#define ROM_BYTES 0x20000
enum { RSDP = 0x1fc00, XSDT = 0x100, RSDT = 0x200, MADT = 0x400, FADT = 0x4000, HPET = 0x5000, MCFG = 0x6000 };

static uint8_t rom[ROM_BYTES];
static uint8_t low[0x1000];
static struct boot_memory_fake fake;
static struct acpi_info info;
static char said[16384];
static unsigned int said_count;

static void put8(unsigned int at, uint8_t v) { rom[at] = v; }
static void put16(unsigned int at, uint16_t v) { memcpy(rom + at, &v, sizeof(v)); }
static void put32(unsigned int at, uint32_t v) { memcpy(rom + at, &v, sizeof(v)); }
static void put64(unsigned int at, uint64_t v) { memcpy(rom + at, &v, sizeof(v)); }

static void sum_set(unsigned int at, unsigned int bytes, unsigned int sum_at)
{
	uint8_t sum = 0;

	rom[at + sum_at] = 0;
	for (unsigned int i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + rom[at + i]);
	rom[at + sum_at] = (uint8_t)-sum;
}

static void table_sum(unsigned int at) { sum_set(at, load_u32(rom + at + 4), 9); }

static void table(unsigned int at, const char *signature, uint32_t bytes)
{
	memcpy(rom + at, signature, 4);
	put32(at + 4, bytes);
}

static void rsdp_sum(void)
{
	sum_set(RSDP, 20, 8);
	sum_set(RSDP, 36, 32);
}

/* Adds an entry to the MADT; returns where it is. */
static unsigned int madt_entry(uint8_t type, uint8_t bytes)
{
	unsigned int length = load_u32(rom + MADT + 4);

	put8(MADT + length, type);
	put8(MADT + length + 1, bytes);
	put32(MADT + 4, length + bytes);
	return MADT + length;
}

static void madt_cpu(uint8_t id, uint32_t flags)
{
	unsigned int at = madt_entry(0, 8);

	put8(at + 2, id);
	put8(at + 3, id);
	put32(at + 4, flags);
}

static void madt_x2apic(uint32_t id, uint32_t flags)
{
	unsigned int at = madt_entry(9, 16);

	put32(at + 4, id);
	put32(at + 8, flags);
	put32(at + 12, id + 1000);
}

static void madt_fill(void)
{
	unsigned int at;

	table(MADT, "APIC", 44);
	put32(MADT + 36, 0xfee00000);
	put32(MADT + 40, 1);
	madt_cpu(0, 1);
	madt_cpu(1, 1);
	at = madt_entry(1, 12);
	put32(at + 4, 0xfec00000);
	at = madt_entry(2, 10);
	put32(at + 4, 2);
	at = madt_entry(2, 10);
	put8(at + 3, 9);
	put32(at + 4, 9);
	put16(at + 8, 13);
	at = madt_entry(4, 6);
	put8(at + 2, 0xff);
	put8(at + 5, 1);
}

static void generic_address(unsigned int at, uint8_t space, uint8_t bits, uint64_t address)
{
	put8(at, space);
	put8(at + 1, bits);
	put64(at + 4, address);
}

static void fadt_fill(void)
{
	table(FADT, "FACP", 276);
	put16(FADT + 46, 9);
	put32(FADT + 48, 0xb2);
	put8(FADT + 52, 0xf1);
	put8(FADT + 53, 0xf0);
	put32(FADT + 56, 0x600);
	put32(FADT + 64, 0x604);
	put32(FADT + 76, 0x608);
	memcpy(rom + FADT + 88, "\x04\x02\x00\x04", 4);
	put32(FADT + 112, 0x84a5);
	generic_address(FADT + 116, ACPI_SPACE_PORTS, 8, 0xcf9);
	put8(FADT + 128, 0xf);
	generic_address(FADT + 148, ACPI_SPACE_PORTS, 32, 0x600);
	generic_address(FADT + 172, ACPI_SPACE_PORTS, 16, 0x604);
	generic_address(FADT + 208, ACPI_SPACE_MEMORY, 32, 0xfed80800);
	generic_address(FADT + 244, ACPI_SPACE_PORTS, 8, 0x620);
}

static void others_fill(void)
{
	table(HPET, "HPET", 56);
	put32(HPET + 36, 0x8086a201);
	generic_address(HPET + 40, ACPI_SPACE_MEMORY, 0, 0xfed00000);
	put16(HPET + 53, 100);
	table(MCFG, "MCFG", 60);
	put64(MCFG + 44, 0xb0000000);
	put8(MCFG + 55, 255);
}

static void roots_fill(void)
{
	static const unsigned int tables[] = {MADT, FADT, HPET, MCFG};

	table(XSDT, "XSDT", 36 + 4 * 8);
	table(RSDT, "RSDT", 36 + 4 * 4);
	for (unsigned int i = 0; i < ARRAY_COUNT(tables); i++) {
		put64(XSDT + 36 + 8 * i, ROM + tables[i]);
		put32(RSDT + 36 + 4 * i, ROM + tables[i]);
	}
	memcpy(rom + RSDP, "RSD PTR HOSPES", 14);
	put8(RSDP + 15, 2);
	put32(RSDP + 16, ROM + RSDT);
	put32(RSDP + 20, 36);
	put64(RSDP + 24, ROM + XSDT);
}

static void sums_set(void)
{
	static const unsigned int tables[] = {MADT, FADT, HPET, MCFG, XSDT, RSDT};

	for (unsigned int i = 0; i < ARRAY_COUNT(tables); i++)
		table_sum(tables[i]);
	rsdp_sum();
}

static int machine(void **)
{
	memset(rom, 0, sizeof(rom));
	memset(low, 0, sizeof(low));
	madt_fill();
	fadt_fill();
	others_fill();
	roots_fill();
	sums_set();
	return 0;
}

static int machine_free(void **)
{
	boot_memory_fake_free(&fake);
	return 0;
}

static void say(void *, const char *line)
{
	said_count++;
	if (strlen(said) + strlen(line) < sizeof(said))
		strcat(said, line);
}

static struct boot_memory memory(void)
{
	boot_memory_fake_free(&fake);
	boot_memory_fake_add(&fake, 0, low, sizeof(low));
	boot_memory_fake_add(&fake, ROM, rom, sizeof(rom));
	return boot_memory_fake(&fake);
}

static enum status parse(void)
{
	struct boot_memory m = memory();
	struct boot_report report = {say, NULL};

	said[0] = 0;
	said_count = 0;
	return acpi_parse(&m, acpi_find_rsdp(&m, 0), &report, &info);
}

static void parse_well(void)
{
	assert_int_equal(parse(), OK);
	assert_string_equal(said, "");
}

/* Works, but something is left out and said. */
static void parse_saying(const char *reason)
{
	assert_int_equal(parse(), OK);
	assert_non_null(strstr(said, reason));
}

/* ---- The tables as they should be. ---- */

static void cpus_and_interrupt_controllers_are_found(void **)
{
	parse_well();
	assert_true(info.has_madt && info.has_pics);
	assert_int_equal(info.local_apic, 0xfee00000);
	assert_int_equal(info.cpu_count, 2);
	assert_int_equal(info.cpu[1].apic_id, 1);
	assert_true(info.cpu[1].enabled && !info.cpu[1].online_capable && !info.cpu[1].x2apic);
	assert_int_equal(info.io_apic_count, 1);
	assert_int_equal(info.io_apic[0].start, 0xfec00000);
	assert_int_equal(info.io_apic[0].gsi_base, 0);
	assert_int_equal(info.override_count, 2);
	assert_int_equal(info.override[0].irq, 0);
	assert_int_equal(info.override[0].gsi, 2);
	assert_int_equal(info.override[0].trigger, ACPI_TRIGGER_BUS);
	assert_int_equal(info.override[1].irq, 9);
	assert_int_equal(info.override[1].polarity, ACPI_POLARITY_HIGH);
	assert_int_equal(info.override[1].trigger, ACPI_TRIGGER_LEVEL);
	assert_int_equal(info.nmi_count, 1);
	assert_true(info.nmi[0].local);
	assert_int_equal(info.nmi[0].acpi_id, ACPI_NMI_ALL_CPUS);
	assert_int_equal(info.nmi[0].lint, 1);
}

static void x2apic_entries_are_understood(void **)
{
	unsigned int at;

	madt_x2apic(300, 1);
	madt_x2apic(301, 2);
	madt_x2apic(UINT32_MAX, 1);
	at = madt_entry(10, 12);
	put32(at + 4, 1300);
	put8(at + 8, 1);
	at = madt_entry(3, 8);
	put16(at + 2, 15);
	put32(at + 4, 23);
	at = madt_entry(5, 12);
	put64(at + 4, 0x1fee00000);
	table_sum(MADT);
	parse_well();
	assert_int_equal(info.cpu_count, 4);
	assert_int_equal(info.cpu[2].apic_id, 300);
	assert_int_equal(info.cpu[2].acpi_id, 1300);
	assert_true(info.cpu[2].x2apic && info.cpu[2].enabled);
	assert_true(!info.cpu[3].enabled && info.cpu[3].online_capable);
	assert_int_equal(info.nmi_count, 3);
	assert_int_equal(info.nmi[1].acpi_id, 1300);
	assert_false(info.nmi[2].local);
	assert_int_equal(info.nmi[2].gsi, 23);
	assert_int_equal(info.nmi[2].polarity, ACPI_POLARITY_LOW);
	assert_int_equal(info.local_apic, 0x1fee00000);
}

static void fixed_hardware_is_found(void **)
{
	parse_well();
	assert_true(info.has_fadt);
	assert_int_equal(info.fadt.sci_irq, 9);
	assert_int_equal(info.fadt.smi_command, 0xb2);
	assert_int_equal(info.fadt.acpi_enable, 0xf1);
	assert_int_equal(info.fadt.pm1a_event.address, 0x600);
	assert_int_equal(info.fadt.pm1a_control.address, 0x604);
	assert_int_equal(info.fadt.pm1a_control.bits, 16);
	assert_int_equal(info.fadt.pm1b_control.address, 0);
	assert_int_equal(info.fadt.pm_timer.space, ACPI_SPACE_MEMORY);
	assert_int_equal(info.fadt.pm_timer.address, 0xfed80800);
	assert_true(info.fadt.flags & ACPI_FADT_RESET_SUPPORTED);
	assert_int_equal(info.fadt.reset.address, 0xcf9);
	assert_int_equal(info.fadt.reset_value, 0xf);
	assert_int_equal(info.fadt.sleep_control.address, 0x620);
	assert_int_equal(info.fadt.sleep_status.address, 0);
}

static void fadt_of_the_first_version_has_ports(void **)
{
	put32(FADT + 4, 116);
	table_sum(FADT);
	parse_well();
	assert_int_equal(info.fadt.pm_timer.space, ACPI_SPACE_PORTS);
	assert_int_equal(info.fadt.pm_timer.address, 0x608);
	assert_int_equal(info.fadt.pm_timer.bits, 32);
	assert_int_equal(info.fadt.pm1a_event.address, 0x600);
	assert_int_equal(info.fadt.reset.address, 0);
	assert_int_equal(info.fadt.reset_value, 0);
}

static void reset_register_may_lie_in_configuration_space(void **)
{
	/* Device 31, function 3, offset 0x44. */
	generic_address(FADT + 116, ACPI_SPACE_PCI, 8, 0x1f00030044);
	table_sum(FADT);
	parse_well();
	assert_int_equal(info.fadt.reset.space, ACPI_SPACE_PCI);
	assert_int_equal(info.fadt.reset.address, 0x1f00030044);
}

static void reset_register_in_another_space_is_none(void **)
{
	generic_address(FADT + 116, 3, 8, 0xcf9);
	table_sum(FADT);
	parse_well();
	assert_int_equal(info.fadt.reset.address, 0);
}

static void reset_register_that_the_flag_does_not_confirm_is_none(void **)
{
	put32(FADT + 112, 0x80a5);
	table_sum(FADT);
	parse_well();
	assert_int_equal(info.fadt.reset.address, 0);
}

static void registers_but_that_of_reset_do_not_lie_in_configuration_space(void **)
{
	put8(FADT + 208, ACPI_SPACE_PCI);
	put8(FADT + 244, ACPI_SPACE_PCI);
	put8(HPET + 40, ACPI_SPACE_PCI);
	table_sum(FADT);
	table_sum(HPET);
	assert_int_equal(parse(), OK);
	assert_int_equal(info.fadt.pm_timer.space, ACPI_SPACE_PORTS);
	assert_int_equal(info.fadt.pm_timer.address, 0x608);
	assert_int_equal(info.fadt.sleep_control.address, 0);
	assert_false(info.has_hpet);
}

static void register_in_a_foreign_space_falls_back_to_the_port(void **)
{
	put8(FADT + 208, 0x7f);
	table_sum(FADT);
	parse_well();
	assert_int_equal(info.fadt.pm_timer.space, ACPI_SPACE_PORTS);
	assert_int_equal(info.fadt.pm_timer.address, 0x608);
}

static void hpet_and_configuration_space_are_found(void **)
{
	parse_well();
	assert_true(info.has_hpet && info.has_mcfg);
	assert_int_equal(info.hpet.start, 0xfed00000);
	assert_int_equal(info.hpet.id, 0x8086a201);
	assert_int_equal(info.hpet.minimum_tick, 100);
	assert_int_equal(info.mcfg_count, 1);
	assert_int_equal(info.mcfg[0].start, 0xb0000000);
	assert_int_equal(info.mcfg[0].bus_first, 0);
	assert_int_equal(info.mcfg[0].bus_last, 255);
}

/* ---- The root. ---- */

static void root_pointer_is_found_in_the_ebda_first(void **)
{
	struct boot_memory m;

	low[0x40e] = 0x80; /* segment 0x80, address 0x800 */
	memcpy(low + 0x810, rom + RSDP, 36);
	m = memory();
	rom[RSDP] = 'X';
	assert_int_equal(acpi_find_rsdp(&m, 0).count, 36);
	low[0x810] = 'X';
	assert_null(acpi_find_rsdp(&m, 0).data);
}

static void root_pointer_is_taken_from_the_hint(void **)
{
	struct boot_memory m = memory();

	memcpy(low + 0x123, rom + RSDP, 36);
	rom[RSDP] = 'X';
	assert_null(acpi_find_rsdp(&m, 0).data);
	assert_non_null(acpi_find_rsdp(&m, 0x123).data);
	assert_null(acpi_find_rsdp(&m, UINT64_MAX - 4).data);
}

static void root_pointer_of_the_first_version_leads_to_the_rsdt(void **)
{
	put8(RSDP + 15, 0);
	put64(RSDP + 24, 0);
	rsdp_sum();
	put8(XSDT, 'Y');
	parse_well();
	assert_true(info.has_madt && info.has_fadt && info.has_hpet && info.has_mcfg);
}

static void short_copy_of_a_root_pointer_is_enough(void **)
{
	struct boot_memory m = memory();
	struct boot_report report = {say, NULL};

	assert_int_equal(acpi_parse(&m, (struct bytes){rom + RSDP, 20}, &report, &info), OK);
	assert_true(info.has_madt);
	assert_int_equal(acpi_parse(&m, (struct bytes){rom + RSDP, 19}, &report, &info), E_NODATA);
}

static void broken_xsdt_falls_back_to_the_rsdt(void **)
{
	put8(XSDT + 10, 1);
	parse_saying("XSDT has a bad checksum");
	assert_true(info.has_madt && info.has_mcfg);
	put8(XSDT, 'Y');
	parse_saying("root table is not where");
	put64(RSDP + 24, 0);
	rsdp_sum();
	parse_saying("root table is not where");
	assert_true(info.has_madt);
}

static void extension_with_a_bad_checksum_is_not_used(void **)
{
	put8(RSDP + 33, 1);
	put8(XSDT, 'Y');
	parse_well();
	assert_true(info.has_madt);
	machine(NULL);
	put32(RSDP + 20, 0xffffffff);
	put8(XSDT, 'Y');
	parse_well();
}

static void machine_without_a_root_is_refused(void **)
{
	put8(RSDP + 8, (uint8_t)(rom[RSDP + 8] + 1));
	assert_int_equal(parse(), E_NODATA);
	assert_non_null(strstr(said, "no valid root pointer"));
	machine(NULL);
	put8(XSDT, 'Y');
	put8(RSDT, 'Y');
	assert_int_equal(parse(), E_NODATA);
	assert_false(info.has_madt);
}

/* ---- Tables with something broken. ---- */

static void table_with_a_bad_checksum_is_left_out(void **)
{
	put8(MADT + 10, 1);
	parse_saying("APIC has a bad checksum");
	assert_false(info.has_madt);
	assert_true(info.has_fadt && info.has_hpet && info.has_mcfg);
}

static void table_with_a_bad_length_is_left_out(void **)
{
	put32(HPET + 4, 55);
	parse_saying("HPET has a bad length");
	put32(HPET + 4, 0xffffffff);
	parse_saying("HPET has a bad length");
	put32(HPET + 4, ROM_BYTES);
	parse_saying("HPET is not readable");
	assert_false(info.has_hpet);
	assert_true(info.has_madt);
}

static void table_that_is_nowhere_is_left_out(void **)
{
	put64(XSDT + 36, 0);
	put64(XSDT + 44, UINT64_MAX - 3);
	table_sum(XSDT);
	parse_saying("a table that is not readable");
	assert_int_equal(said_count, 2);
	assert_false(info.has_madt || info.has_fadt);
	assert_true(info.has_hpet);
}

static void second_table_of_a_kind_is_left_out(void **)
{
	put64(XSDT + 44, ROM + MADT);
	table_sum(XSDT);
	parse_saying("APIC is there twice");
	assert_int_equal(info.cpu_count, 2);
}

static void apic_id_that_is_listed_twice_counts_once(void **)
{
	madt_x2apic(1, 1);
	table_sum(MADT);
	parse_saying("listed twice");
	assert_int_equal(info.cpu_count, 2);
}

static void apic_id_of_all_ones_is_no_cpu(void **)
{
	madt_cpu(0xff, 0);
	table_sum(MADT);
	parse_well();
	assert_int_equal(info.cpu_count, 2);
}

static void madt_entry_of_a_bad_length_ends_the_table(void **)
{
	madt_entry(0, 1);
	put32(MADT + 4, load_u32(rom + MADT + 4) + 20);
	table_sum(MADT);
	parse_saying("bad length, the rest");
	assert_int_equal(info.cpu_count, 2);
	machine(NULL);
	madt_entry(0, 8);
	put32(MADT + 4, load_u32(rom + MADT + 4) - 1);
	table_sum(MADT);
	parse_saying("bad length, the rest");
}

static void madt_entry_too_short_for_its_type_is_left_out(void **)
{
	static const uint8_t types[] = {0, 1, 2, 3, 4, 5, 9, 10};

	for (unsigned int i = 0; i < ARRAY_COUNT(types); i++) {
		machine(NULL);
		madt_entry(types[i], 4);
		madt_cpu(7, 1);
		table_sum(MADT);
		parse_saying("too short");
		assert_int_equal(info.cpu_count, 3);
	}
}

static void madt_entry_of_an_unknown_type_is_skipped(void **)
{
	madt_entry(0x80, 6);
	madt_cpu(7, 1);
	table_sum(MADT);
	parse_well();
	assert_int_equal(info.cpu_count, 3);
}

static void io_apic_without_an_address_is_left_out(void **)
{
	madt_entry(1, 12);
	table_sum(MADT);
	parse_saying("IO-APIC without an address");
	assert_int_equal(info.io_apic_count, 1);
}

static void what_does_not_fit_is_left_out(void **)
{
	for (unsigned int i = 0; i < ACPI_CPU_MAX; i++)
		madt_x2apic(1000 + i, 1);
	for (unsigned int i = 0; i < ACPI_IO_APIC_MAX; i++)
		put32(madt_entry(1, 12) + 4, 0xfec01000 + i * 0x1000);
	for (unsigned int i = 0; i < ACPI_OVERRIDE_MAX; i++)
		madt_entry(2, 10);
	for (unsigned int i = 0; i < ACPI_NMI_MAX; i++)
		madt_entry(4, 6);
	table_sum(MADT);
	parse_saying("more CPUs than");
	assert_non_null(strstr(said, "more IO-APICs than"));
	assert_non_null(strstr(said, "more interrupt overrides than"));
	assert_non_null(strstr(said, "more NMI lines than"));
	assert_int_equal(info.cpu_count, ACPI_CPU_MAX);
	assert_int_equal(info.io_apic_count, ACPI_IO_APIC_MAX);
	assert_int_equal(info.override_count, ACPI_OVERRIDE_MAX);
	assert_int_equal(info.nmi_count, ACPI_NMI_MAX);
}

static void every_cpu_may_have_an_nmi_line_of_its_own(void **)
{
	for (unsigned int i = 0; i < ACPI_CPU_MAX; i++)
		put32(madt_entry(10, 12) + 4, i);
	table_sum(MADT);
	parse_well();
	assert_int_equal(info.nmi_count, ACPI_CPU_MAX + 1);
	assert_int_equal(info.nmi[ACPI_CPU_MAX].acpi_id, ACPI_CPU_MAX - 1);
}

static void hpet_without_a_memory_address_is_left_out(void **)
{
	put8(HPET + 40, ACPI_SPACE_PORTS);
	table_sum(HPET);
	parse_saying("HPET has no usable address");
	assert_false(info.has_hpet);
	generic_address(HPET + 40, ACPI_SPACE_MEMORY, 0, 0);
	table_sum(HPET);
	parse_saying("HPET has no usable address");
}

static void configuration_space_that_makes_no_sense_is_left_out(void **)
{
	static const struct acpi_mcfg rows[] = {
		{0, 0, 0, 255}, {0xb0000000, 0, 2, 1}, {0xb0001000, 0, 0, 255}, {UINT64_MAX & ~0xfffffull, 0, 0, 1},
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(rows); i++) {
		put64(MCFG + 44, rows[i].start);
		put8(MCFG + 54, rows[i].bus_first);
		put8(MCFG + 55, rows[i].bus_last);
		table_sum(MCFG);
		parse_saying("MCFG makes no sense");
		assert_false(info.has_mcfg);
	}
}

static void more_configuration_spaces_than_fit_are_left_out(void **)
{
	put32(MCFG + 4, 44 + 16 * (ACPI_MCFG_MAX + 1));
	for (unsigned int i = 0; i <= ACPI_MCFG_MAX; i++)
		put64(MCFG + 44 + 16 * i, 0x10000000 + ((uint64_t)i << 20));
	table_sum(MCFG);
	parse_saying("entries in the MCFG than");
	assert_int_equal(info.mcfg_count, ACPI_MCFG_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, machine, machine_free)
	const struct CMUnitTest tests[] = {
		TEST(cpus_and_interrupt_controllers_are_found),
		TEST(x2apic_entries_are_understood),
		TEST(fixed_hardware_is_found),
		TEST(fadt_of_the_first_version_has_ports),
		TEST(reset_register_may_lie_in_configuration_space),
		TEST(reset_register_in_another_space_is_none),
		TEST(reset_register_that_the_flag_does_not_confirm_is_none),
		TEST(registers_but_that_of_reset_do_not_lie_in_configuration_space),
		TEST(register_in_a_foreign_space_falls_back_to_the_port),
		TEST(hpet_and_configuration_space_are_found),
		TEST(root_pointer_is_found_in_the_ebda_first),
		TEST(root_pointer_is_taken_from_the_hint),
		TEST(root_pointer_of_the_first_version_leads_to_the_rsdt),
		TEST(short_copy_of_a_root_pointer_is_enough),
		TEST(broken_xsdt_falls_back_to_the_rsdt),
		TEST(extension_with_a_bad_checksum_is_not_used),
		TEST(machine_without_a_root_is_refused),
		TEST(table_with_a_bad_checksum_is_left_out),
		TEST(table_with_a_bad_length_is_left_out),
		TEST(table_that_is_nowhere_is_left_out),
		TEST(second_table_of_a_kind_is_left_out),
		TEST(apic_id_that_is_listed_twice_counts_once),
		TEST(apic_id_of_all_ones_is_no_cpu),
		TEST(madt_entry_of_a_bad_length_ends_the_table),
		TEST(madt_entry_too_short_for_its_type_is_left_out),
		TEST(madt_entry_of_an_unknown_type_is_skipped),
		TEST(io_apic_without_an_address_is_left_out),
		TEST(what_does_not_fit_is_left_out),
		TEST(every_cpu_may_have_an_nmi_line_of_its_own),
		TEST(hpet_without_a_memory_address_is_left_out),
		TEST(configuration_space_that_makes_no_sense_is_left_out),
		TEST(more_configuration_spaces_than_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
