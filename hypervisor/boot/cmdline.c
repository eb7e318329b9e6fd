/*
 * The hypervisor's command line.
 *
 * The words and their syntax are Xen's, so that a boot entry written for Xen works unchanged:
 *  - words are separated by blanks; `name` or `name=value`; the last of a name wins;
 *  - a boolean is `foo`, `foo=1|yes|on|true|enable`, `foo=0|no|off|false|disable`, or `no-foo`;
 *  - a size has a suffix B, K, M, G or T, and is in KiB without one;
 *  - what follows ` -- ` belongs to domain 0's command line;
 *  - the first word may be the image's name, or a placeholder, as loaders put it there.
 * One row per word says what it is called, of which kind it is and where its value goes. Nothing on the command line
 * stops the start: what is not understood is reported and changes nothing.
 */
#include <hyp/boot/cmdline.h>
#include <hyp/string.h>

/* ---- Values that several words share. Each writes its result only if the whole value makes sense. ---- */

static bool bool_parse(struct text value, bool *out)
{
	static const char *const words[2][5] = {
		{"0", "no", "off", "false", "disable"},
		{"1", "yes", "on", "true", "enable"},
	};

	for (unsigned int on = 0; on < 2; on++)
		for (unsigned int i = 0; i < ARRAY_COUNT(words[0]); i++)
			if (text_equal(value, words[on][i])) {
				*out = on;
				return true;
			}
	return false;
}

/* The power of 1024 that a suffix stands for, or -1. */
static int suffix_power(char c)
{
	switch (c) {
	case 'b': case 'B': return 0;
	case 'k': case 'K': return 1;
	case 'm': case 'M': return 2;
	case 'g': case 'G': return 3;
	case 't': case 'T': return 4;
	default: return -1;
	}
}

static bool size_parse(struct text value, uint64_t *out)
{
	bool hex = text_starts(value, "0x") || text_starts(value, "0X");
	int power = value.bytes ? suffix_power(value.at[value.bytes - 1]) : -1;
	uint64_t number;

	if (power == 0 && hex)
		power = -1; /* that B is a digit */
	if (power >= 0)
		value.bytes--;
	else
		power = 1;
	if (!text_to_number(value, &number) || number > UINT64_MAX >> (10 * power))
		return false;
	*out = number << (10 * power);
	return true;
}

static bool number_parse(struct text value, uint64_t min, uint64_t max, uint32_t *out)
{
	uint64_t number;

	if (!text_to_number(value, &number) || number < min || number > max)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* `choices` are separated by '|'; the result is the place of the value in them, from 1 on. */
static bool choice_parse(struct text value, const char *choices, uint8_t *out)
{
	struct text rest = {choices, strlen(choices)};

	for (uint8_t i = 1; rest.bytes; i++) {
		struct text choice = text_take(&rest, '|');

		if (choice.bytes == value.bytes && memcmp(choice.at, value.at, value.bytes) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* ---- Words with a syntax of their own. `base` is the struct boot_options, `field` the word's field in it. ---- */

static bool console_parse(struct text value, struct boot_options *o, void *)
{
	static const char *const names[] = {
		[BOOT_CONSOLE_COM1] = "com1",
		[BOOT_CONSOLE_COM2] = "com2",
		[BOOT_CONSOLE_VGA] = "vga",
		[BOOT_CONSOLE_E9] = "e9",
	};
	enum boot_console console[BOOT_CONSOLE_MAX];
	unsigned int count = 0;
	bool none = text_equal(value, "none");

	while (value.bytes && !none) {
		struct text name = text_take(&value, ',');
		unsigned int i = 0;

		while (i < ARRAY_COUNT(names) && !text_equal(name, names[i]))
			i++;
		if (i == ARRAY_COUNT(names) || count == BOOT_CONSOLE_MAX)
			return false;
		console[count++] = i;
	}
	if (!count && !none)
		return false;
	memcpy(o->console, console, count * sizeof(console[0]));
	o->console_count = count;
	o->console_given = true;
	return true;
}

/* BAUD[/BASE] or auto. */
static bool serial_speed_parse(struct text value, struct boot_serial *s)
{
	struct text baud = text_take(&value, '/');

	if (text_equal(baud, "auto"))
		s->baud_auto = true;
	else if (!number_parse(baud, 1, UINT32_MAX, &s->baud))
		return false;
	return !value.bytes || number_parse(value, 1, UINT32_MAX, &s->base_baud);
}

/* As 8n1: data bits, parity, stop bits. */
static bool serial_frame_parse(struct text value, struct boot_serial *s)
{
	static const struct text parities = {"noems", 5};

	if (value.bytes != 3 || value.at[0] < '5' || value.at[0] > '8' || !text_has(parities, value.at[1]) ||
	    value.at[2] < '1' || value.at[2] > '2')
		return false;
	s->data_bits = (uint8_t)(value.at[0] - '0');
	s->parity = value.at[1];
	s->stop_bits = (uint8_t)(value.at[2] - '0');
	return true;
}

/* SPEED[,FRAME[,IO-BASE[,IRQ]]]; each part may be empty. */
static bool serial_parse(struct text value, struct boot_options *, void *field)
{
	struct boot_serial s = {.given = true};
	struct text speed = text_take(&value, ','), frame = text_take(&value, ','), io_base = text_take(&value, ','),
		    irq = text_take(&value, ',');

	if (value.bytes || !(speed.bytes || frame.bytes || io_base.bytes || irq.bytes))
		return false;
	if (speed.bytes && !serial_speed_parse(speed, &s))
		return false;
	if (frame.bytes && !serial_frame_parse(frame, &s))
		return false;
	if (io_base.bytes && (!text_to_number(io_base, &s.io_base) || !s.io_base))
		return false;
	if (irq.bytes && !number_parse(irq, 0, 255, &s.irq))
		return false;
	s.has_irq = irq.bytes != 0;
	*(struct boot_serial *)field = s;
	return true;
}

/* A list of SIZE, min:SIZE, max:SIZE; a size may be negative: all but so much. */
static bool dom0_mem_parse(struct text value, struct boot_options *, void *field)
{
	struct boot_dom0_memory memory = {0};

	if (!value.bytes)
		return false;
	while (value.bytes) {
		struct text part = text_take(&value, ',');
		struct boot_size *size = &memory.size;

		if (text_starts(part, "min:"))
			size = &memory.min;
		else if (text_starts(part, "max:"))
			size = &memory.max;
		if (size != &memory.size)
			part = text_skip(part, 4);
		size->given = true;
		size->negative = text_starts(part, "-");
		if (!size_parse(size->negative ? text_skip(part, 1) : part, &size->bytes))
			return false;
	}
	*(struct boot_dom0_memory *)field = memory;
	return true;
}

#define VCPU_COUNT_MAX 8192

/* N, MIN-MAX, MIN-, -MAX. */
static bool vcpu_range_parse(struct text value, struct boot_options *, void *field)
{
	struct boot_vcpu_range range = {.given = true, .min = 1, .max = VCPU_COUNT_MAX};
	bool is_range = text_has(value, '-');
	struct text min = text_take(&value, '-');

	if (is_range && !min.bytes && !value.bytes)
		return false;
	if ((min.bytes || !is_range) && !number_parse(min, 1, VCPU_COUNT_MAX, &range.min))
		return false;
	if (!is_range)
		range.max = range.min;
	else if (value.bytes && !number_parse(value, 1, VCPU_COUNT_MAX, &range.max))
		return false;
	if (range.min > range.max)
		return false;
	*(struct boot_vcpu_range *)field = range;
	return true;
}

static bool log_level_parse(struct text value, uint8_t *out)
{
	if (!choice_parse(value, "none|error|warning|info|debug|all", out))
		return false;
	*out = MIN(*out - 1, BOOT_LOG_DEBUG);
	return true;
}

/* ALWAYS[/LIMITED]; the second is not below the first. */
static bool log_levels_parse(struct text value, struct boot_options *, void *field)
{
	struct boot_log_levels levels = {.given = true};
	struct text always = text_take(&value, '/');

	if (!log_level_parse(always, &levels.always))
		return false;
	levels.limited = levels.always;
	if (value.bytes && !log_level_parse(value, &levels.limited))
		return false;
	levels.limited = MAX(levels.limited, levels.always);
	*(struct boot_log_levels *)field = levels;
	return true;
}

static bool timestamps_parse(struct text value, struct boot_options *, void *field)
{
	bool on = true;

	if (!value.bytes || bool_parse(value, &on)) {
		*(uint8_t *)field = on ? BOOT_TIMESTAMPS_DATE : BOOT_TIMESTAMPS_NONE;
		return true;
	}
	return choice_parse(value, "none|date|datems|boot|raw", field);
}

/* A list of BOOL, for all domains, dom0[=BOOL] and domu[=BOOL]; also no-dom0 and no-domu. */
static bool l1tf_parse(struct text value, struct boot_options *, void *field)
{
	struct boot_l1tf l1tf = *(struct boot_l1tf *)field;
	struct text name;
	bool on;

	if (!value.bytes)
		l1tf.dom0 = l1tf.domu = true;
	while (boot_list_next(&value, &name, &on)) {
		struct text who = text_take(&name, '=');

		if (name.bytes && (!on || !bool_parse(name, &on)))
			return false;
		if (text_equal(who, "dom0"))
			l1tf.dom0 = on;
		else if (text_equal(who, "domu"))
			l1tf.domu = on;
		else if (bool_parse(who, &on))
			l1tf.dom0 = l1tf.domu = on;
		else
			return false;
	}
	*(struct boot_l1tf *)field = l1tf;
	return true;
}

static bool watchdog_parse(struct text value, struct boot_options *, void *field)
{
	bool on = true;

	if (text_equal(value, "force")) {
		*(uint8_t *)field = BOOT_WATCHDOG_FORCE;
		return true;
	}
	if (value.bytes && !bool_parse(value, &on))
		return false;
	*(uint8_t *)field = on ? BOOT_WATCHDOG_ON : BOOT_WATCHDOG_OFF;
	return true;
}

/* ---- The words. ---- */

enum option_kind { OPTION_BOOL, OPTION_SWITCH, OPTION_NUMBER, OPTION_SIZE, OPTION_TEXT, OPTION_CHOICE, OPTION_PARSED };

struct option {
	const char *name;
	enum option_kind kind;
	size_t field;
	uint64_t min, max;   /* of a number; max is the room of a text */
	const char *choices; /* of a choice */
	bool (*parse)(struct text value, struct boot_options *base, void *field);
	const char *help;
};

#define FIELD(f) offsetof(struct boot_options, f)
#define ROOM(f) sizeof(((struct boot_options *)0)->f)
#define BOOL(name, f, help) {name, OPTION_BOOL, FIELD(f), 0, 0, NULL, NULL, help}
#define SWITCH(name, f, help) {name, OPTION_SWITCH, FIELD(f), 0, 0, NULL, NULL, help}
#define NUMBER(name, f, min, max, help) {name, OPTION_NUMBER, FIELD(f), min, max, NULL, NULL, help}
#define SIZE(name, f, help) {name, OPTION_SIZE, FIELD(f), 0, 0, NULL, NULL, help}
#define TEXT(name, f, help) {name, OPTION_TEXT, FIELD(f), 0, ROOM(f), NULL, NULL, help}
#define CHOICE(name, f, choices, help) {name, OPTION_CHOICE, FIELD(f), 0, 0, choices, NULL, help}
#define PARSED(name, f, parse, help) {name, OPTION_PARSED, FIELD(f), 0, 0, NULL, parse, help}
#define MASK(name, f) NUMBER("cpuid_mask_" name, cpuid_mask.f, 0, UINT32_MAX, "CPUID bits that guests may see")

static const struct option options[] = {
	PARSED("console", console, console_parse, "where messages go: a list of com1, com2, vga, e9; or none"),
	PARSED("com1", com1, serial_parse, "BAUD[/BASE]|auto[,DPS[,IO-BASE[,IRQ]]], as 115200,8n1,0x3f8,4"),
	PARSED("com2", com2, serial_parse, "the same for the second serial port"),
	PARSED("dom0_mem", dom0_mem, dom0_mem_parse, "domain 0's memory: SIZE, min:SIZE, max:SIZE; -SIZE: all but that"),
	PARSED("dom0_max_vcpus", dom0_max_vcpus, vcpu_range_parse, "domain 0's virtual CPUs: N, or MIN-MAX"),
	BOOL("dom0_vcpus_pin", dom0_vcpus_pin, "each virtual CPU of domain 0 stays on one CPU"),
	NUMBER("maxcpus", maxcpus, 0, UINT32_MAX, "use at most so many CPUs"),
	BOOL("nosmp", nosmp, "use the boot CPU only"),
	PARSED("loglvl", loglvl, log_levels_parse, "the hypervisor's messages: LEVEL[/LEVEL at a limited rate]"),
	PARSED("guest_loglvl", guest_loglvl, log_levels_parse, "messages that guests cause, likewise"),
	BOOL("noreboot", noreboot, "after a crash stay, so that the screen can be read"),
	TEXT("sched", sched, "the scheduler"),
	CHOICE("tsc", tsc, "unstable|skewed|stable:socket",
	       "what is known of the time stamp counters: unstable, skewed (they differ) or stable:socket"),
	TEXT("cpuid", cpuid, "features to hide (no-NAME) or to show (NAME), as a list"),
	TEXT("cpuid_mask_cpu", cpuid_mask_cpu, "mask CPUID so as to look like this model"),
	MASK("ecx", ecx),
	MASK("edx", edx),
	MASK("ext_ecx", ext_ecx),
	MASK("ext_edx", ext_edx),
	MASK("thermal_ecx", thermal_ecx),
	MASK("l7s0_eax", l7s0_eax),
	MASK("l7s0_ebx", l7s0_ebx),
	MASK("xsave_eax", xsave_eax),
	BOOL("noapic", noapic, "do not use the IO-APICs"),
	SWITCH("x2apic", x2apic, "use the local APICs in x2APIC mode"),
	BOOL("no-real-mode", no_real_mode, "do not call the BIOS"),
	CHOICE("edd", edd, "on|off|skipmbr", "ask the BIOS about its disks"),
	SIZE("conring_size", conring_size, "room for the messages that can be read back"),
	PARSED("console_timestamps", console_timestamps, timestamps_parse, "none, date, datems, boot or raw"),
	CHOICE("clocksource", clocksource, "pit|hpet|acpi|tsc", "the platform's timer"),
	PARSED("watchdog", watchdog, watchdog_parse, "restart if a CPU hangs: a boolean, or force"),
	SWITCH("smep", smep, "the kernel may not execute user pages"),
	SWITCH("smap", smap, "the kernel may not touch user pages by mistake"),
	SWITCH("pcid", pcid, "a guest's kernel and its programs share the TLB without flushes"),
	SWITCH("xsave", xsave, "extended processor state"),
	PARSED("pv-l1tf", pv_l1tf, l1tf_parse,
	       "whose absent page-table entries may not name memory, on a CPU with L1TF: BOOL, dom0, domu"),
	SIZE("mem", mem, "leave RAM above this address alone"),
};

bool cmdline_describe(unsigned int i, const char **name, const char **help)
{
	if (i >= ARRAY_COUNT(options))
		return false;
	*name = options[i].name;
	*help = options[i].help;
	return true;
}

static const struct option *option_find(struct text name)
{
	for (unsigned int i = 0; i < ARRAY_COUNT(options); i++)
		if (text_equal(name, options[i].name))
			return &options[i];
	return NULL;
}

/* A word with a syntax of its own refuses a boolean itself, if it cannot be one. */
static bool option_can_be_bool(const struct option *o)
{
	return o->kind == OPTION_BOOL || o->kind == OPTION_SWITCH || o->kind == OPTION_PARSED;
}

/* False, with nothing changed, if the value makes no sense. */
static bool option_set(const struct option *o, struct text value, struct boot_options *out)
{
	char *field = (char *)out + o->field;
	bool on;

	switch (o->kind) {
	case OPTION_BOOL:
		return bool_parse(value, (bool *)field);
	case OPTION_SWITCH:
		if (!bool_parse(value, &on))
			return false;
		*(int8_t *)field = on ? BOOT_SWITCH_ON : BOOT_SWITCH_OFF;
		return true;
	case OPTION_NUMBER:
		return number_parse(value, o->min, o->max, (uint32_t *)field);
	case OPTION_SIZE:
		return size_parse(value, (uint64_t *)field);
	case OPTION_TEXT:
		return value.bytes && value.bytes < o->max && text_copy(field, o->max, value);
	case OPTION_CHOICE:
		return choice_parse(value, o->choices, (uint8_t *)field);
	case OPTION_PARSED:
		return o->parse(value, out, field);
	}
	return false;
}

#define TEXT_NONE ((struct text){"", 0})

static void report_word(const struct boot_report *report, const char *what, struct text word)
{
	struct text_line line = TEXT_LINE_INIT;

	text_line_add(&line, what);
	text_line_add_text(&line, word);
	boot_report_say(report, &line);
}

/* `first`: the word may be the image's name, which is no word of ours. */
static void word_parse(struct text word, bool first, const struct boot_report *report, struct boot_options *out)
{
	bool has_value = text_has(word, '=');
	struct text value = word, name = text_take(&value, '=');
	const struct option *o = option_find(name);
	bool negated = !o && text_starts(name, "no-");

	if (negated)
		o = option_find(text_skip(name, 3));
	if (!o) {
		if (!first || (has_value && !text_has(word, '/')))
			report_word(report, "command line: unknown word, ignored: ", word);
		return;
	}
	/* Without a value a boolean is on; `no-foo` is `foo=no`, for words that can be a boolean. */
	if (negated)
		value = has_value || !option_can_be_bool(o) ? TEXT_NONE : (struct text){"no", 2};
	else if (!has_value && o->kind != OPTION_PARSED && option_can_be_bool(o))
		value = (struct text){"yes", 3};
	if ((negated && !value.bytes) || !option_set(o, value, out))
		report_word(report, "command line: bad value, ignored: ", word);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct text blanks_skip(struct text t)
{
	while (t.bytes && is_blank(t.at[0]))
		t = text_skip(t, 1);
	return t;
}

static struct text word_take(struct text *rest)
{
	struct text word = {rest->at, 0};

	while (word.bytes < rest->bytes && !is_blank(rest->at[word.bytes]))
		word.bytes++;
	*rest = blanks_skip(text_skip(*rest, word.bytes));
	return word;
}

static void options_default(struct boot_options *out)
{
	memset(out, 0, sizeof(*out));
	memset(&out->cpuid_mask, 0xff, sizeof(out->cpuid_mask));
	out->pv_l1tf.domu = true;
	out->x2apic = out->smep = out->smap = out->pcid = out->xsave = BOOT_SWITCH_UNSET;
}

void cmdline_parse(struct text line, const struct boot_report *report, struct boot_options *out,
		   struct text *dom0_line)
{
	bool first = true;

	options_default(out);
	*dom0_line = TEXT_NONE;
	line = blanks_skip(text_of(line.at, line.bytes));
	while (line.bytes) {
		struct text word = word_take(&line);

		if (text_equal(word, "--")) {
			*dom0_line = line;
			return;
		}
		word_parse(word, first, report, out);
		first = false;
	}
}

bool boot_list_next(struct text *rest, struct text *name, bool *on)
{
	do {
		if (!rest->bytes)
			return false;
		*name = text_take(rest, ',');
	} while (!name->bytes);
	*on = !text_starts(*name, "no-");
	if (!*on)
		*name = text_skip(*name, 3);
	return true;
}
