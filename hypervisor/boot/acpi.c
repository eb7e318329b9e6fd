/*
 * The ACPI tables that a hypervisor needs before domain 0 takes over (ACPI specification 6.5, chapter 5).
 *
 * From the root pointer (RSDP) to the root table (XSDT, else RSDT) to MADT, FADT, HPET and MCFG. Nothing here
 * interprets the firmware's programs (DSDT, SSDT): those are domain 0's.
 *
 * A table is used only if its length is plausible, all of it is readable and its checksum is right. What is wrong is
 * reported and left out, never fatal: the caller decides what it cannot do without. Of two tables of one kind the
 * first counts.
 */
#include <hyp/boot/acpi.h>
#include <hyp/string.h>

#define RSDP_V1_BYTES 20
#define RSDP_V2_BYTES 36
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_LENGTH 20
#define RSDP_XSDT 24
#define RSDP_STEP 16

#define BIOS_EBDA_SEGMENT 0x40e
#define BIOS_EBDA_BYTES 1024
#define BIOS_ROM_START 0xe0000
#define BIOS_ROM_BYTES 0x20000

#define TABLE_HEADER_BYTES 36
#define TABLE_LENGTH 4
#define TABLE_BYTES_MAX (UINT32_C(1) << 20)

/* A place in the tables: where warnings go, and where what is found goes. */
struct walk {
	const struct boot_memory *memory;
	const struct boot_report *report;
	struct acpi_info *out;
};

static void report_table(const struct walk *w, const uint8_t *signature, const char *what)
{
	struct text_line line = TEXT_LINE_INIT;

	text_line_add(&line, "ACPI: table ");
	text_line_add_text(&line, (struct text){(const char *)signature, 4});
	text_line_add(&line, what);
	boot_report_say(w->report, &line);
}

static void report_plain(const struct walk *w, const char *what)
{
	struct text_line line = TEXT_LINE_INIT;

	text_line_add(&line, "ACPI: ");
	text_line_add(&line, what);
	boot_report_say(w->report, &line);
}

static bool sum_is_zero(const uint8_t *data, uint64_t count)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + data[i]);
	return sum == 0;
}

/* ---- The root pointer. ---- */

static bool rsdp_is_valid(struct bytes rsdp)
{
	return rsdp.count >= RSDP_V1_BYTES && memcmp(rsdp.data, "RSD PTR ", 8) == 0 &&
	       sum_is_zero(rsdp.data, RSDP_V1_BYTES);
}

/* The second version's part, with the address of the XSDT, has a checksum of its own. */
static bool rsdp_has_xsdt(struct bytes rsdp)
{
	uint32_t length;

	if (rsdp.data[RSDP_REVISION] < 2 || rsdp.count < RSDP_V2_BYTES)
		return false;
	length = load_u32(rsdp.data + RSDP_LENGTH);
	return length >= RSDP_V2_BYTES && length <= rsdp.count && sum_is_zero(rsdp.data, length);
}

static struct bytes rsdp_at(const struct boot_memory *memory, paddr_t start)
{
	struct bytes rsdp = {boot_memory_at(memory, start, RSDP_V1_BYTES), RSDP_V1_BYTES};
	const uint8_t *longer;

	if (!rsdp.data || !rsdp_is_valid(rsdp))
		return (struct bytes){NULL, 0};
	longer = rsdp.data[RSDP_REVISION] >= 2 ? boot_memory_at(memory, start, RSDP_V2_BYTES) : NULL;
	return longer ? (struct bytes){longer, RSDP_V2_BYTES} : rsdp;
}

static struct bytes rsdp_scan(const struct boot_memory *memory, paddr_t start, uint64_t bytes)
{
	struct bytes rsdp = {NULL, 0};

	for (uint64_t at = 0; at < bytes && !rsdp.data; at += RSDP_STEP)
		rsdp = rsdp_at(memory, start + at);
	return rsdp;
}

struct bytes acpi_find_rsdp(const struct boot_memory *memory, paddr_t hint)
{
	struct bytes rsdp = hint ? rsdp_at(memory, hint) : (struct bytes){NULL, 0};
	const uint8_t *segment = rsdp.data ? NULL : boot_memory_at(memory, BIOS_EBDA_SEGMENT, 2);

	if (segment && load_u16(segment))
		rsdp = rsdp_scan(memory, (paddr_t)load_u16(segment) << 4, BIOS_EBDA_BYTES);
	if (!rsdp.data)
		rsdp = rsdp_scan(memory, BIOS_ROM_START, BIOS_ROM_BYTES);
	return rsdp;
}

/* ---- MADT: CPUs and interrupt controllers. An entry is type, length, and what follows. ---- */

#define MADT_LOCAL_APIC 36
#define MADT_FLAGS 40
#define MADT_ENTRIES 44
#define MADT_FLAG_PICS BIT(0)
#define MADT_CPU_ENABLED BIT(0)
#define MADT_CPU_ONLINE_CAPABLE BIT(1)
#define LOCAL_APIC_ID_NONE 0xff
#define LOCAL_NMI_ALL 0xff

static void cpu_add(const struct walk *w, struct acpi_cpu cpu, uint32_t flags)
{
	struct acpi_info *out = w->out;

	/* Firmware may list a CPU in both kinds of entry. */
	for (unsigned int i = 0; i < out->cpu_count; i++)
		if (out->cpu[i].apic_id == cpu.apic_id) {
			report_plain(w, "an APIC id is listed twice, the second is ignored");
			return;
		}
	if (out->cpu_count == ACPI_CPU_MAX) {
		report_plain(w, "more CPUs than there is room for, one is ignored");
		return;
	}
	cpu.enabled = flags & MADT_CPU_ENABLED;
	cpu.online_capable = flags & MADT_CPU_ONLINE_CAPABLE;
	out->cpu[out->cpu_count++] = cpu;
}

static void local_apic_parse(const struct walk *w, const uint8_t *e)
{
	if (e[3] != LOCAL_APIC_ID_NONE)
		cpu_add(w, (struct acpi_cpu){.apic_id = e[3], .acpi_id = e[2]}, load_u32(e + 4));
}

static void x2apic_parse(const struct walk *w, const uint8_t *e)
{
	struct acpi_cpu cpu = {.apic_id = load_u32(e + 4), .acpi_id = load_u32(e + 12), .x2apic = true};

	if (cpu.apic_id != UINT32_MAX)
		cpu_add(w, cpu, load_u32(e + 8));
}

static void io_apic_parse(const struct walk *w, const uint8_t *e)
{
	struct acpi_info *out = w->out;

	if (!load_u32(e + 4))
		report_plain(w, "an IO-APIC without an address is ignored");
	else if (out->io_apic_count == ACPI_IO_APIC_MAX)
		report_plain(w, "more IO-APICs than there is room for, one is ignored");
	else
		out->io_apic[out->io_apic_count++] = (struct acpi_io_apic){e[2], load_u32(e + 4), load_u32(e + 8)};
}

static uint8_t flags_polarity(uint16_t flags) { return flags & 3; }
static uint8_t flags_trigger(uint16_t flags) { return flags >> 2 & 3; }

static void override_parse(const struct walk *w, const uint8_t *e)
{
	struct acpi_info *out = w->out;
	uint16_t flags = load_u16(e + 8);

	if (out->override_count == ACPI_OVERRIDE_MAX)
		report_plain(w, "more interrupt overrides than there is room for, one is ignored");
	else
		out->override[out->override_count++] = (struct acpi_override){
			.irq = e[3],
			.gsi = load_u32(e + 4),
			.polarity = flags_polarity(flags),
			.trigger = flags_trigger(flags),
		};
}

static void nmi_add(const struct walk *w, struct acpi_nmi nmi, uint16_t flags)
{
	if (w->out->nmi_count == ACPI_NMI_MAX) {
		report_plain(w, "more NMI lines than there is room for, one is ignored");
		return;
	}
	nmi.polarity = flags_polarity(flags);
	nmi.trigger = flags_trigger(flags);
	w->out->nmi[w->out->nmi_count++] = nmi;
}

static void global_nmi_parse(const struct walk *w, const uint8_t *e)
{
	nmi_add(w, (struct acpi_nmi){.gsi = load_u32(e + 4)}, load_u16(e + 2));
}

static void local_nmi_parse(const struct walk *w, const uint8_t *e)
{
	uint32_t id = e[2] == LOCAL_NMI_ALL ? ACPI_NMI_ALL_CPUS : e[2];

	nmi_add(w, (struct acpi_nmi){.local = true, .acpi_id = id, .lint = e[5]}, load_u16(e + 3));
}

static void x2apic_nmi_parse(const struct walk *w, const uint8_t *e)
{
	nmi_add(w, (struct acpi_nmi){.local = true, .acpi_id = load_u32(e + 4), .lint = e[8]}, load_u16(e + 2));
}

static void local_apic_address_parse(const struct walk *w, const uint8_t *e) { w->out->local_apic = load_u64(e + 4); }

static const struct madt_kind {
	uint8_t type, bytes_min;
	void (*parse)(const struct walk *w, const uint8_t *entry);
} madt_kinds[] = {
	{0, 8, local_apic_parse},	  {1, 12, io_apic_parse}, {2, 10, override_parse},
	{3, 8, global_nmi_parse},	  {4, 6, local_nmi_parse}, {5, 12, local_apic_address_parse},
	{9, 16, x2apic_parse},		  {10, 12, x2apic_nmi_parse},
};

static void madt_entry_parse(const struct walk *w, const uint8_t *e)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(madt_kinds); i++) {
		if (madt_kinds[i].type != e[0])
			continue;
		if (e[1] < madt_kinds[i].bytes_min)
			report_plain(w, "an entry of the MADT is too short and ignored");
		else
			madt_kinds[i].parse(w, e);
	}
}

static void madt_parse(const struct walk *w, struct bytes table)
{
	const uint8_t *e;

	w->out->has_madt = true;
	w->out->local_apic = load_u32(table.data + MADT_LOCAL_APIC);
	w->out->has_pics = load_u32(table.data + MADT_FLAGS) & MADT_FLAG_PICS;
	for (uint64_t at = MADT_ENTRIES; (e = bytes_at(table, at, 2)); at += e[1]) {
		if (e[1] < 2 || !bytes_at(table, at, e[1])) {
			report_plain(w, "an entry of the MADT has a bad length, the rest is ignored");
			return;
		}
		madt_entry_parse(w, e);
	}
}

/* ---- FADT: fixed hardware. ---- */

enum {
	FADT_SCI = 46,
	FADT_SMI_COMMAND = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_ACPI_DISABLE = 53,
	FADT_PM1A_EVENT = 56,
	FADT_PM1B_EVENT = 60,
	FADT_PM1A_CONTROL = 64,
	FADT_PM1B_CONTROL = 68,
	FADT_PM_TIMER = 76,
	FADT_PM1_EVENT_BYTES = 88,
	FADT_PM1_CONTROL_BYTES = 89,
	FADT_PM_TIMER_BYTES = 91,
	FADT_FLAGS = 112,
	FADT_BYTES_MIN = 116,
	FADT_RESET = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_PM1A_EVENT = 148,
	FADT_X_PM1B_EVENT = 160,
	FADT_X_PM1A_CONTROL = 172,
	FADT_X_PM1B_CONTROL = 184,
	FADT_X_PM_TIMER = 208,
	FADT_SLEEP_CONTROL = 244,
	FADT_SLEEP_STATUS = 256,
};
#define GENERIC_ADDRESS_BYTES 12

/* A generic address structure; no register if the table ends before it, or the space comes behind `last`. */
static struct acpi_register generic_address(struct bytes table, uint64_t offset, enum acpi_space last)
{
	const uint8_t *p = bytes_at(table, offset, GENERIC_ADDRESS_BYTES);

	if (!p || p[0] > last)
		return (struct acpi_register){0};
	return (struct acpi_register){.space = p[0], .bits = p[1], .address = load_u64(p + 4)};
}

/* A register of the first version: a port, of so many bytes; the extended form counts if it has an address. */
static struct acpi_register fadt_register(struct bytes table, uint64_t offset, uint64_t bytes_offset, uint64_t extended)
{
	struct acpi_register r = generic_address(table, extended, ACPI_SPACE_PORTS);

	if (!r.address)
		r = (struct acpi_register){ACPI_SPACE_PORTS, (uint8_t)(table.data[bytes_offset] * 8),
					   load_u32(table.data + offset)};
	return r;
}

/* It counts if the flag says so, and may lie in the configuration space of a function on bus 0 (section 4.8.3.6). */
static struct acpi_register reset_register(struct bytes table)
{
	if (!(load_u32(table.data + FADT_FLAGS) & ACPI_FADT_RESET_SUPPORTED))
		return (struct acpi_register){0};
	return generic_address(table, FADT_RESET, ACPI_SPACE_PCI);
}

static void fadt_parse(const struct walk *w, struct bytes table)
{
	const uint8_t *value = bytes_at(table, FADT_RESET_VALUE, 1);

	w->out->has_fadt = true;
	w->out->fadt = (struct acpi_fadt){
		.sci_irq = load_u16(table.data + FADT_SCI),
		.flags = load_u32(table.data + FADT_FLAGS),
		.smi_command = load_u32(table.data + FADT_SMI_COMMAND),
		.acpi_enable = table.data[FADT_ACPI_ENABLE],
		.acpi_disable = table.data[FADT_ACPI_DISABLE],
		.pm_timer = fadt_register(table, FADT_PM_TIMER, FADT_PM_TIMER_BYTES, FADT_X_PM_TIMER),
		.pm1a_event = fadt_register(table, FADT_PM1A_EVENT, FADT_PM1_EVENT_BYTES, FADT_X_PM1A_EVENT),
		.pm1b_event = fadt_register(table, FADT_PM1B_EVENT, FADT_PM1_EVENT_BYTES, FADT_X_PM1B_EVENT),
		.pm1a_control = fadt_register(table, FADT_PM1A_CONTROL, FADT_PM1_CONTROL_BYTES, FADT_X_PM1A_CONTROL),
		.pm1b_control = fadt_register(table, FADT_PM1B_CONTROL, FADT_PM1_CONTROL_BYTES, FADT_X_PM1B_CONTROL),
		.reset = reset_register(table),
		.reset_value = value ? *value : 0,
		.sleep_control = generic_address(table, FADT_SLEEP_CONTROL, ACPI_SPACE_PORTS),
		.sleep_status = generic_address(table, FADT_SLEEP_STATUS, ACPI_SPACE_PORTS),
	};
}

/* ---- HPET and MCFG. ---- */

#define HPET_ID 36
#define HPET_ADDRESS 40
#define HPET_NUMBER 52
#define HPET_MINIMUM_TICK 53
#define HPET_BYTES_MIN 56

static void hpet_parse(const struct walk *w, struct bytes table)
{
	struct acpi_register address = generic_address(table, HPET_ADDRESS, ACPI_SPACE_MEMORY);

	if (!address.address) {
		report_plain(w, "the HPET has no usable address and is ignored");
		return;
	}
	w->out->has_hpet = true;
	w->out->hpet = (struct acpi_hpet){
		.start = address.address,
		.id = load_u32(table.data + HPET_ID),
		.number = table.data[HPET_NUMBER],
		.minimum_tick = load_u16(table.data + HPET_MINIMUM_TICK),
	};
}

#define MCFG_ENTRIES 44
#define MCFG_ENTRY_BYTES 16
#define MCFG_BUS_SHIFT 20

static bool mcfg_entry_is_valid(const struct acpi_mcfg *m)
{
	return m->start && m->start % BIT(MCFG_BUS_SHIFT) == 0 && m->bus_first <= m->bus_last &&
	       m->start <= UINT64_MAX - ((uint64_t)m->bus_last + 1) * BIT(MCFG_BUS_SHIFT);
}

static void mcfg_parse(const struct walk *w, struct bytes table)
{
	struct acpi_info *out = w->out;
	const uint8_t *e;

	for (uint64_t at = MCFG_ENTRIES; (e = bytes_at(table, at, MCFG_ENTRY_BYTES)); at += MCFG_ENTRY_BYTES) {
		struct acpi_mcfg m = {load_u64(e), load_u16(e + 8), e[10], e[11]};

		if (!mcfg_entry_is_valid(&m))
			report_plain(w, "an entry of the MCFG makes no sense and is ignored");
		else if (out->mcfg_count == ACPI_MCFG_MAX)
			report_plain(w, "more entries in the MCFG than there is room for, one is ignored");
		else
			out->mcfg[out->mcfg_count++] = m;
	}
	out->has_mcfg = out->mcfg_count != 0;
}

/* ---- From the root to the tables. ---- */

static const struct table_kind {
	char signature[5];
	uint32_t bytes_min;
	void (*parse)(const struct walk *w, struct bytes table);
} table_kinds[] = {
	{"APIC", MADT_ENTRIES, madt_parse},
	{"FACP", FADT_BYTES_MIN, fadt_parse},
	{"HPET", HPET_BYTES_MIN, hpet_parse},
	{"MCFG", MCFG_ENTRIES, mcfg_parse},
};

/* All of the table whose header is at `start`; `data` is NULL, with a report, if it cannot be used. */
static struct bytes table_at(const struct walk *w, paddr_t start, const uint8_t *header, uint32_t bytes_min)
{
	uint32_t length = load_u32(header + TABLE_LENGTH);
	const uint8_t *table;

	if (length < bytes_min || length > TABLE_BYTES_MAX) {
		report_table(w, header, " has a bad length and is ignored");
		return (struct bytes){NULL, 0};
	}
	table = boot_memory_at(w->memory, start, length);
	if (!table)
		report_table(w, header, " is not readable and is ignored");
	else if (!sum_is_zero(table, length))
		report_table(w, header, " has a bad checksum and is ignored");
	else
		return (struct bytes){table, length};
	return (struct bytes){NULL, 0};
}

/* `seen` has a bit for each kind of table that came before. */
static void table_parse(const struct walk *w, paddr_t start, unsigned int *seen)
{
	const uint8_t *header = start ? boot_memory_at(w->memory, start, TABLE_HEADER_BYTES) : NULL;

	if (!header) {
		report_plain(w, "the root table names a table that is not readable");
		return;
	}
	for (unsigned int i = 0; i < ARRAY_COUNT(table_kinds); i++) {
		struct bytes table;

		if (memcmp(header, table_kinds[i].signature, 4) != 0)
			continue;
		if (*seen & BIT(i)) {
			report_table(w, header, " is there twice, the second is ignored");
			return;
		}
		table = table_at(w, start, header, table_kinds[i].bytes_min);
		if (table.data) {
			*seen |= (unsigned int)BIT(i);
			table_kinds[i].parse(w, table);
		}
	}
}

/* The root table: addresses of `entry_bytes` bytes behind the header. False if it cannot be used. */
static bool root_parse(const struct walk *w, paddr_t start, const char *signature, unsigned int entry_bytes)
{
	const uint8_t *header = start ? boot_memory_at(w->memory, start, TABLE_HEADER_BYTES) : NULL, *e;
	struct bytes table;
	unsigned int seen = 0;

	if (!header || memcmp(header, signature, 4) != 0) {
		report_plain(w, "a root table is not where the root pointer says");
		return false;
	}
	table = table_at(w, start, header, TABLE_HEADER_BYTES);
	if (!table.data)
		return false;
	for (uint64_t at = TABLE_HEADER_BYTES; (e = bytes_at(table, at, entry_bytes)); at += entry_bytes)
		table_parse(w, entry_bytes == 8 ? load_u64(e) : load_u32(e), &seen);
	return true;
}

enum status acpi_parse(const struct boot_memory *memory, struct bytes rsdp, const struct boot_report *report,
		       struct acpi_info *out)
{
	struct walk w = {memory, report, out};

	memset(out, 0, sizeof(*out));
	if (!rsdp.data || !rsdp_is_valid(rsdp)) {
		report_plain(&w, "no valid root pointer");
		return E_NODATA;
	}
	if (rsdp_has_xsdt(rsdp) && root_parse(&w, load_u64(rsdp.data + RSDP_XSDT), "XSDT", 8))
		return OK;
	return root_parse(&w, load_u32(rsdp.data + RSDP_RSDT), "RSDT", 4) ? OK : E_NODATA;
}
