/*
 * The consoles that the command line asks for, and how much is said on them.
 */
#include "init.h"
#include <hyp/console.h>
#include <hyp/drivers/debugcon.h>
#include <hyp/drivers/serial.h>
#include <hyp/drivers/vga.h>
#include <hyp/log.h>
#include <hyp/mm.h>
#include <hyp/string.h>
#include <hyp/version.h>

static struct serial_config serial_config_make(const struct boot_serial *given, struct serial_config config)
{
	if (!given->given)
		return config;
	config.baud = given->baud_auto ? 0 : given->baud ? given->baud : config.baud;
	config.clock_hz = given->base_baud * 16;
	config.data_bits = given->data_bits ? given->data_bits : config.data_bits;
	config.stop_bits = given->stop_bits ? given->stop_bits : config.stop_bits;
	config.parity = given->parity ? given->parity : config.parity;
	config.port = given->io_base ? (uint16_t)given->io_base : config.port;
	config.irq = given->has_irq ? (uint8_t)given->irq : config.irq;
	return config;
}

static enum status console_open(enum boot_console which)
{
	struct serial_config config;

	switch (which) {
	case BOOT_CONSOLE_COM1:
		config = serial_config_make(&startup.options.com1, SERIAL_COM1);
		return serial_init(&config);
	case BOOT_CONSOLE_COM2:
		config = serial_config_make(&startup.options.com2, SERIAL_COM2);
		return serial_init(&config);
	case BOOT_CONSOLE_VGA:
		return vga_init();
	case BOOT_CONSOLE_E9:
		return debugcon_init();
	default:
		return E_INVAL;
	}
}

static struct log_threshold threshold_make(const struct boot_log_levels *levels)
{
	return (struct log_threshold){.always = levels->always, .limited = levels->limited};
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	log_warning("%s", line);
}

/* Words of Xen's that are understood and change nothing here: better said than silently ignored. */
static void inert_words_tell(const struct boot_options *o)
{
	const struct {
		bool given;
		const char *words;
	} inert[] = {
		{o->noapic, "noapic: the IO-APICs are the only interrupt controllers here"},
		{o->no_real_mode, "no-real-mode: no real mode code is run but to start CPUs"},
		{o->clocksource, "clocksource=: the time-stamp counter is the clock"},
		{o->edd, "edd=: the BIOS's disk data is not collected"},
		{o->watchdog, "watchdog: there is no NMI watchdog"},
		{o->console_timestamps, "console_timestamps=: lines have no time"},
		{o->sched[0] && strcmp(o->sched, "credit2"), "sched=: the one scheduler answers as credit2"},
	};

	for (unsigned int i = 0; i < ARRAY_COUNT(inert); i++)
		if (inert[i].given)
			log_warning("%s", inert[i].words);
}

void startup_console_ring(void)
{
	uint64_t bytes = startup.options.conring_size;
	unsigned int order = 0;
	struct page *p;

	if (!bytes)
		return;
	while (PAGE_BYTES << order < bytes && order < 10)
		order++;
	p = frames_alloc(order, 0);
	if (!p || console_ring_set(arch_frame_map(page_to_mfn(p)), (uint32_t)(PAGE_BYTES << order)) != OK)
		log_warning("conring_size=: no memory for %llu KiB", (unsigned long long)(bytes >> 10));
}

void startup_consoles(void)
{
	const struct boot_options *o = &startup.options;
	const struct boot_report report = {.say = say};
	struct boot_options again;
	struct text ignored;

	/* Without a word about it: the first serial port, and the screen. */
	if (!o->console_given) {
		if (console_open(BOOT_CONSOLE_COM1) != OK && console_open(BOOT_CONSOLE_VGA) != OK)
			log_warning("neither a serial port nor a text screen: nobody reads this");
	}
	for (unsigned int i = 0; i < o->console_count; i++)
		if (console_open(o->console[i]) != OK)
			log_warning("console= number %u of the list does not answer", i + 1);
	if (o->loglvl.given)
		log_set_level(LOG_FROM_US, threshold_make(&o->loglvl));
	if (o->guest_loglvl.given)
		log_set_level(LOG_FROM_GUESTS, threshold_make(&o->guest_loglvl));
	log_info("Hospes %s, interface of Xen 4.17", hospes_changeset);
	log_info("command line: %s", startup.command_line);
	inert_words_tell(o);
	/* Said once more, now that it can be read. */
	cmdline_parse(text_of(startup.command_line, sizeof(startup.command_line)), &report, &again, &ignored);
}
