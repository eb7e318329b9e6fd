/*
 * What the loader left: the boot protocol's information and the command line, copied out of its memory.
 */
#include "init.h"
#include "../arch/x86/paging.h"
#include "../arch/x86/panic.h"
#include <hyp/boot/multiboot.h>
#include <hyp/drivers/serial.h>
#include <hyp/log.h>
#include <hyp/string.h>
#include <hyp/version.h>

char hospes_command_line[1024];

static const void *low_memory_at(void *ctx, paddr_t start, uint64_t bytes)
{
	(void)ctx;
	return start + bytes <= BIT(32) ? paddr_map(start) : NULL;
}

const struct boot_memory loader_memory = {.at = low_memory_at};

/* Warnings about the command line wait until there is a console to print them on: they are logged again. */
static void keep_quiet(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
}

static void refuse(const char *why)
{
	/* No console was chosen yet: the first serial port is the best guess. */
	(void)serial_init(&SERIAL_COM1);
	refuse_to_start("the boot loader's information cannot be used: %s", why);
}

void startup_read_loader(void)
{
	const struct boot_report quiet = {.say = keep_quiet};
	const char *why = "unknown boot protocol; start Hospes by multiboot 1 or 2 (QEMU -kernel, GRUB multiboot2)";
	struct text dom0_line;

	if (multiboot_parse(startup.magic, &loader_memory, startup.info_at, &startup.info, &why) != OK)
		refuse(why);
	(void)text_copy(startup.command_line, sizeof(startup.command_line),
			boot_info_words(&startup.info, startup.info.command_line));
	cmdline_parse(text_of(startup.command_line, sizeof(startup.command_line)), &quiet, &startup.options, &dom0_line);
	boot_info_domain0_line(&startup.info, dom0_line, startup.dom0_command_line, sizeof(startup.dom0_command_line));
	(void)string_copy(hospes_command_line, startup.command_line, sizeof(hospes_command_line));
}
